/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/setup.h"

#include <string.h>

#include "base/text.h"

static int load(Database *database, int64_t task, json_t **ret, Error *err) {
        autofree char *text = NULL;
        int found = database_find_text(database, &text, err, "SELECT data FROM task WHERE id = ?1",
                                       "i", task);

        if (found < 0)
                return -1;
        if (found == 0)
                return error_set(err, ERROR_CORRUPT,
                                 "task %lld, which says what this one is about, is gone",
                                 (long long)task);
        return json_parse(text, strlen(text), ret, err) < 0
                       ? error_prefix(err,
                                      "what this task is about stands in the data of task %lld, "
                                      "which cannot be read",
                                      (long long)task)
                       : 0;
}

int setup_load(const TaskStep *step, json_t *data, json_t **ret, Error *err) {
        int64_t setup_task = json_get_int(data, "setup", 0);

        if (setup_task)
                return load(step->database, setup_task, ret, err);
        *ret = json_incref(data);
        return 0;
}

int setup_load_member(const TaskStep *step, json_t *data, json_t **ret, Error *err) {
        autojson setup = NULL;

        if (setup_load(step, data, &setup, err) < 0)
                return -1;
        if (!json_get_string(setup, "revision", NULL))
                return error_set(err, ERROR_CORRUPT, "the revision of snap \"%s\" was not prepared",
                                 setup_get_instance(setup));
        *ret = take(setup);
        return 0;
}

int setup_load_prepared(const TaskStep *step, json_t **ret, Error *err) {
        return setup_load_member(step, step->task->data, ret, err);
}

int setup_check_taken_back(const TaskStep *step, const json_t *setup, Error *err) {
        int64_t one;
        int found = database_find_int(step->database, &one, err,
                                      "SELECT 1 FROM snap WHERE instance = ? AND current = ?", "ss",
                                      setup_get_instance(setup), setup_get_revision(setup));

        return found <= 0 ? found
                          : error_set(err, ERROR_FAILED,
                                      "revision %s of snap \"%s\" was not taken back: it stays, "
                                      "with its data (see pawl verify)",
                                      setup_get_revision(setup), setup_get_instance(setup));
}

const char *setup_get_instance(const json_t *setup) {
        return json_get_string(setup, "instance", "");
}

const char *setup_get_revision(const json_t *setup) {
        return json_get_string(setup, "revision", "");
}
