/* SPDX-License-Identifier: Apache-2.0
 *
 * copy-snap-data: the new revision's own copy of the system data and of every user's, made beside
 * it and renamed when it is whole.  The old revision's data is only read, so undo is: throw the
 * copy away.  While it is copied nobody writes to it: launches wait since unlink-current-snap, and
 * what was started before has ended, or the change says why not.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "base/tree-copy.h"
#include "snap/running.h"
#include "snap/sequence.h"
#include "snap/setup.h"
#include "snap/task-parts-internal.h"
#include "snap/user-data.h"

#define DATA_MODE 0755

/* For programs that were started between the request and the pause. */
#define END_WAIT_NS 20000000000LL
#define END_POLL_NS 50000000L

/* What was there before this set is not ours to take away. */
static void put_old(json_t *job, const json_t *setup) {
        json_put(job, "old_dir", json_boolean(json_get_bool(setup, "old_dir", true)));
        json_put(job, "old_common", json_boolean(json_get_bool(setup, "old_common", true)));
}

int copy_data_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        autojson setup = NULL;
        autosequence sequence = SEQUENCE_INIT;

        if (setup_load_prepared(step, &setup, err) < 0)
                return -1;
        int found = sequence_find(step->database, setup_get_instance(setup), &sequence, err);
        if (found < 0)
                return -1;
        if (found == 0 || !json_get_bool(setup, "is_ours", false))
                return error_set(err, ERROR_CORRUPT, "snap \"%s\" was not prepared",
                                 setup_get_instance(setup));
        autojson job = json_pack("{s:s, s:s, s:b}", "instance", sequence.instance, "to",
                                 setup_get_revision(setup), "is_running_ignored",
                                 json_get_bool(setup, "is_running_ignored", false) ||
                                         !running_counts(sequence.type));
        json_put_string(job, "from", sequence.current);
        put_old(job, setup);
        *ret_job = take(job);
        return 0;
}

/* Made durable by whoever publishes: one sync of the parent for all that was made in it. */
static int make_directory(int parent, const char *name, Error *err) {
        bool is_new = mkdirat(parent, name, DATA_MODE) == 0;

        if (!is_new && errno != EEXIST)
                return error_set_errno(err, errno, "cannot make directory %s", name);
        autofd int made =
                file_open_beneath(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
        if (made < 0)
                return -1;
        if (is_new && fchmod(made, DATA_MODE) < 0)
                return error_set_errno(err, errno, "cannot set the mode of %s", name);
        return 0;
}

/* An empty directory or a copy of `from`, under a temporary name. */
static int stage(int data, const char *from, const char *staged, Error *err) {
        if (tree_remove(data, staged, err) < 0)
                return -1;
        if (!from || !file_exists_beneath(data, from))
                return make_directory(data, staged, err);
        return tree_copy(data, from, data, staged, err);
}

/* A `to` that is there already is a whole copy of an earlier attempt, but maybe an old one: the
 * exchange leaves no moment without it. */
static int publish(int data, const char *staged, const char *to, Error *err) {
        bool is_there = file_exists_beneath(data, to);

        if (renameat2(data, staged, data, to, is_there ? RENAME_EXCHANGE : RENAME_NOREPLACE) < 0)
                return error_set_errno(err, errno, "cannot put the data of revision %s into place",
                                       to);
        if (fd_sync(data, to, err) < 0)
                return -1;
        return is_there ? tree_remove(data, staged, err) : 0;
}

static int wait_for_end(Worker *worker, const Places *places, const json_t *job, Error *err) {
        const char *instance = json_get_string(job, "instance", "");
        const char *from = json_get_string(job, "from", NULL);
        int64_t limit = clock_get_boot() + END_WAIT_NS;

        if (!from || json_get_bool(job, "is_running_ignored", false))
                return 0;
        while (places_has_lease(places, instance, from)) {
                if (clock_get_boot() >= limit)
                        return running_explain(places, instance, from, err);
                worker_report_progress(worker, "wait until its programs have ended", 0, 1);
                (void)nanosleep(&(struct timespec){ .tv_nsec = END_POLL_NS }, NULL);
        }
        return 0;
}

static int copy_users(Worker *worker, const Places *places, const json_t *job, Error *err) {
        const UserDataOrder order = { .places = places,
                                      .instance = json_get_string(job, "instance", ""),
                                      .revision = json_get_string(job, "to", ""),
                                      .from = json_get_string(job, "from", NULL) };

        return order.from ? user_data_copy(worker, &order, err) : 0;
}

static int copy_system(const Places *places, const json_t *job, Error *err) {
        const char *to = json_get_string(job, "to", "");
        autofree char *staged = string_format(".%s.new~", to);

        autofd int data = directory_make_beneath(
                places->var_snap, json_get_string(job, "instance", ""), DATA_MODE, err);
        if (data < 0 || make_directory(data, "common", err) < 0)
                return -1;
        if (stage(data, json_get_string(job, "from", NULL), staged, err) < 0 ||
            publish(data, staged, to, err) < 0) {
                Error ignored;
                (void)tree_remove(data, staged, &ignored);
                return error_prefix(err, "cannot copy the data of snap \"%s\"",
                                    json_get_string(job, "instance", ""));
        }
        return 0;
}

static int discard_users(Worker *worker, const Places *places, const json_t *job, Error *err) {
        const UserDataOrder order = { .places = places,
                                      .instance = json_get_string(job, "instance", ""),
                                      .revision = json_get_string(job, "to", ""),
                                      .back = json_get_string(job, "from", NULL),
                                      .is_first = !json_get_bool(job, "old_dir", true) };

        /* Started between the switch and its undo; the next copy of that name replaces it. */
        if (!running_has_ended(places, order.instance, order.revision)) {
                worker_log(worker,
                           "a program of the new revision still runs: its data in homes stays");
                return 0;
        }
        return user_data_discard(worker, &order, err);
}

static int take_back(Worker *worker, const Places *places, const json_t *job, Error *err) {
        const char *instance = json_get_string(job, "instance", "");
        const RevisionName revision = { instance, json_get_string(job, "to", "") };

        if (discard_users(worker, places, job, err) < 0)
                return -1;
        if (!json_get_bool(job, "old_dir", true))
                return places_discard_revision(places, places->var_snap, instance, &revision, err);
        autofd int data = file_open_beneath(places->var_snap, instance,
                                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
        if (data < 0)
                return err->number == ENOENT ? 0 : -1;
        if (places_discard_revision(places, data, revision.revision, &revision, err) < 0)
                return -1;
        if (!json_get_bool(job, "old_common", true) &&
            places_discard(places, data, "common", err) < 0)
                return -1;
        return 0;
}

int copy_data_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                   Error *err) {
        const Places *places = ((const SnapContext *)context)->places;

        *ret_result = json_object();
        if (wait_for_end(worker, places, job, err) < 0)
                return -1;
        if (copy_system(places, job, err) == 0 && copy_users(worker, places, job, err) == 0)
                return 0;
        Error ignored;
        (void)take_back(worker, places, job, &ignored);
        return -1;
}

int copy_data_undo_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        autojson setup = NULL;
        autofree char *current = NULL;

        if (setup_load_prepared(step, &setup, err) < 0 ||
            setup_check_taken_back(step, setup, err) < 0 ||
            database_find_text(step->database, &current, err,
                               "SELECT current FROM snap WHERE instance = ?", "s",
                               setup_get_instance(setup)) < 0)
                return -1;
        *ret_job = json_pack("{s:s, s:s}", "instance", setup_get_instance(setup), "to",
                             setup_get_revision(setup));
        json_put_string(*ret_job, "from", current);
        put_old(*ret_job, setup);
        return 0;
}

int copy_data_undo_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                        Error *err) {
        *ret_result = json_object();
        return take_back(worker, ((const SnapContext *)context)->places, job, err);
}
