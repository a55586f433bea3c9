/* SPDX-License-Identifier: Apache-2.0
 *
 * What a timeline of a change needs besides the API's own members: which task waits for which, the
 * lanes, and how long each was at work.
 */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "task/change.h"

/* Members are strings, as ids of the API are; NULL where the query failed. */
static json_t *list_numbers(Database *database, const char *sql, int64_t task, Error *err) {
        autoquery query = QUERY_INIT;
        autojson list = json_array();
        int r;

        if (query_open(database, &query, err, sql, "i", task) < 0)
                return NULL;
        while ((r = query_next(&query, err)) == 1) {
                autofree char *text = string_format("%" PRId64, query_get_int(&query, 0));
                json_array_append_new(list, json_string(text));
        }
        return r < 0 ? NULL : take(list);
}

static int add_durations(Database *database, int64_t id, json_t *task, Error *err) {
        autoquery query = QUERY_INIT;

        if (query_open(database, &query, err, "SELECT doing_ns, undoing_ns FROM task WHERE id = ?",
                       "i", id) < 0)
                return -1;
        int r = query_next(&query, err);
        if (r <= 0)
                return r;
        json_put(task, "doing-ns", json_integer(query_get_int(&query, 0)));
        json_put(task, "undoing-ns", json_integer(query_get_int(&query, 1)));
        return 0;
}

static int add_timing(Database *database, json_t *task, Error *err) {
        int64_t id;

        if (string_parse_i64(json_get_string(task, "id", ""), &id, err) < 0)
                return -1;
        json_t *waits = list_numbers(
                database, "SELECT waits_for FROM task_wait WHERE task = ? ORDER BY waits_for", id,
                err);
        if (!waits)
                return -1;
        json_put(task, "waits", waits);
        json_t *lanes = list_numbers(
                database, "SELECT lane FROM task_lane WHERE task = ? ORDER BY lane", id, err);
        if (!lanes)
                return -1;
        json_put(task, "lanes", lanes);
        return add_durations(database, id, task, err);
}

int change_add_timing(Database *database, json_t *change, Error *err) {
        json_t *task;
        size_t i;

        json_array_foreach(json_object_get(change, "tasks"), i, task) {
                if (add_timing(database, task, err) < 0)
                        return -1;
        }
        return 0;
}
