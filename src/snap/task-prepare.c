/* SPDX-License-Identifier: Apache-2.0
 *
 * prerequisites and prepare-snap: from a file in incoming/ to a revision that exists but that
 * nobody runs yet.
 *
 *      incoming/upload-…  ──link──►  images/x_x2.snap   worker; both names until `clean`
 *                                    rows of revision x2  commit, together with Done
 *
 * A directory that is tried stays where it is: the rows say where, and what it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/text.h"
#include "snap/folder-open.h"
#include "snap/image.h"
#include "snap/manifest.h"
#include "snap/revision-add.h"
#include "snap/sequence.h"

#define CLEANING_RETRY_MS 50
#include "snap/setup.h"
#include "snap/task-parts-internal.h"

/* Names of files and rows are used again after a removal (the first revision of a snap is always
 * x1), so a set starts only when what earlier, finished changes of that snap throw away is gone. */
int prerequisites_commit(const TaskStep *step, const json_t *job, const json_t *result,
                         Error *err) {
        const char *instance = setup_get_instance(step->task->data);
        const char *base = json_get_string(step->task->data, "base", NULL);
        int64_t busy;

        (void)job;
        (void)result;
        int found = database_find_int(
                step->database, &busy, err,
                "SELECT 1 FROM change c JOIN change_snap s ON s.change = c.id WHERE s.instance = ?1 AND "
                "c.ready_at IS NOT NULL AND EXISTS (SELECT 1 FROM task t WHERE t.change = c.id AND "
                "t.is_clean = 0 AND t.kind IN ('prepare-snap', 'discard-snap'))",
                "s", instance);
        if (found != 0) {
                *step->ret_retry_ms = CLEANING_RETRY_MS;
                return found < 0 ? -1 : TASK_OUTCOME_RETRY;
        }
        if (!base)
                return TASK_OUTCOME_DONE;
        found = base_is_installed(step->database, base, err);
        if (found == 0)
                return error_set(err, ERROR_FAILED, "cannot find required base \"%s\"", base);
        return found < 0 ? -1 : TASK_OUTCOME_DONE;
}

int prepare_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        const json_t *data = step->task->data;
        const char *instance = setup_get_instance(data);
        autofree char *revision = NULL;

        if (json_get_string(data, "revision", NULL)) {
                *ret_job = json_pack("{s:b}", "is_present", 1);
                json_put_string(*ret_job, "file", json_get_string(data, "file", NULL));
                return 0;
        }
        if (sequence_format_next(step->database, ((const SnapContext *)step->context)->places,
                                 instance, &revision, err) < 0)
                return -1;
        const char *source = json_get_string(data, "source", NULL);
        autofree char *file =
                source ? string_copy(source) : string_format("%s_%s.snap", instance, revision);
        *ret_job = json_pack("{s:s, s:s, s:s, s:s}", "instance", instance, "incoming",
                             json_get_string(data, "incoming", ""), "revision", revision, "file",
                             file);
        return 0;
}

static bool is_same_file(int image, int directory, const char *name) {
        struct stat a, b;

        return fstat(image, &a) == 0 && fstatat(directory, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
               a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* A second name, not a new one: the first goes only when Done is durable.  What else lies under the
 * target's name is left from an attempt that no row speaks of. */
static int place_image(const Places *places, int image, const char *incoming, const char *file,
                       Error *err) {
        /* Its content is durable since it was kept (image_keep_upload), and sealed by that. */
        if (!is_same_file(image, places->images, file)) {
                if (unlinkat(places->images, file, 0) < 0 && errno != ENOENT)
                        return error_set_errno(err, errno, "cannot replace %s", file);
                if (linkat(places->incoming, incoming, places->images, file, 0) < 0)
                        return error_set_errno(err, errno, "cannot put %s into place", file);
        }
        if (fd_sync(places->images, "images", err) < 0) {
                (void)unlinkat(places->images, file, 0);
                return -1;
        }
        return 0;
}

/* The whole is read before anything of it gets a place. */
static int take_image(Worker *worker, const Places *places, const json_t *job, json_t **ret_report,
                      Error *err) {
        const char *incoming = json_get_string(job, "incoming", "");
        const char *file = json_get_string(job, "file", "");
        bool is_tried = folder_is_source(file);

        autofd int image = is_tried ? folder_open_within(file, err)
                                    : file_open_beneath(places->incoming, incoming,
                                                        O_RDONLY | O_NOFOLLOW, 0, err);
        if (image < 0)
                return is_tried ? -1
                                : error_prefix(err, "the file of snap \"%s\" is gone",
                                               json_get_string(job, "instance", ""));
        int outcome = image_read(image, IMAGE_MODE_IMAGE, ret_report, err);
        if (outcome < 0 || is_tried)
                return outcome;
        worker_report_progress(worker, "place", 1, 2);
        return place_image(places, image, incoming, file, err);
}

/* Going back to what is tried from a directory that is gone would leave nothing that starts. */
static int check_present(const json_t *job, Error *err) {
        const char *file = json_get_string(job, "file", NULL);
        autofd int folder = folder_is_source(file) ? folder_open_within(file, err) : -1;

        return folder < 0 && folder_is_source(file) ? -1 : 0;
}

int prepare_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                 Error *err) {
        const Places *places = ((const SnapContext *)context)->places;
        const char *instance = json_get_string(job, "instance", "");
        autojson report = NULL;

        if (json_get_bool(job, "is_present", false)) {
                *ret_result = json_object();
                return check_present(job, err);
        }
        worker_report_progress(worker, "check", 0, 2);
        if (take_image(worker, places, job, &report, err) < 0)
                return -1;
        /* What was there before us is not ours to remove in undo. */
        autofree char *common = string_format("%s/common", instance);
        json_put(report, "old_dir", json_boolean(file_exists_beneath(places->var_snap, instance)));
        json_put(report, "old_common", json_boolean(file_exists_beneath(places->var_snap, common)));
        *ret_result = take(report);
        return 0;
}

/* Its base may have gone meanwhile, or the data have come to be of another epoch. */
static int check_surroundings(const TaskStep *step, const json_t *manifest, Error *err) {
        const char *instance = setup_get_instance(step->task->data);
        const char *base = manifest_get_required_base(manifest);
        autosequence sequence = SEQUENCE_INIT;
        autojson current = NULL;

        if (base && string_equal(base, json_get_string(step->task->data, "base_beside", "")))
                base = NULL; /* of the same transaction: there when all are */
        int found = base ? base_is_installed(step->database, base, err) : 1;
        if (found == 0)
                return error_set(err, ERROR_FAILED, "cannot find required base \"%.60s\"", base);
        if (found < 0 || sequence_find(step->database, instance, &sequence, err) < 0)
                return -1;
        if (!sequence.current)
                return 0;
        found = revision_find_manifest(step->database, instance, sequence.current, &current, err);
        return found > 0 ? manifest_check_epoch(manifest, current, "(unset)", err) : found;
}

/* The daemon decided on what pawl-read said of the manifest; the whole image must say the same, and
 * in a directory that is tried it may have changed. */
static int check_again(const TaskStep *step, const json_t *report, Error *err) {
        const json_t *manifest = json_object_get(report, "manifest");
        const json_t *flags = json_object_get(step->task->data, "flags");
        InstallFlags install = {
                .is_devmode = json_get_bool(flags, "devmode", false),
                .is_jailmode = json_get_bool(flags, "jailmode", false),
                .is_classic = json_get_bool(flags, "classic", false),
        };

        if (manifest_check(manifest, &install, err) < 0 ||
            check_surroundings(step, manifest, err) < 0)
                return -1;
        if (json_get_string(step->task->data, "source", NULL) &&
            manifest_check_try(manifest, err) < 0)
                return -1;
        return manifest_check_instance(manifest, setup_get_instance(step->task->data), err);
}

int prepare_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        json_t *data = step->task->data;
        const char *file = json_get_string(job, "file", "");

        if (json_get_bool(job, "is_present", false))
                return TASK_OUTCOME_DONE;
        if (check_again(step, result, err) < 0)
                return -1;
        RevisionDraft draft = {
                .instance = setup_get_instance(data),
                .revision = json_get_string(job, "revision", ""),
                .file = file,
                .report = result,
        };
        if (revision_add(step->database, &draft, err) < 0)
                return -1;
        json_put(data, "revision", json_string(draft.revision));
        json_put(data, "file", json_string(file));
        json_put(data, "is_ours", json_true());
        json_put(data, "old_dir", json_incref(json_object_get(result, "old_dir")));
        json_put(data, "old_common", json_incref(json_object_get(result, "old_common")));
        return TASK_OUTCOME_DONE;
}

static int add_unless_named(Database *database, const char *file, json_t *job, Error *err) {
        int64_t is_named;
        int found = database_find_int(database, &is_named, err,
                                      "SELECT 1 FROM revision WHERE file = ?1", "s", file);

        if (found == 0)
                json_put_string(job, "file", file);
        return found < 0 ? -1 : 0;
}

/* A run that was never committed may have placed the image all the same; no row stands for it, and
 * its name is what the next run would take. */
int prepare_undo_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        const json_t *data = step->task->data;
        const char *instance = setup_get_instance(data);
        autofree char *revision = NULL;
        autojson job = json_object();

        if (!json_get_string(data, "revision", NULL)) {
                if (sequence_format_next(step->database,
                                         ((const SnapContext *)step->context)->places, instance,
                                         &revision, err) < 0)
                        return -1;
                autofree char *file = string_format("%s_%s.snap", instance, revision);
                if (add_unless_named(step->database, file, job, err) < 0)
                        return -1;
        }
        *ret_job = take(job);
        return 0;
}

static int discard_files(const Places *places, const json_t *job, Error *err) {
        const char *file = json_get_string(job, "file", NULL);
        const char *incoming = json_get_string(job, "incoming", NULL);

        if (places_discard_image(places, file, NULL, err) < 0)
                return -1;
        /* One file, gone at once; a name that a power cut brings back, the sweep at start removes.
         */
        return incoming ? tree_remove(places->incoming, incoming, err) : 0;
}

int prepare_undo_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                      Error *err) {
        (void)worker;
        *ret_result = json_object();
        return discard_files(((const SnapContext *)context)->places, job, err);
}

int prepare_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        const json_t *data = step->task->data;

        (void)job;
        (void)result;
        if (!json_get_bool(data, "is_ours", false))
                return TASK_OUTCOME_DONE;
        if (setup_check_taken_back(step, data, err) < 0)
                return -1;
        return revision_remove(step->database, setup_get_instance(data), setup_get_revision(data),
                               err);
}

/* The upload is not wanted any more, however the change ended; the image only if a row names it. */
int prepare_clean_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        const json_t *data = step->task->data;
        autojson job = json_object();

        json_put_string(job, "incoming", json_get_string(data, "incoming", ""));
        if (json_get_bool(data, "is_ours", false) &&
            add_unless_named(step->database, json_get_string(data, "file", ""), job, err) < 0)
                return -1;
        *ret_job = take(job);
        return 0;
}

int prepare_clean_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                       Error *err) {
        return prepare_undo_work(worker, context, job, ret_result, err);
}
