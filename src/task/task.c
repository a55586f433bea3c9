/* SPDX-License-Identifier: Apache-2.0 */
#include "task/task.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "task/change.h"

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

#define TO(status) (1U << (status))

/* The arrows of the drawing. */
static const unsigned MOVES[TASK_STATUS_COUNT] = {
        [TASK_DO] = TO(TASK_DOING) | TO(TASK_DONE) | TO(TASK_WAIT) | TO(TASK_HOLD) | TO(TASK_ERROR),
        [TASK_DOING] = TO(TASK_DOING) | TO(TASK_DONE) | TO(TASK_WAIT) | TO(TASK_ABORT) |
                       TO(TASK_UNDO) | TO(TASK_ERROR),
        [TASK_DONE] = TO(TASK_UNDO),
        [TASK_ABORT] = TO(TASK_UNDO) | TO(TASK_HOLD),
        /* Done: there was nothing to undo. */
        [TASK_UNDO] =
                TO(TASK_UNDOING) | TO(TASK_UNDONE) | TO(TASK_WAIT) | TO(TASK_DONE) | TO(TASK_ERROR),
        /* Done likewise: one that is marked because the daemon ended there twice. */
        [TASK_UNDOING] =
                TO(TASK_UNDOING) | TO(TASK_UNDONE) | TO(TASK_WAIT) | TO(TASK_DONE) | TO(TASK_ERROR),
        [TASK_WAIT] =
                TO(TASK_WAIT) | TO(TASK_DONE) | TO(TASK_UNDO) | TO(TASK_UNDONE) | TO(TASK_ERROR),
};

/* What the drawing says, as a program: of a step from one status to the next, and of a task as
 * stored; a failure is a fault of the engine itself. */
static void assert_task_move(TaskStatus from, TaskStatus to) {
        assert(MOVES[from] & TO(to));
}

static void assert_waiting(const Task *task) {
        if (task->status == TASK_WAIT)
                assert(task->waited_status == TASK_DONE || task->waited_status == TASK_UNDONE);
        else
                assert(task->waited_status == TASK_STATUS_COUNT && !task->is_wait_over);
}

static void assert_task_state(const Task *task) {
        static const unsigned at_work = TO(TASK_DOING) | TO(TASK_UNDOING) | TO(TASK_ABORT);
        static const unsigned of_failed = TO(TASK_UNDO) | TO(TASK_UNDOING) | TO(TASK_ERROR);

        assert(task->status < TASK_STATUS_COUNT);
        assert_waiting(task);
        /* What failed is undone, then Error, and nothing else. */
        assert(!task->is_failed || task->waited_status == TASK_UNDONE ||
               of_failed & TO(task->status));
        /* Nothing is at work that was not marked. */
        assert(task->attempt > 0 || !(at_work & TO(task->status)));
}

Task *task_free(Task *task) {
        if (task) {
                free(task->kind);
                free(task->fault);
                json_decref(task->data);
                free(task);
        }
        return NULL;
}

static void read_data(Task *task, const char *text) {
        Error why;

        if (json_parse(text, strlen(text), &task->data, &why) == 0 && json_is_object(task->data))
                return;
        task->fault = string_copy(task->data ? "it is no object" : why.message);
        json_decref(task->data);
        task->data = json_object();
}

int task_load(Database *database, int64_t id, Task **ret, Error *err) {
        autoquery query = QUERY_INIT;

        if (query_open(database, &query, err,
                       "SELECT change, kind, status, attempt, is_failed, data, waited_status, "
                       "wait_name FROM task WHERE id = ?",
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
        task->waited_status = query_is_null(&query, 6)
                                      ? TASK_STATUS_COUNT
                                      : task_status_parse(query_get_text(&query, 6));
        task->is_wait_over = task->status == TASK_WAIT && query_is_null(&query, 7);
        assert_task_state(task);
        read_data(task, query_get_text(&query, 5));
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
        int64_t change;
        int ended = database_run(
                database, err,
                "UPDATE change SET ready_at = ? WHERE id = (SELECT change FROM task "
                "WHERE id = ?) AND ready_at IS NULL AND NOT EXISTS (SELECT 1 FROM task "
                "WHERE change = change.id AND status NOT IN "
                "('Done', 'Undone', 'Hold', 'Error'))",
                "ii", now, task);

        if (ended <= 0)
                return ended;
        int failed = database_find_int(database, &change, err,
                                       "SELECT t.change FROM task t WHERE t.change = (SELECT "
                                       "change FROM task WHERE id = ?) AND t.status = 'Error'",
                                       "i", task);
        return failed > 0 ? change_release(database, change, err) : failed;
}

/* One statement for every way on: what belongs to a wait or a retry ends with it, and deaths are
 * counted while a task stays where it is. */
static int write_status(Database *database, int64_t task, TaskStatus status, int64_t ready_at,
                        Error *err) {
        const char *name = task_status_get_name(status);

        return database_run(database, err,
                            "UPDATE task SET status = ?1, ready_at = nullif(?2, 0), "
                            "retry_at = NULL, waited_status = NULL, wait_name = NULL, "
                            "wait_value = NULL, deaths = iif(?1 = status, deaths, 0), "
                            "interruptions = iif(?1 = status, interruptions, 0) WHERE id = ?3",
                            "sii", name, ready_at, task) < 0
                       ? -1
                       : 0;
}

static int check_move(Database *database, int64_t task, TaskStatus status, Error *err) {
        autofree char *before = NULL;
        int r = database_find_text(database, &before, err, "SELECT status FROM task WHERE id = ?",
                                   "i", task);

        if (r == 1)
                assert_task_move(task_status_parse(before), status);
        return r < 0 ? -1 : 0;
}

int task_set_status(Database *database, int64_t task, TaskStatus status, Error *err) {
        int64_t now = clock_get_wall();
        bool is_ready = task_status_is_ready(status);

        if (check_move(database, task, status, err) < 0 ||
            write_status(database, task, status, is_ready ? now : 0, err) < 0)
                return -1;
        return is_ready && update_change(database, task, now, err) < 0 ? -1 : 0;
}

int task_set_wait(Database *database, int64_t task, const TaskWait *wait, Error *err) {
        if (check_move(database, task, TASK_WAIT, err) < 0)
                return -1;
        return database_run(database, err,
                            "UPDATE task SET status = 'Wait', retry_at = NULL, waited_status = ?, "
                            "wait_name = ?, wait_value = ? WHERE id = ?",
                            "sssi", task_status_get_name(wait->after), wait->name, wait->value,
                            task) < 0
                       ? -1
                       : 0;
}

int task_end_waits(Database *database, const char *name, const char *value, Error *err) {
        return database_run(database, err,
                            "UPDATE task SET wait_name = NULL, wait_value = NULL "
                            "WHERE status = 'Wait' AND wait_name = ?1 "
                            "AND (?2 IS NULL OR wait_value IS NOT ?2)",
                            "ss", name, value);
}

int task_find_wait(Database *database, const char *name, int64_t *ret_change, Error *err) {
        return database_find_int(
                database, ret_change, err,
                "SELECT change FROM task WHERE status NOT IN ('Done', 'Undone', 'Hold', "
                "'Error') AND status = 'Wait' AND wait_name = ?",
                "s", name);
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
