/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/setup.h"

#include <string.h>

#include "base/text.h"

static int load(const TaskStep *step, json_t **ret, Error *err) {
        int64_t setup_task = json_get_int(step->task->data, "setup", 0);
        autofree char *text = NULL;

        if (setup_task == 0) {
                *ret = json_incref(step->task->data);
                return 0;
        }
        int found = database_find_text(step->database, &text, err,
                                       "SELECT data FROM task WHERE id = ?1", "i", setup_task);
        if (found < 0)
                return -1;
        if (found == 0)
                return error_set(err, ERROR_CORRUPT,
                                 "task %lld, which says what this one is about, is gone",
                                 (long long)setup_task);
        return json_parse(text, strlen(text), ret, err);
}

int setup_load_prepared(const TaskStep *step, json_t **ret, Error *err) {
        autojson setup = NULL;

        if (load(step, &setup, err) < 0)
                return -1;
        if (!json_get_string(setup, "revision", NULL))
                return error_set(err, ERROR_CORRUPT, "the revision of snap \"%s\" was not prepared",
                                 setup_get_instance(setup));
        *ret = take(setup);
        return 0;
}

const char *setup_get_instance(const json_t *setup) {
        return json_get_string(setup, "instance", "");
}

const char *setup_get_revision(const json_t *setup) {
        return json_get_string(setup, "revision", "");
}
