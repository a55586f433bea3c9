/* SPDX-License-Identifier: Apache-2.0
 *
 * copy-snap-data: the new revision's own copy of the system data, made beside it and renamed when
 * it is whole.  The old revision's data is only read, so undo is: throw the copy away.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "base/tree-copy.h"
#include "snap/sequence.h"
#include "snap/setup.h"

#define DATA_MODE 0755

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
        autojson job = json_pack("{s:s, s:s}", "instance", sequence.instance, "to",
                                 setup_get_revision(setup));
        json_put_string(job, "from", sequence.current);
        *ret_job = take(job);
        return 0;
}

static int make_directory(int parent, const char *name, Error *err) {
        autofd int made = directory_make_beneath(parent, name, DATA_MODE, err);

        return made < 0 ? -1 : 0;
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

int copy_data_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                   Error *err) {
        const Places *places = ((const SnapContext *)context)->places;
        const char *to = json_get_string(job, "to", "");
        autofree char *staged = string_format(".%s.new~", to);

        (void)worker;
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
        *ret_result = json_object();
        return 0;
}

int copy_data_undo_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        autojson setup = NULL;

        if (setup_load_prepared(step, &setup, err) < 0)
                return -1;
        *ret_job = json_pack("{s:s, s:s, s:b, s:b}", "instance", setup_get_instance(setup), "to",
                             setup_get_revision(setup), "old_dir",
                             json_get_bool(setup, "old_dir", true), "old_common",
                             json_get_bool(setup, "old_common", true));
        return 0;
}

int copy_data_undo_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                        Error *err) {
        const Places *places = ((const SnapContext *)context)->places;
        const char *instance = json_get_string(job, "instance", "");

        (void)worker;
        *ret_result = json_object();
        if (!json_get_bool(job, "old_dir", true)) {
                if (places_discard(places, places->var_snap, instance, err) < 0)
                        return -1;
                return 0;
        }
        autofd int data = file_open_beneath(places->var_snap, instance,
                                            O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
        if (data < 0)
                return err->number == ENOENT ? 0 : -1;
        if (places_discard(places, data, json_get_string(job, "to", ""), err) < 0)
                return -1;
        if (!json_get_bool(job, "old_common", true) &&
            places_discard(places, data, "common", err) < 0)
                return -1;
        return 0;
}
