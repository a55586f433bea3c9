/* SPDX-License-Identifier: Apache-2.0 */
#include "task/task.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"

typedef struct StatusInfo {
        const char *name;
        bool is_ready;
} StatusInfo;

static const StatusInfo STATUSES[TASK_STATUS_COUNT] = {
        [TASK_DO] = { "Do", false },        [TASK_DOING] = { "Doing", false },
        [TASK_DONE] = { "Done", true },     [TASK_ABORT] = { "Abort", false },
        [TASK_UNDO] = { "Undo", false },    [TASK_UNDOING] = { "Undoing", false },
        [TASK_UNDONE] = { "Undone", true }, [TASK_HOLD] = { "Hold", true },
        [TASK_ERROR] = { "Error", true },   [TASK_WAIT] = { "Wait", false },
};

const char *task_status_get_name(TaskStatus status) {
        return STATUSES[status].name;
}

bool task_status_is_ready(TaskStatus status) {
        return STATUSES[status].is_ready;
}

TaskStatus task_status_parse(const char *name) {
        int status = 0;

        while (status < TASK_STATUS_COUNT && !string_equal(STATUSES[status].name, name))
                status++;
        return (TaskStatus)status;
}

Task *task_free(Task *task) {
        if (task) {
                free(task->kind);
                json_decref(task->data);
                free(task);
        }
        return NULL;
}

int task_load(Database *database, int64_t id, Task **ret, Error *err) {
        autoquery query = QUERY_INIT;

        if (query_open(database, &query, err,
                       "SELECT change, kind, status, attempt, is_failed, data FROM task "
                       "WHERE id = ?",
                       "i", id) < 0)
                return -1;
        int r = query_next(&query, err);
        if (r <= 0)
                return r;
        autoptr(Task) task = memory_new(sizeof(*task));
        task->id = id;
        task->change = query_get_int(&query, 0);
        task->kind = string_copy(query_get_text(&query, 1));
        task->status = task_status_parse(query_get_text(&query, 2));
        task->attempt = query_get_int(&query, 3);
        task->is_failed = query_get_int(&query, 4) != 0;
        const char *data = query_get_text(&query, 5);
        if (json_parse(data, __builtin_strlen(data), &task->data, err) < 0)
                return error_prefix(err, "data of task %lld", (long long)id);
        *ret = take(task);
        return 1;
}

int task_save_data(Database *database, const Task *task, const char *before, Error *err) {
        autofree char *now = json_format(task->data);

        if (string_equal(now, before))
                return 0;
        return database_run(database, err, "UPDATE task SET data = ? WHERE id = ?", "si", now,
                            task->id) < 0
                       ? -1
                       : 0;
}

/* With the last ready task the change is ready, in the same transaction. */
static int update_change(Database *database, int64_t task, int64_t now, Error *err) {
        return database_run(database, err,
                            "UPDATE change SET ready_at = ? WHERE id = (SELECT change FROM task "
                            "WHERE id = ?) AND ready_at IS NULL AND NOT EXISTS (SELECT 1 FROM task "
                            "WHERE change = change.id AND status NOT IN "
                            "('Done', 'Undone', 'Hold', 'Error'))",
                            "ii", now, task);
}

int task_set_status(Database *database, int64_t task, TaskStatus status, Error *err) {
        int64_t now = clock_get_wall();

        if (!task_status_is_ready(status))
                return database_run(database, err,
                                    "UPDATE task SET status = ?, ready_at = NULL, retry_at = NULL "
                                    "WHERE id = ?",
                                    "si", task_status_get_name(status), task) < 0
                               ? -1
                               : 0;
        if (database_run(database, err,
                         "UPDATE task SET status = ?, ready_at = ?, retry_at = NULL WHERE id = ?",
                         "sii", task_status_get_name(status), now, task) < 0)
                return -1;
        return update_change(database, task, now, err) < 0 ? -1 : 0;
}

int task_add_log(Database *database, int64_t task, bool is_error, const char *text, Error *err) {
        if (database_run(database, err,
                         "INSERT INTO task_log (task, at, level, text) VALUES (?, ?, ?, ?)", "iiss",
                         task, clock_get_wall(), is_error ? "ERROR" : "INFO", text) < 0)
                return -1;
        return database_run(database, err,
                            "DELETE FROM task_log WHERE task = ? AND id NOT IN (SELECT id FROM "
                            "task_log WHERE task = ? ORDER BY id DESC LIMIT ?)",
                            "iii", task, task, (int64_t)TASK_LOG_LINES_MAX) < 0
                       ? -1
                       : 0;
}
