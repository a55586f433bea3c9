/* SPDX-License-Identifier: Apache-2.0
 *
 * Changes as clients see them (/v2/changes).
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "task/change.h"

/* The first of these that any task has is the change's status. */
static const TaskStatus PRECEDENCE[] = {
        TASK_ABORT, TASK_UNDOING, TASK_UNDO,   TASK_DOING, TASK_DO,
        TASK_WAIT,  TASK_ERROR,   TASK_UNDONE, TASK_DONE,  TASK_HOLD,
};

static void put_time(json_t *object, const char *key, int64_t wall) {
        char text[CLOCK_TEXT_SIZE];

        json_put(object, key, json_string(clock_format_rfc3339(wall, text)));
}

static void put_id(json_t *object, int64_t id) {
        autofree char *text = string_format("%" PRId64, id);

        json_put(object, "id", json_string(text));
}

/* Lines have whole seconds. */
static json_t *make_log_line(int64_t at, const char *level, const char *text) {
        char time[CLOCK_TEXT_SIZE];
        autofree char *line = NULL;

        clock_format_rfc3339(at, time);
        char *fraction = strchr(time, '.');
        if (fraction)
                memcpy(fraction, "Z", sizeof("Z"));
        line = string_format("%s %s %s", time, level, text);
        return json_string(line);
}

/* *ret_error: the last ERROR line, NULL when there is none; free it. */
static int describe_log(Database *database, int64_t task, json_t *object, char **ret_error,
                        Error *err) {
        autoquery query = QUERY_INIT;
        autojson lines = json_array();
        autofree char *last = NULL;
        int r;

        if (query_open(database, &query, err,
                       "SELECT at, level, text FROM task_log WHERE task = ? ORDER BY id", "i",
                       task) < 0)
                return -1;
        while ((r = query_next(&query, err)) == 1) {
                const char *level = query_get_text(&query, 1), *text = query_get_text(&query, 2);
                json_array_append_new(lines, make_log_line(query_get_int(&query, 0), level, text));
                if (string_equal(level, "ERROR")) {
                        free(last);
                        last = string_copy(text);
                }
        }
        if (r < 0)
                return -1;
        if (json_array_size(lines))
                json_put(object, "log", json_incref(lines));
        *ret_error = take(last);
        return 0;
}

static json_t *make_progress(TaskStatus status) {
        json_t *progress = json_object();

        json_put(progress, "label", json_string(""));
        json_put(progress, "done", json_integer(status == TASK_DO ? 0 : 1));
        json_put(progress, "total", json_integer(1));
        return progress;
}

typedef struct Summing {
        bool has_status[TASK_STATUS_COUNT];
        Text errors;
} Summing;

static int describe_task(Database *database, const Query *row, Summing *sum, json_t **ret,
                         Error *err) {
        autojson task = json_object();
        autofree char *last_error = NULL;
        const char *summary = query_get_text(row, 2);
        TaskStatus status = task_status_parse(query_get_text(row, 3));

        put_id(task, query_get_int(row, 0));
        json_put(task, "kind", json_string(query_get_text(row, 1)));
        json_put(task, "summary", json_string(summary));
        json_put(task, "status", json_string(task_status_get_name(status)));
        if (describe_log(database, query_get_int(row, 0), task, &last_error, err) < 0)
                return -1;
        json_put(task, "progress", make_progress(status));
        put_time(task, "spawn-time", query_get_int(row, 4));
        if (!query_is_null(row, 5))
                put_time(task, "ready-time", query_get_int(row, 5));
        sum->has_status[status] = true;
        if (status == TASK_ERROR && last_error)
                text_append_format(&sum->errors, "\n- %s (%s)", summary, last_error);
        else if (status == TASK_ERROR)
                text_append_format(&sum->errors, "\n- %s", summary);
        *ret = take(task);
        return 0;
}

static int describe_tasks(Database *database, int64_t change, Summing *sum, json_t *tasks,
                          Error *err) {
        autoquery query = QUERY_INIT;
        int r;

        if (query_open(database, &query, err,
                       "SELECT id, kind, summary, status, spawned_at, ready_at FROM task "
                       "WHERE change = ? ORDER BY id",
                       "i", change) < 0)
                return -1;
        while ((r = query_next(&query, err)) == 1) {
                json_t *task;
                if (describe_task(database, &query, sum, &task, err) < 0)
                        return -1;
                json_array_append_new(tasks, task);
        }
        return r;
}

/* A change without tasks had nothing to do.  One that was aborted before anything had to be undone
 * is Done where it has taken a step and on Hold where it has not, as clients know it; that its
 * other tasks are on Hold says that it was aborted. */
static TaskStatus sum_up(const Summing *sum) {
        for (size_t i = 0; i < ARRAY_COUNT(PRECEDENCE); i++)
                if (sum->has_status[PRECEDENCE[i]])
                        return PRECEDENCE[i];
        return TASK_DONE;
}

/* `row`: id, kind, summary, api_data, spawned_at, ready_at. */
static int describe_row(Database *database, const Query *row, json_t **ret, Error *err) {
        autojson change = json_object();
        autojson tasks = json_array();
        autojson data = NULL;
        Summing sum = { 0 };
        Error ignored;
        const char *api_data = query_get_text(row, 3);

        int r = describe_tasks(database, query_get_int(row, 0), &sum, tasks, err);
        autofree char *errors = text_take(&sum.errors);
        if (r < 0)
                return -1;
        /* One change whose own cannot be read must not hide all the others. */
        (void)json_parse(api_data, strlen(api_data), &data, &ignored);
        TaskStatus status = sum_up(&sum);
        put_id(change, query_get_int(row, 0));
        json_put(change, "kind", json_string(query_get_text(row, 1)));
        json_put(change, "summary", json_string(query_get_text(row, 2)));
        json_put(change, "status", json_string(task_status_get_name(status)));
        if (json_array_size(tasks))
                json_put(change, "tasks", json_incref(tasks));
        json_put(change, "ready", json_boolean(!query_is_null(row, 5)));
        if (status == TASK_ERROR) {
                autofree char *text =
                        string_format("cannot perform the following tasks:%s", errors);
                json_put(change, "err", json_string(text));
        }
        put_time(change, "spawn-time", query_get_int(row, 4));
        if (!query_is_null(row, 5))
                put_time(change, "ready-time", query_get_int(row, 5));
        if (json_object_size(data))
                json_put(change, "data", json_incref(data));
        *ret = take(change);
        return 0;
}

int change_describe(Database *database, int64_t change, json_t **ret, Error *err) {
        autoquery query = QUERY_INIT;

        if (query_open(database, &query, err,
                       "SELECT id, kind, summary, api_data, spawned_at, ready_at FROM change "
                       "WHERE id = ?",
                       "i", change) < 0)
                return -1;
        int r = query_next(&query, err);
        return r <= 0 ? r : describe_row(database, &query, ret, err) < 0 ? -1 : 1;
}

int change_list(Database *database, ChangeSelect select, const char *instance, json_t **ret,
                Error *err) {
        autoquery query = QUERY_INIT;
        autojson list = json_array();
        int r;

        if (query_open(database, &query, err,
                       "SELECT id, kind, summary, api_data, spawned_at, ready_at FROM change c "
                       "WHERE (?1 = 2 OR (ready_at IS NOT NULL) = ?1) AND (?2 IS NULL OR EXISTS "
                       "(SELECT 1 FROM change_snap s WHERE s.change = c.id AND s.instance = ?2)) "
                       "ORDER BY id",
                       "is", (int64_t)select, instance) < 0)
                return -1;
        while ((r = query_next(&query, err)) == 1) {
                json_t *change;
                if (describe_row(database, &query, &change, err) < 0)
                        return -1;
                json_array_append_new(list, change);
        }
        if (r < 0)
                return -1;
        *ret = take(list);
        return 0;
}
