/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/connect-task.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "interface/connection-row.h"
#include "interface/dynamic-attribute.h"
#include "interface/endpoint-check.h"
#include "interface/hook-chain.h"
#include "interface/repository.h"
#include "task/change.h"

#define CONFLICT_RETRY_MS 5000

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

/* --- what hooks said --- */

/* One side's attributes, as texts: what the hooks said (NULL: nothing), and all together. */
typedef struct SideTexts {
        char *dynamic, *all;
} SideTexts;

static void side_texts_done(SideTexts *texts) {
        free(texts->dynamic);
        free(texts->all);
}
#define autosidetexts __attribute__((cleanup(side_texts_done))) SideTexts

/* As their file was checked when the package was installed. */
static int check_side(const json_t *sides, const char *side, const char *interface, SideTexts *ret,
                      Error *err) {
        const json_t *own = json_object_get(sides, side),
                     *dynamic = json_object_get(own, "dynamic");
        autojson all = attributes_merge(json_object_get(own, "fixed"), dynamic);

        ret->all = json_format(all);
        if (json_object_size(dynamic) == 0)
                return 0;
        ret->dynamic = json_format(dynamic);
        bool is_plug = string_equal(side, "plug");
        if (attributes_check_dynamic(is_plug, interface, dynamic, err) < 0 ||
            endpoint_check(is_plug, interface, all, err) < 0)
                return error_prefix(err, "with what hooks said of the %s", side);
        return 0;
}

#define ASK_RULES(function)                                                                          \
        "SELECT " function "(p.interface, json_set(p.told, '$.attributes', json(?5)), "              \
        "json_set(t.told, '$.attributes', json(?6)), (SELECT told FROM machine)) FROM policy_end p " \
        "JOIN policy_end t ON t.side = 'slot' AND t.instance = ?3 AND t.name = ?4 WHERE p.side = "   \
        "'plug' AND p.instance = ?1 AND p.name = ?2"

/* 1 allowed, 0 not (an automatic one), negative: refused. */
static int ask_rules(const TaskStep *step, const ConnectionName *name, const SideTexts *plug,
                     const SideTexts *slot, Error *err) {
        static const char AUTOMATIC[] = ASK_RULES("auto_connect_rule");
        static const char BY_HAND[] = ASK_RULES("connect_refusal");
        bool is_auto = json_get_bool(step->task->data, "is_auto", false);
        autofree char *answer = NULL;

        if (database_find_text(step->database, &answer, err, is_auto ? AUTOMATIC : BY_HAND,
                               "ssssss", name->plug_snap, name->plug, name->slot_snap, name->slot,
                               plug->all, slot->all) < 0)
                return -1;
        if (is_auto)
                return answer != NULL;
        return answer ? error_set(err, ERROR_FAILED, "with what hooks said: %s", answer) : 1;
}

/* Whoever connected sees what it came to beside what the packages' files said. */
static int log_said(const TaskStep *step, const ConnectionName *name, const char *interface,
                    const json_t *sides, Error *err) {
        for (size_t i = 0; i < 4; i++) {
                bool is_plug = i < 2, is_known = i % 2 == 0;
                const char *side = is_plug ? "plug" : "slot";
                const json_t *dynamic = json_object_get(json_object_get(sides, side), "dynamic");
                autofree char *said = attributes_format_said(is_plug, interface, dynamic, is_known);
                if (!said)
                        continue;
                autofree char *line = string_format(
                        "hooks added to %s %s:%s%s %s: %s", side,
                        is_plug ? name->plug_snap : name->slot_snap,
                        is_plug ? name->plug : name->slot,
                        is_known ? " what counts for" : ", of no meaning to", interface, said);
                if (task_add_log(step->database, step->task->id, false, line, err) < 0)
                        return -1;
        }
        return 0;
}

static int make_connection(const TaskStep *step, const ConnectionName *name, const char *interface,
                           Error *err) {
        autosidetexts plug = { 0 };
        autosidetexts slot = { 0 };
        autojson sides = NULL;
        int may = 1;

        if (attributes_load(step->database, name, step->task->id, &sides, err) < 0 ||
            check_side(sides, "plug", interface, &plug, err) < 0 ||
            check_side(sides, "slot", interface, &slot, err) < 0)
                return -1;
        if (plug.dynamic || slot.dynamic)
                may = ask_rules(step, name, &plug, &slot, err);
        if (may <= 0)
                return may;
        if (keep_old(step, name, err) < 0 || log_said(step, name, interface, sides, err) < 0)
                return -1;
        ConnectionDraft draft = {
                .interface = interface,
                .is_auto = json_get_bool(step->task->data, "is_auto", false),
                .plug_attributes = plug.dynamic,
                .slot_attributes = slot.dynamic,
        };
        return connection_add(step->database, name, &draft, err);
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
        if (make_connection(step, &name, interface, err) < 0)
                return error_prefix(err, "cannot connect %s:%s to %s:%s", name.plug_snap, name.plug,
                                    *name.slot_snap ? name.slot_snap : "system", name.slot);
        return TASK_OUTCOME_DONE;
}

/* --- taking back --- */

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

/* Whoever waits for this task, as long as nothing was added yet; owned. */
static int list_followers(const TaskStep *step, char **ret, Error *err) {
        return database_find_text(
                       step->database, ret, err,
                       "SELECT json_group_array(task) FROM task_wait WHERE waits_for = ?", "i",
                       step->task->id) < 0
                       ? -1
                       : 0;
}

static HookChain make_chain(const TaskStep *step, const char *followers) {
        return (HookChain){
                .database = step->database,
                .change = step->task->change,
                .last = step->task->id,
                .like = step->task->id,
                .followers = followers,
        };
}

/* Where both packages are new in one change, each of the two would connect them; hooks run once. */
static int is_hooked_twice(const TaskStep *step, const ConnectionName *name, Error *err) {
        int64_t one = 0;
        int has = hook_chain_has(step->database, HOOK_STAGE_PREPARE, name, NULL, err);

        if (has == 0)
                has = hook_chain_has(step->database, HOOK_STAGE_CONNECT, name, NULL, err);
        if (has <= 0)
                return has;
        return database_find_int(
                step->database, &one, err,
                "SELECT 1 FROM task WHERE change = ?1 AND kind = 'connect' AND status IN ('Do', "
                "'Doing', 'Done') AND data->>'plug_snap' = ?2 AND data->>'plug' = ?3 AND "
                "data->>'slot_snap' = ?4 AND data->>'slot' = ?5 LIMIT 1",
                "issss", step->task->change, name->plug_snap, name->plug, name->slot_snap,
                name->slot);
}

/* 1 added, 0 there is one already. */
static int add_connect(const TaskStep *step, const ConnectionName *name, const char *followers,
                       int64_t *ret_task, Error *err) {
        HookChain chain = make_chain(step, followers);
        int is_twice = is_hooked_twice(step, name, err);

        if (is_twice != 0)
                return is_twice < 0 ? -1 : 0;
        json_t *data = connection_name_format(name);
        json_put(data, "is_auto", json_true());
        if (hook_chain_add_connect(&chain, name, data, err) < 0)
                return -1;
        *ret_task = chain.connect;
        return 1;
}

/* The connections that are being made: their connect tasks and names. */
typedef struct Connecting {
        int64_t *tasks;        /* owned */
        ConnectionName *names; /* owned; the texts are those of what is wanted */
        size_t count;
        const char *followers;
} Connecting;

static void connecting_done(Connecting *connecting) {
        free(connecting->tasks);
        free(connecting->names);
}
#define autoconnecting __attribute__((cleanup(connecting_done))) Connecting

static int add_profiles(const TaskStep *step, const Connecting *connecting, int64_t *ret_task,
                        Error *err) {
        const char *instance = json_get_string(step->task->data, "instance", "");
        HookChain chain = make_chain(step, connecting->followers);
        autofree char *revision = NULL;

        if (database_find_text(step->database, &revision, err,
                               "SELECT current FROM snap WHERE instance = ?", "s", instance) < 0)
                return -1;
        autofree char *summary =
                string_format("Setup snap \"%s\" (%s) security profiles for auto-connections",
                              instance, revision ? revision : "unset");
        if (hook_chain_add(&chain, "setup-profiles", summary,
                           json_pack("{s:s}", "instance", instance), err) < 0)
                return -1;
        for (size_t i = 0; i < connecting->count; i++)
                if (change_add_wait(step->database, chain.last, connecting->tasks[i], err) < 0)
                        return -1;
        *ret_task = chain.last;
        return 0;
}

/* When all are made, and with what they grant. */
static int add_connect_hooks(const TaskStep *step, const Connecting *connecting, int64_t profiles,
                             Error *err) {
        for (size_t i = 0; i < connecting->count; i++) {
                HookChain chain = make_chain(step, connecting->followers);
                chain.last = profiles;
                chain.connect = connecting->tasks[i];
                if (hook_chain_add_stage(&chain, HOOK_STAGE_CONNECT, &connecting->names[i], err) <
                    0)
                        return -1;
        }
        return 0;
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

/* Its own plugs and its own slots are looked for apart, so that SQLite starts from its rows and not
 * from everybody's; how many slots a plug of its own could have is among what was found. */
#define FOUND                                                                                    \
        "WITH found AS MATERIALIZED (SELECT * FROM auto_connect_candidate WHERE plug_snap = ?1 " \
        "UNION SELECT * FROM auto_connect_candidate WHERE slot_snap = ?1 AND EXISTS (SELECT 1 "  \
        "FROM snap_endpoint e WHERE e.instance = ?1 AND e.side = 'slot')) "
#define IS_CLEAR_AMONG(candidates)                                                           \
        "(SELECT count(*) = 1 OR sum(slots_per_plug = '1') = 0 FROM " candidates " o WHERE " \
        "o.plug_snap = c.plug_snap AND o.plug = c.plug)"
#define IS_CLEAR                                                            \
        "iif(plug_snap = ?1, " IS_CLEAR_AMONG("found") ", " IS_CLEAR_AMONG( \
                "auto_connect_candidate") ")"
#define IS_NEW                                                                                 \
        "NOT EXISTS (SELECT 1 FROM connection n WHERE n.plug_snap = c.plug_snap AND n.plug = " \
        "c.plug AND n.slot_snap = c.slot_snap AND n.slot = c.slot)"
#define WANTED                                                                       \
        FOUND "SELECT plug_snap, plug, slot_snap, slot FROM found c WHERE " IS_CLEAR \
              " AND " IS_NEW " ORDER BY plug_snap, plug"

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
        /* It belongs to this change from now on, so that nobody pulls it away. */
        return change_claim(step->database, step->task->change, other, err) < 0 ? -1 : 1;
}

/* 1 every one that may be was added, 0 some have to come later. */
static int add_connects(const TaskStep *step, const json_t *wanted, Connecting *connecting,
                        Error *err) {
        const char *instance = json_get_string(step->task->data, "instance", "");
        const json_t *entry;
        size_t i;

        json_array_foreach(wanted, i, entry) {
                ConnectionName name = connection_name_parse(entry);
                bool is_later = false;
                int may = may_connect(step, &name, instance, &is_later, err);
                if (may < 0 || is_later)
                        return may < 0 ? -1 : 0;
                int64_t *task = &connecting->tasks[connecting->count];
                if (may)
                        may = add_connect(step, &name, connecting->followers, task, err);
                if (may < 0)
                        return -1;
                if (may)
                        connecting->names[connecting->count++] = name;
        }
        return 1;
}

int auto_connect_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        const char *instance = json_get_string(step->task->data, "instance", "");
        autoconnecting connecting = { 0 };
        autofree char *followers = NULL;
        autojson wanted = NULL;
        int64_t profiles = 0;

        (void)job;
        (void)result;
        if (log_ambiguous(step, instance, err) < 0 ||
            auto_connect_list(step->database, instance, &wanted, err) < 0 ||
            list_followers(step, &followers, err) < 0)
                return -1;
        connecting.followers = followers;
        connecting.tasks = memory_new(json_array_size(wanted) * sizeof(*connecting.tasks));
        connecting.names = memory_new(json_array_size(wanted) * sizeof(*connecting.names));
        int added = add_connects(step, wanted, &connecting, err);
        if (added < 0)
                return -1;
        if (added == 0) {
                *step->ret_retry_ms = CONFLICT_RETRY_MS;
                return TASK_OUTCOME_RETRY;
        }
        if (connecting.count == 0)
                return TASK_OUTCOME_DONE;
        if (add_profiles(step, &connecting, &profiles, err) < 0)
                return -1;
        return add_connect_hooks(step, &connecting, profiles, err);
}

int auto_connect_clean_commit(const TaskStep *step, const json_t *job, const json_t *result,
                              Error *err) {
        (void)job;
        (void)result;
        return connection_delete_vanished(step->database,
                                          json_get_string(step->task->data, "instance", ""), err);
}

/* --- auto-disconnect --- */

/* 1, or 0 where a change of its own is at work on the other package.  Whose hooks run was known
 * when the change was made; one that was refreshed or enabled since may have come to have some. */
static int may_run_hooks(const TaskStep *step, const ConnectionName *name, const char *other,
                         Error *err) {
        int has = hook_chain_has(step->database, HOOK_STAGE_DISCONNECT, name, other, err);

        if (has <= 0)
                return has < 0 ? -1 : 1;
        int may = change_has_claimed(step->database, step->task->change, other, err);
        if (may != 0)
                return may;
        int busy = find_other_change(step, other, err);
        if (busy == 0)
                return change_claim(step->database, step->task->change, other, err) < 0 ? -1 : 1;
        autofree char *text = string_format("hooks of snap \"%s\" are not told that connections "
                                            "end: another change is at work on it",
                                            other);
        return busy < 0 ? -1 : task_add_log(step->database, step->task->id, false, text, err);
}

/* With hooks first: a task of its own, as of somebody who disconnects it. */
static int add_disconnect(const TaskStep *step, const ConnectionName *name, const char *followers,
                          Error *err) {
        const char *instance = json_get_string(step->task->data, "instance", "");
        const char *other =
                string_equal(name->plug_snap, instance) ? name->slot_snap : name->plug_snap;
        HookChain chain = make_chain(step, followers);
        int may = may_run_hooks(step, name, other, err);
        const char *slot_snap =
                *name->slot_snap ? name->slot_snap : repository_get_system_name(step->database);
        autofree char *summary = string_format("Disconnect %s:%s from %s:%s", name->plug_snap,
                                               name->plug, slot_snap, name->slot);
        autojson data = connection_name_format(name);

        if (may < 0)
                return -1;
        chain.without = may ? NULL : other;
        /* No package stays because its hook, or another's, does not like that it goes. */
        chain.is_error_ignored = true;
        json_put(data, "is_forgotten", json_true());
        if (hook_chain_add_stage(&chain, HOOK_STAGE_DISCONNECT, name, err) < 0)
                return -1;
        return hook_chain_add(&chain, "disconnect", summary, take(data), err);
}

static int disconnect_one(const TaskStep *step, const json_t *row, const char *followers,
                          Error *err) {
        ConnectionName name = connection_name_parse(row);
        int has = json_get_int(row, "is_undesired", 0)
                          ? 0
                          : hook_chain_has(step->database, HOOK_STAGE_DISCONNECT, &name, NULL, err);

        if (has != 0)
                return has < 0 ? -1 : add_disconnect(step, &name, followers, err);
        return connection_delete(step->database, &name, err);
}

int auto_disconnect_commit(const TaskStep *step, const json_t *job, const json_t *result,
                           Error *err) {
        const char *instance = json_get_string(step->task->data, "instance", "");
        autofree char *followers = NULL;
        autofree char *old = NULL;
        autojson rows = NULL;
        const json_t *row;
        size_t i;

        (void)job;
        (void)result;
        if (connection_save_all(step->database, instance, &old, err) < 0 ||
            list_followers(step, &followers, err) < 0 ||
            json_parse(old, strlen(old), &rows, err) < 0)
                return -1;
        json_put_string(step->task->data, "old", old);
        json_array_foreach(rows, i, row) {
                if (disconnect_one(step, row, followers, err) < 0)
                        return -1;
        }
        return TASK_OUTCOME_DONE;
}

int auto_disconnect_undo_commit(const TaskStep *step, const json_t *job, const json_t *result,
                                Error *err) {
        const char *old = json_get_string(step->task->data, "old", NULL);

        (void)job;
        (void)result;
        return old ? connection_restore(step->database, old, err) : TASK_OUTCOME_DONE;
}
