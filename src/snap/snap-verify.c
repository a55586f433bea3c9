/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/snap-verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/text.h"
#include "snap/folder-open.h"
#include "snap/image.h"
#include "snap/plan-chain.h"
#include "snap/projection.h"
#include "snap/setup.h"
#include "snap/task-parts-internal.h"
#include "state/verify.h"

static void add_finding(json_t *findings, const char *kind, const char *name, const char *message) {
        json_array_append_new(findings, json_pack("{s:s, s:s, s:s}", "kind", kind, "name", name,
                                                  "message", message));
}

/* --- what the rows name --- */

static void check_image(const Places *places, const Query *row, json_t *findings) {
        const char *file = query_get_text(row, 2);
        struct stat st;

        /* A directory that is tried may be on a disk that takes its time: the task looks at it. */
        if (!file || folder_is_source(file))
                return;
        if (fstatat(places->images, file, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
                add_finding(findings, "image-missing", file, "the image is not there");
        else if (st.st_size != query_get_int(row, 3))
                add_finding(findings, "image-damaged", file, "the image has another size");
}

static int check_revisions(const Places *places, Database *database, json_t *findings, Error *err) {
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(database, &query, err,
                       "SELECT r.instance, r.revision, file, size, s.current IS NOT NULL FROM "
                       "revision r JOIN snap s USING (instance) ORDER BY 1, position",
                       "") < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0) {
                autofree char *data = string_format("%s/%s", query_get_text(&query, 0),
                                                    query_get_text(&query, 1));
                check_image(places, &query, findings);
                if (query_get_int(&query, 4) && !file_exists_beneath(places->var_snap, data))
                        add_finding(findings, "data-missing", data,
                                    "its data directory is not there");
        }
        return more;
}

/* --- what no row names --- */

typedef struct Search {
        const Places *places;
        Database *database;
        json_t *findings; /* NULL: what is found goes to trash/ */
} Search;

/* One entry of a directory; 0 or negative. */
typedef int (*CheckEntry)(const Search *search, int directory, const char *parent, const char *name,
                          Error *err);

static int walk(const Search *search, int directory, const char *parent, CheckEntry check,
                Error *err) {
        int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *entries = copy < 0 ? NULL : fdopendir(copy);
        int result = 0;

        if (!entries)
                return error_set_errno(err, errno, "cannot list a directory");
        for (struct dirent *entry; result >= 0 && (entry = readdir(entries));)
                if (entry->d_name[0] != '.')
                        result = check(search, directory, parent, entry->d_name, err);
        (void)closedir(entries);
        return result < 0 ? -1 : 0;
}

static int note_unknown(const Search *search, int directory, const char *kind, const char *shown,
                        Error *err) {
        const char *slash = strrchr(shown, '/');

        if (search->findings) {
                add_finding(search->findings, kind, shown, "nothing in the state names it");
                return 0;
        }
        autofree char *name = string_copy(slash ? slash + 1 : shown);
        return places_set_aside(search->places, directory, name, err);
}

static int check_image_entry(const Search *search, int directory, const char *parent,
                             const char *name, Error *err) {
        int64_t one;
        int found = database_find_int(search->database, &one, err,
                                      "SELECT 1 FROM revision WHERE file = ?1", "s", name);

        (void)parent;
        return found != 0 ? found : note_unknown(search, directory, "image-unknown", name, err);
}

static bool is_revision(const char *name) {
        const char *digits = name[0] == 'x' ? name + 1 : name;

        return *digits && digits[strspn(digits, "0123456789")] == '\0';
}

static int check_data_entry(const Search *search, int directory, const char *parent,
                            const char *name, Error *err) {
        int64_t one;

        if (!is_revision(name))
                return 0;
        int found = database_find_int(
                search->database, &one, err,
                "SELECT 1 FROM revision WHERE instance = ?1 AND revision = ?2", "ss", parent, name);
        if (found != 0)
                return found;
        autofree char *shown = string_format("%s/%s", parent, name);
        return note_unknown(search, directory, "data-unknown", shown, err);
}

static int check_instance_entry(const Search *search, int directory, const char *parent,
                                const char *name, Error *err) {
        Error ignored;
        autofd int data = file_open_beneath(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
                                            &ignored);

        (void)parent;
        return data < 0 ? 0 : walk(search, data, name, check_data_entry, err);
}

static int search_unknown(const Search *search, Error *err) {
        if (walk(search, search->places->images, "", check_image_entry, err) < 0)
                return -1;
        return walk(search, search->places->var_snap, "", check_instance_entry, err);
}

/* --- the whole --- */

/* 1 while a change is unfinished or has not cleaned up: what it makes or leaves has no row. */
static int is_busy(Database *database, Error *err) {
        int64_t one;

        return database_find_int(database, &one, err,
                                 "SELECT 1 FROM change WHERE is_clean = 0 AND kind <> 'verify'",
                                 "");
}

int snap_verify(const Places *places, Database *database, json_t **ret_findings, Error *err) {
        autojson findings = json_array();
        const Search search = { places, database, findings };
        Error contradiction = ERROR_INIT;
        int busy = is_busy(database, err);

        if (busy < 0)
                return -1;
        if (state_verify(database, &contradiction) < 0)
                add_finding(findings, "state", "pawl.db", contradiction.message);
        if (check_revisions(places, database, findings, err) < 0 ||
            projection_check(places, database, findings, err) < 0)
                return -1;
        if (!busy && search_unknown(&search, err) < 0)
                return -1;
        *ret_findings = take(findings);
        return 0;
}

int snap_repair(const PlanContext *context, Error *err) {
        const Search search = { context->places, context->database, NULL };
        int busy = is_busy(context->database, err);

        if (busy > 0)
                return error_set(err, ERROR_CONFLICT,
                                 "a change is in progress; repair when it has ended");
        if (busy < 0 || search_unknown(&search, err) < 0)
                return -1;
        return projection_apply(context->places, context->database, err) < 0 ? -1 : 0;
}

/* A name with a row; anything else is nobody's to look for. */
static int require_names(Database *database, const json_t *instances, Error *err) {
        const json_t *instance;
        size_t i;

        json_array_foreach(instances, i, instance) {
                const char *name = json_is_string(instance) ? json_string_value(instance) : "";
                int64_t one;
                int found = database_find_int(
                        database, &one, err,
                        "SELECT 1 FROM snap WHERE instance = ? AND current IS NOT NULL", "s", name);
                if (found == 0)
                        return error_set(err, ERROR_SNAP_NOT_INSTALLED,
                                         "snap \"%.60s\" is not installed", name);
                if (found < 0)
                        return -1;
        }
        return 0;
}

int plan_verify(const PlanContext *context, const json_t *instances, int64_t *ret_change,
                Error *err) {
        autotransaction transaction = TRANSACTION_INIT;
        autojson api_data = json_pack("{s:[]}", "findings");
        ChangeDraft draft = { "verify", "Compare installed snaps with the state", api_data };
        TaskDraft task = { .kind = "verify-snaps", .summary = "Compare links, data and images" };
        int64_t id = 0;

        if (require_names(context->database, instances, err) < 0)
                return -1;
        json_t *data = instances ? json_pack("{s:O}", "instances", instances) : NULL;
        if (transaction_begin(context->database, &transaction, err) < 0 ||
            change_add(context->database, &draft, NULL, 0, &task.change, err) < 0 ||
            change_add_task(context->database, &task, data, &id, err) < 0 ||
            transaction_commit(&transaction, err) < 0)
                return -1;
        *ret_change = task.change;
        return 0;
}

/* --- the task --- */

static bool list_has(const json_t *list, const char *name, size_t length) {
        const json_t *word;
        size_t i;

        json_array_foreach(list, i, word) {
                const char *text = json_string_value(word);
                if (strncmp(text, name, length) == 0 && !text[length])
                        return true;
        }
        return false;
}

/* By the shape of its name: an image "x_3.snap", data "x/3", links "snap/x/current" and
 * "snap/bin/x.app"; what is wrong with the state itself is everybody's. */
static bool is_of(const json_t *finding, const json_t *instances) {
        static const char *const tops[] = { "var/snap/", "snap/bin/", "snap/" };
        const char *kind = json_get_string(finding, "kind", "");
        const char *name = json_get_string(finding, "name", "");
        const char *key = strrchr(name, '_');

        if (string_equal(kind, "state"))
                return true;
        if (string_has_prefix(kind, "image-"))
                return key && list_has(instances, name, (size_t)(key - name));
        for (size_t i = 0; i < ARRAY_COUNT(tops); i++)
                if (string_has_prefix(name, tops[i])) {
                        name += strlen(tops[i]);
                        break;
                }
        return list_has(instances, name, strcspn(name, "./"));
}

static void keep_only_of(json_t *findings, const json_t *instances) {
        for (size_t i = json_array_size(findings); instances && i > 0; i--)
                if (!is_of(json_array_get(findings, i - 1), instances))
                        (void)json_array_remove(findings, i - 1);
}

int verify_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        const Places *places = ((const SnapContext *)step->context)->places;
        const json_t *instances = json_object_get(step->task->data, "instances");
        autofree char *wanted = instances ? json_format(instances) : NULL;
        autofree char *images = NULL;
        json_t *findings = NULL, *list = NULL;

        if (snap_verify(places, step->database, &findings, err) < 0)
                return -1;
        keep_only_of(findings, instances);
        autojson job = json_object();
        json_put(job, "findings", findings);
        if (database_find_text(step->database, &images, err,
                               "SELECT json_group_array(json_object('file', file, 'digest', "
                               "sha3_384)) FROM revision WHERE file IS NOT NULL AND (?1 IS NULL OR "
                               "instance IN (SELECT value FROM json_each(?1)))",
                               "s", wanted) < 0 ||
            json_parse(images ? images : "[]", images ? strlen(images) : 2, &list, err) < 0)
                return -1;
        json_put(job, "images", list);
        *ret_job = take(job);
        return 0;
}

/* What is tried may change, but not in what was decided on: its manifest. */
static void check_folder(const char *source, const char *digest, json_t *findings) {
        const char *path = folder_get_path(source);
        autojson first = NULL;
        autojson report = NULL;
        Error err = ERROR_INIT;
        autofd int folder = folder_open_within(source, &err);

        if (folder < 0)
                add_finding(findings,
                            err.kind == ERROR_LOST ? "directory-unusable" : "directory-missing",
                            path, err.message);
        /* The walk has ten minutes: first, whether it is answered for at all. */
        else if (image_read(folder, IMAGE_MODE_MANIFEST, &first, &err) < 0 ||
                 image_read(folder, IMAGE_MODE_IMAGE, &report, &err) < 0)
                add_finding(findings, "directory-unusable", path, err.message);
        else if (!string_equal(json_get_string(report, "sha3-384", ""), digest))
                add_finding(findings, "directory-changed", path,
                            "its meta/snap.yaml is not what it was: 'pawl try' it again");
}

static void check_digest(const Places *places, const json_t *image, json_t *findings) {
        const char *file = json_get_string(image, "file", "");
        char digest[DIGEST_SHA3_384_HEX_SIZE];
        uint64_t size = 0;
        Error err = ERROR_INIT;

        if (folder_is_source(file)) {
                check_folder(file, json_get_string(image, "digest", ""), findings);
                return;
        }
        autofd int fd = file_open_beneath(places->images, file, O_RDONLY | O_NOFOLLOW, 0, &err);

        if (fd < 0) /* said already */
                return;
        if (digest_sha3_384_fd(fd, digest, &size, &err) < 0)
                add_finding(findings, "image-damaged", file, err.message);
        else if (!string_equal(digest, json_get_string(image, "digest", "")))
                add_finding(findings, "image-damaged", file,
                            "its content is not what was installed");
}

int verify_work(Worker *worker, void *context, const json_t *job, json_t **ret_result, Error *err) {
        const Places *places = ((const SnapContext *)context)->places;
        const json_t *images = json_object_get(job, "images");
        json_t *image, *findings = json_incref(json_object_get(job, "findings"));
        size_t i;

        json_array_foreach(images, i, image) {
                worker_report_progress(worker, json_get_string(image, "file", ""), (int64_t)i,
                                       (int64_t)json_array_size(images));
                check_digest(places, image, findings);
        }
        autojson result = json_object();
        json_put(result, "findings", findings);
        json_put(result, "images", json_integer((json_int_t)json_array_size(images)));
        if (places_empty_trash(places, err) < 0)
                return -1;
        *ret_result = take(result);
        return 0;
}

int verify_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        autofree char *text = json_format(result);

        (void)job;
        return database_run(step->database, err, "UPDATE change SET api_data = ?2 WHERE id = ?1",
                            "is", step->task->change, text) < 0
                       ? -1
                       : TASK_OUTCOME_DONE;
}
