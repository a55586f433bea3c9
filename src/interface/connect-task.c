/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/connect-task.h"

#include "base/text.h"
#include "interface/connection-row.h"
#include "interface/repository.h"
#include "task/change.h"

#define CANDIDATE_COUNT_MAX 256
#define CONFLICT_RETRY_MS   5000

/* --- connect --- */

static int keep_old(const TaskStep *step, const ConnectionName *name, Error *err) {
        autofree char *old = NULL;

        if (connection_save(step->database, name, &old, err) < 0)
                return -1;
        json_put_string(step->task->data, "old", old);
        return 0;
}

static int explain_missing(const ConnectionName *name, Error *err) {
        return error_set(err, ERROR_FAILED, "cannot connect %s:%s to %s:%s: one of them is gone",
                         name->plug_snap, name->plug, *name->slot_snap ? name->slot_snap : "system",
                         name->slot);
}

int connect_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        ConnectionName name = connection_name_parse(step->task->data);
        bool is_auto = json_get_bool(step->task->data, "is_auto", false), is_wanted = false;
        autofree char *interface = NULL;

        (void)job;
        (void)result;
        int is_there = connection_find(step->database, &name, &is_wanted, err);
        if (is_there < 0)
                return -1;
        /* What somebody decided meanwhile stands. */
        if (is_wanted || (is_there && is_auto))
                return TASK_OUTCOME_DONE;
        int found = connection_find_interface(step->database, &name, &interface, err);
        if (found == 0 && is_auto)
                return TASK_OUTCOME_DONE;
        if (found <= 0)
                return found < 0 ? -1 : explain_missing(&name, err);
        if (keep_old(step, &name, err) < 0)
                return -1;
        return connection_add(step->database, &name, interface, is_auto, err);
}

/* What `old` says, or nothing where nothing was done. */
static int put_back(const TaskStep *step, Error *err) {
        ConnectionName name = connection_name_parse(step->task->data);
        const char *old = json_get_string(step->task->data, "old", NULL);

        if (!old)
                return TASK_OUTCOME_DONE;
        if (connection_delete(step->database, &name, err) < 0)
                return -1;
        return connection_restore(step->database, old, err);
}

int connect_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        return put_back(step, err);
}

/* --- disconnect --- */

int disconnect_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        ConnectionName name = connection_name_parse(step->task->data);

        (void)job;
        (void)result;
        if (keep_old(step, &name, err) < 0)
                return -1;
        return connection_remove(step->database, &name,
                                 json_get_bool(step->task->data, "is_forgotten", false), err);
}

int disconnect_undo_commit(const TaskStep *step, const json_t *job, const json_t *result,
                           Error *err) {
        (void)job;
        (void)result;
        return put_back(step, err);
}

/* --- auto-connect --- */

/* 0 free, 1 another change is at work on it and connects by itself, 2 likewise, and does not. */
static int find_other_change(const TaskStep *step, const char *other, Error *err) {
        int64_t is_connecting = 0;
        int found = database_find_int(
                step->database, &is_connecting, err,
                "SELECT EXISTS (SELECT 1 FROM task t WHERE t.change = c.id AND t.kind = "
                "'auto-connect' AND t.status IN ('Do', 'Doing')) FROM change c JOIN change_snap s ON "
                "s.change = c.id WHERE s.instance = ? AND c.id <> ? AND c.ready_at IS NULL",
                "si", other, step->task->change);

        return found <= 0 ? found : is_connecting ? 1 : 2;
}

/* The other snap belongs to this change from now on, so that nobody pulls it away. */
static int claim(const TaskStep *step, const char *other, Error *err) {
        return database_run(step->database, err,
                            "INSERT OR IGNORE INTO change_snap (change, instance) VALUES (?, ?)",
                            "is", step->task->change, other) < 0
                       ? -1
                       : 0;
}

/* Every task that waits for `after` waits for `task` too. */
static int add_before_waiting(const TaskStep *step, int64_t task, Error *err) {
        if (database_run(step->database, err,
                         "INSERT OR IGNORE INTO task_wait (task, waits_for) SELECT w.task, ?2 FROM "
                         "task_wait w JOIN task t ON t.id = w.task WHERE w.waits_for = ?1 AND "
                         "w.task <> ?2 AND t.kind NOT IN ('connect', 'setup-profiles')",
                         "ii", step->task->id, task) < 0)
                return -1;
        return database_run(step->database, err,
                            "INSERT OR IGNORE INTO task_lane (task, lane) SELECT ?2, lane FROM "
                            "task_lane WHERE task = ?1",
                            "ii", step->task->id, task) < 0
                       ? -1
                       : 0;
}

static int add_connect(const TaskStep *step, const ConnectionName *name, int64_t *ret_task,
                       Error *err) {
        const char *slot_snap =
                *name->slot_snap ? name->slot_snap : repository_get_system_name(step->database);
        autofree char *summary = string_format("Connect %s:%s to %s:%s", name->plug_snap,
                                               name->plug, slot_snap, name->slot);
        TaskDraft draft = { step->task->change, "connect", summary, step->task->id };
        json_t *data = connection_name_format(name);

        json_put(data, "is_auto", json_true());
        if (change_add_task(step->database, &draft, data, ret_task, err) < 0)
                return -1;
        return add_before_waiting(step, *ret_task, err);
}

static int add_profiles(const TaskStep *step, const int64_t *connects, size_t count, Error *err) {
        const char *instance = json_get_string(step->task->data, "instance", "");
        autofree char *revision = NULL;
        int64_t task = 0;

        if (database_find_text(step->database, &revision, err,
                               "SELECT current FROM snap WHERE instance = ?", "s", instance) < 0)
                return -1;
        autofree char *summary =
                string_format("Setup snap \"%s\" (%s) security profiles for auto-connections",
                              instance, revision ? revision : "unset");
        TaskDraft draft = { step->task->change, "setup-profiles", summary, step->task->id };
        if (change_add_task(step->database, &draft, json_pack("{s:s}", "instance", instance), &task,
                            err) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                if (change_add_wait(step->database, task, connects[i], err) < 0)
                        return -1;
        return add_before_waiting(step, task, err);
}

/* More than one slot that a plug could have: none is chosen, and the log says between which. */
static int log_ambiguous(const TaskStep *step, const char *instance, Error *err) {
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(
                    step->database, &query, err,
                    "SELECT plug, group_concat(iif(slot_snap = '', 'system', slot_snap) || ':' || "
                    "slot, ', ') FROM auto_connect_candidate WHERE plug_snap = ? GROUP BY plug "
                    "HAVING count(*) > 1 AND sum(slots_per_plug = '1') > 0",
                    "s", instance) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0) {
                autofree char *text = string_format(
                        "cannot auto-connect plug %s:%s, candidates found: %.300s", instance,
                        query_get_text(&query, 0), query_get_text(&query, 1));
                if (task_add_log(step->database, step->task->id, false, text, err) < 0)
                        return -1;
        }
        return more;
}

static const char *const WANTED =
        "SELECT plug_snap, plug, slot_snap, slot FROM auto_connect_candidate c WHERE (plug_snap = ?1 "
        "OR slot_snap = ?1) AND (SELECT count(*) = 1 OR sum(slots_per_plug = '1') = 0 FROM "
        "auto_connect_candidate o WHERE o.plug_snap = c.plug_snap AND o.plug = c.plug) AND NOT EXISTS (SELECT 1 FROM connection n WHERE "
        "n.plug_snap = c.plug_snap AND n.plug = c.plug AND n.slot_snap = c.slot_snap AND n.slot = "
        "c.slot) ORDER BY plug_snap, plug LIMIT " /* CANDIDATE_COUNT_MAX */ "256";

/* Owned copies: the tasks are added when the query has ended. */
int auto_connect_list(Database *database, const char *instance, json_t **ret, Error *err) {
        autojson list = json_array();
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(database, &query, err, WANTED, "s", instance) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0) {
                ConnectionName name = { query_get_text(&query, 0), query_get_text(&query, 1),
                                        query_get_text(&query, 2), query_get_text(&query, 3) };
                json_array_append_new(list, connection_name_format(&name));
        }
        *ret = take(list);
        return more;
}

/* 1 connect it, 0 leave it to the other change, negative; `ret_is_later` when that one is to end
 * first. */
static int may_connect(const TaskStep *step, const ConnectionName *name, const char *instance,
                       bool *ret_is_later, Error *err) {
        const char *other =
                string_equal(name->plug_snap, instance) ? name->slot_snap : name->plug_snap;

        if (!*other || string_equal(other, instance))
                return 1;
        int busy = find_other_change(step, other, err);
        *ret_is_later = busy == 2;
        if (busy != 0)
                return busy < 0 ? -1 : 0;
        return claim(step, other, err) < 0 ? -1 : 1;
}

int auto_connect_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        const char *instance = json_get_string(step->task->data, "instance", "");
        int64_t connects[CANDIDATE_COUNT_MAX];
        size_t count = 0, i;
        autojson wanted = NULL;
        json_t *entry;

        (void)job;
        (void)result;
        if (log_ambiguous(step, instance, err) < 0 ||
            auto_connect_list(step->database, instance, &wanted, err) < 0)
                return -1;
        json_array_foreach(wanted, i, entry) {
                ConnectionName name = connection_name_parse(entry);
                bool is_later = false;
                int may = may_connect(step, &name, instance, &is_later, err);
                if (may < 0)
                        return -1;
                if (is_later) {
                        *step->ret_retry_ms = CONFLICT_RETRY_MS;
                        return TASK_OUTCOME_RETRY;
                }
                if (may && add_connect(step, &name, &connects[count++], err) < 0)
                        return -1;
        }
        if (count > 0 && add_profiles(step, connects, count, err) < 0)
                return -1;
        return TASK_OUTCOME_DONE;
}

int auto_connect_clean_commit(const TaskStep *step, const json_t *job, const json_t *result,
                              Error *err) {
        (void)job;
        (void)result;
        return connection_delete_vanished(step->database,
                                          json_get_string(step->task->data, "instance", ""), err);
}

/* --- auto-disconnect --- */

int auto_disconnect_commit(const TaskStep *step, const json_t *job, const json_t *result,
                           Error *err) {
        const char *instance = json_get_string(step->task->data, "instance", "");
        autofree char *old = NULL;

        (void)job;
        (void)result;
        if (connection_save_all(step->database, instance, &old, err) < 0)
                return -1;
        json_put_string(step->task->data, "old", old);
        return connection_delete_all(step->database, instance, err);
}

int auto_disconnect_undo_commit(const TaskStep *step, const json_t *job, const json_t *result,
                                Error *err) {
        const char *old = json_get_string(step->task->data, "old", NULL);

        (void)job;
        (void)result;
        return old ? connection_restore(step->database, old, err) : TASK_OUTCOME_DONE;
}
