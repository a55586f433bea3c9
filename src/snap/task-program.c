/* SPDX-License-Identifier: Apache-2.0
 *
 * The steps that only the daemon's own package has.
 *
 *      unpack-programs   beside those that run; thrown away by the sweep when no row names them
 *      link-snap         the switch: from here on the state wants the new programs, and the daemon
 *                        restarts (daemon/restart.h)
 *      await-daemon      the barrier: Done only in the wanted pawld; where that one does not start,
 *                        the pawld that runs instead fails it, and the lane is undone
 */
#include <fcntl.h>

#include "base/file.h"
#include "base/text.h"
#include "snap/program.h"
#include "snap/setup.h"
#include "snap/task-parts-internal.h"

int unpack_programs_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        autojson setup = NULL;
        autofree char *file = NULL;

        if (setup_load_prepared(step, &setup, err) < 0)
                return -1;
        int found =
                database_find_text(step->database, &file, err,
                                   "SELECT file FROM revision WHERE instance = ? AND revision = ?",
                                   "ss", setup_get_instance(setup), setup_get_revision(setup));
        if (found < 0)
                return -1;
        if (found == 0)
                return error_set(err, ERROR_CORRUPT, "snap \"%s\" has no image",
                                 setup_get_instance(setup));
        autofree char *name =
                string_format("%s_%s", setup_get_instance(setup), setup_get_revision(setup));
        *ret_job = json_pack("{s:s, s:s}", "file", file, "name", name);
        return 0;
}

int unpack_programs_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                         Error *err) {
        const Places *places = ((const SnapContext *)context)->places;
        autofd int image = file_open_beneath(places->images, json_get_string(job, "file", ""),
                                             O_RDONLY | O_NOFOLLOW, 0, err);

        (void)worker;
        if (image < 0)
                return -1;
        *ret_result = json_object();
        return program_unpack(places, image, json_get_string(job, "name", ""), err);
}

static int judge_daemon(const TaskStep *step, Error *err) {
        const Program *program = ((const SnapContext *)step->context)->program;
        autojson setup = NULL;

        if (setup_load_prepared(step, &setup, err) < 0)
                return -1;
        autofree char *wanted =
                string_format("%s_%s", setup_get_instance(setup), setup_get_revision(setup));
        if (string_equal(program->name, wanted))
                return TASK_OUTCOME_DONE;
        if (program->is_refused)
                return error_set(err, ERROR_FAILED,
                                 "the daemon of snap \"%s\" (%s) did not start; the one before "
                                 "it runs again",
                                 setup_get_instance(setup), setup_get_revision(setup));
        *step->ret_wait_for = TASK_WAIT_DAEMON;
        return TASK_OUTCOME_WAIT;
}

int await_daemon_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        return judge_daemon(step, err);
}

int await_daemon_resume(const TaskStep *step, Error *err) {
        return judge_daemon(step, err);
}
