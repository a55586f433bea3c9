/* SPDX-License-Identifier: Apache-2.0
 *
 * await-apps: a refresh that was told to wait for the programs of the package.  What was downloaded
 * and verified stays ready; when the last of them has ended the RunningWatch says so, and the
 * refresh goes on.  Nothing is paused meanwhile: who starts another program puts it off again.
 */
#include "base/text.h"
#include "snap/running-watch.h"
#include "snap/running.h"
#include "snap/sequence.h"
#include "snap/setup.h"
#include "snap/task-parts-internal.h"

/* Said once, and again when they are others. */
static int tell(const TaskStep *step, const char *who, Error *err) {
        autofree char *line = string_format("waits until programs have ended, of snap %s", who);

        if (string_equal(json_get_string(step->task->data, "told", ""), line))
                return 0;
        json_put(step->task->data, "told", json_string(line));
        return task_add_log(step->database, step->task->id, false, line, err);
}

/* Adds the instance to `held` where its current revision runs. */
static int add_if_held(const TaskStep *step, const char *instance, json_t *held, Text *pids,
                       Error *err) {
        const Places *places = ((const SnapContext *)step->context)->places;
        autosequence sequence = SEQUENCE_INIT;
        int found = sequence_find(step->database, instance, &sequence, err);

        if (found <= 0 || !sequence.current ||
            !places_has_lease(places, instance, sequence.current))
                return found < 0 ? -1 : 0;
        autofree char *some = running_format(places, instance, sequence.current);
        text_append_format(pids, "%s\"%s\"%s", pids->length ? " and " : "", instance, some);
        json_array_append_new(held, json_string(instance));
        return 0;
}

int await_ended(const TaskStep *step, const char *const *instances, size_t count, Error *err) {
        autojson held = json_array();
        autotext pids = TEXT_INIT;

        for (size_t i = 0; i < count; i++)
                if (add_if_held(step, instances[i], held, &pids, err) < 0)
                        return -1;
        if (json_array_size(held) == 0)
                return TASK_OUTCOME_DONE;
        /* What the RunningWatch goes by. */
        json_put(step->task->data, "awaited", take(held));
        *step->ret_wait_for = RUNNING_EVENT;
        return tell(step, pids.bytes, err) < 0 ? -1 : TASK_OUTCOME_WAIT;
}

int await_resume(const TaskStep *step, Error *err) {
        const char *const instances[] = { setup_get_instance(step->task->data) };

        return await_ended(step, instances, 1, err);
}

int await_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        return await_resume(step, err);
}
