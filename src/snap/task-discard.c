/* SPDX-License-Identifier: Apache-2.0
 *
 * discard-snap: a revision ends.  Its rows go in the commit and are kept in the task until the
 * whole change is ready, so that undo can put them back; only then, in `clean`, its image and its
 * data leave by way of trash/.
 */
#include <errno.h>
#include <fcntl.h>

#include "base/file.h"
#include "base/text.h"
#include "snap/projection.h"
#include "snap/revision-add.h"
#include "snap/running.h"
#include "snap/sequence.h"
#include "snap/setup.h"
#include "snap/task-parts-internal.h"
#include "snap/user-data.h"

int discard_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        json_t *data = step->task->data;
        const char *instance = setup_get_instance(data), *revision = setup_get_revision(data);
        autosequence sequence = SEQUENCE_INIT;
        json_t *saved = NULL;

        (void)job;
        (void)result;
        int found = sequence_find(step->database, instance, &sequence, err);
        if (found < 0)
                return -1;
        const Revision *row = found > 0 ? sequence_find_revision(&sequence, revision) : NULL;
        if (!row)
                return TASK_OUTCOME_DONE;
        bool is_current = sequence.current && string_equal(sequence.current, revision);
        if (is_current && (sequence.is_active || sequence.count > 1))
                return error_set(err, ERROR_CORRUPT,
                                 "cannot discard revision %s of snap \"%s\": it is in use",
                                 revision, instance);
        if (revision_save(step->database, instance, revision, &saved, err) < 0)
                return -1;
        json_put(data, "saved", saved);
        json_put_string(data, "file", row->file);
        if (revision_remove(step->database, instance, revision, err) < 0)
                return -1;
        return projection_mark_stale(step->database, instance, err);
}

int discard_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        json_t *data = step->task->data;
        const json_t *saved = json_object_get(data, "saved");

        (void)job;
        (void)result;
        if (!saved)
                return TASK_OUTCOME_DONE;
        if (revision_restore(step->database, saved, err) < 0)
                return -1;
        (void)json_object_del(data, "saved");
        return projection_mark_stale(step->database, setup_get_instance(data), err);
}

static int has_row(Database *database, const char *instance, const char *revision, Error *err) {
        int64_t found;

        return database_find_int(
                database, &found, err,
                "SELECT 1 FROM revision WHERE instance = ?1 AND (?2 = '' OR revision = ?2)", "ss",
                instance, revision);
}

/* An empty job where the revision is (again) somebody's. */
int discard_clean_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        const json_t *data = step->task->data;
        const char *instance = setup_get_instance(data), *revision = setup_get_revision(data);
        autojson job = json_object();
        int is_kept = json_object_get(data, "saved")
                              ? has_row(step->database, instance, revision, err)
                              : 1;
        int is_installed = has_row(step->database, instance, "", err);

        if (is_kept < 0 || is_installed < 0)
                return -1;
        if (!is_kept) {
                json_put_string(job, "instance", instance);
                json_put_string(job, "revision", revision);
                json_put_string(job, "file", json_get_string(data, "file", NULL));
                json_put(job, "is_last", json_boolean(!is_installed));
        }
        *ret_job = take(job);
        return 0;
}

static int discard_data(const Places *places, const json_t *job, const RevisionName *revision,
                        Error *err) {
        if (!revision->revision)
                return places_discard_revision(places, places->var_snap, revision->instance,
                                               revision, err);
        autofd int data = file_open_beneath(places->var_snap, revision->instance,
                                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
        if (data < 0)
                return err->number == ENOENT ? 0 : -1;
        return places_discard_revision(places, data, json_get_string(job, "revision", ""), revision,
                                       err);
}

/* What is in a home cannot wait in trash/; it stays while somebody uses it. */
static int discard_users(Worker *worker, const Places *places, const RevisionName *revision,
                         Error *err) {
        const UserDataOrder order = { .places = places,
                                      .instance = revision->instance,
                                      .revision = revision->revision };

        if (!running_has_ended(places, revision->instance, revision->revision)) {
                worker_log(worker, "its programs still run: their data in homes stays");
                return 0;
        }
        return user_data_discard(worker, &order, err);
}

/* All three, whatever becomes of one; the first failure is the one that is told. */
static int discard_all(Worker *worker, const Places *places, const json_t *job,
                       const RevisionName *revision, Error *err) {
        const char *file = json_get_string(job, "file", NULL);
        Error others = ERROR_INIT;
        int result = discard_users(worker, places, revision, err);

        if (places_discard_image(places, file, revision, result < 0 ? &others : err) < 0)
                result = -1;
        if (discard_data(places, job, revision, result < 0 ? &others : err) < 0)
                result = -1;
        return result;
}

int discard_clean_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                       Error *err) {
        const Places *places = ((const SnapContext *)context)->places;
        /* With the last revision everything of the instance goes. */
        const RevisionName revision = { json_get_string(job, "instance", NULL),
                                        json_get_bool(job, "is_last", false)
                                                ? NULL
                                                : json_get_string(job, "revision", "") };

        *ret_result = json_object();
        if (!revision.instance)
                return 0;
        if (discard_all(worker, places, job, &revision, err) < 0)
                return -1;
        return places_empty_trash(places, err);
}
