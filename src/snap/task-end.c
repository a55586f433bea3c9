/* SPDX-License-Identifier: Apache-2.0
 *
 * kill-snap-apps: a package that is removed takes its running programs with it.  After unlink-snap:
 * from there on nobody starts another.  There is no undo: who was ended starts it again.
 */
#include "base/text.h"
#include "snap/running-end.h"
#include "snap/running.h"
#include "snap/setup.h"
#include "snap/task-parts-internal.h"

/* All revisions: what runs may be older than the current one. */
static int list_held(const TaskStep *step, json_t **ret, Error *err) {
        const Places *places = ((const SnapContext *)step->context)->places;
        const char *instance = setup_get_instance(step->task->data);
        autojson held = json_array();
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(step->database, &query, err,
                       "SELECT revision FROM revision WHERE instance = ?", "s", instance) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                if (places_has_lease(places, instance, query_get_text(&query, 0)))
                        json_array_append_new(held, json_string(query_get_text(&query, 0)));
        *ret = more < 0 ? NULL : take(held);
        return more;
}

int end_apps_has_work(const TaskStep *step, Error *err) {
        autojson held = NULL;

        return list_held(step, &held, err) < 0 ? -1 : json_array_size(held) > 0;
}

int end_apps_plan(const TaskStep *step, json_t **ret_job, Error *err) {
        autojson held = NULL;

        if (list_held(step, &held, err) < 0)
                return -1;
        *ret_job = json_object();
        json_put_string(*ret_job, "instance", setup_get_instance(step->task->data));
        json_put(*ret_job, "revisions", take(held));
        return 0;
}

static void tell(Worker *worker, const char *what, const Text *who) {
        autofree char *line = string_format("%s: %s", what, who->bytes ? who->bytes : "");

        if (who->length > 0)
                worker_log(worker, line);
}

int end_apps_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                  Error *err) {
        const Places *places = ((const SnapContext *)context)->places;
        const char *instance = json_get_string(job, "instance", "");
        const json_t *revision;
        EndReport report;
        size_t i;

        (void)err;
        running_end(places, instance, &report);
        tell(worker, "ended running programs", &report.asked);
        tell(worker, "killed what did not end within 5 s", &report.killed);
        json_array_foreach(json_object_get(job, "revisions"), i, revision) {
                if (running_has_ended(places, instance, json_string_value(revision)))
                        continue;
                worker_log(worker, "somebody who cannot be ended goes on, and sees it as it was");
                break;
        }
        end_report_done(&report);
        *ret_result = json_object();
        return 0;
}
