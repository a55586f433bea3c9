/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/hook-chain.h"

#include "base/text.h"
#include "interface/repository.h"
#include "task/change.h"

/* In their order. */
static const struct {
        HookStage stage;
        bool is_plug;
        const char *hook, *undo_hook;
} HOOKS[] = {
        { HOOK_STAGE_PREPARE, true, "prepare-plug", "unprepare-plug" },
        { HOOK_STAGE_PREPARE, false, "prepare-slot", "unprepare-slot" },
        { HOOK_STAGE_CONNECT, false, "connect-slot", "disconnect-slot" },
        { HOOK_STAGE_CONNECT, true, "connect-plug", "disconnect-plug" },
        { HOOK_STAGE_DISCONNECT, false, "disconnect-slot", "connect-slot" },
        { HOOK_STAGE_DISCONNECT, true, "disconnect-plug", "connect-plug" },
};

static int join_lanes(const HookChain *chain, int64_t task, Error *err) {
        if (chain->lane)
                return change_add_lane(chain->database, task, chain->lane, err);
        if (!chain->like)
                return 0;
        return database_run(chain->database, err,
                            "INSERT OR IGNORE INTO task_lane (task, lane) SELECT ?2, lane FROM "
                            "task_lane WHERE task = ?1",
                            "ii", chain->like, task) < 0
                       ? -1
                       : 0;
}

static int let_follow(const HookChain *chain, int64_t task, Error *err) {
        if (!chain->followers)
                return 0;
        return database_run(chain->database, err,
                            "INSERT OR IGNORE INTO task_wait (task, waits_for) SELECT value, ?2 "
                            "FROM json_each(?1)",
                            "si", chain->followers, task) < 0
                       ? -1
                       : 0;
}

int hook_chain_add(HookChain *chain, const char *kind, const char *summary, json_t *owned_data,
                   Error *err) {
        TaskDraft draft = { chain->change, kind, summary, chain->last };
        int64_t task = 0;

        if (change_add_task(chain->database, &draft, owned_data, &task, err) < 0 ||
            join_lanes(chain, task, err) < 0 || let_follow(chain, task, err) < 0)
                return -1;
        chain->last = task;
        return 0;
}

static int has_hook(Database *database, const char *instance, const char *hook, Error *err) {
        int64_t one = 0;

        return database_find_int(database, &one, err,
                                 "SELECT 1 FROM snap s JOIN hook h ON h.instance = s.instance AND "
                                 "h.revision = s.current WHERE s.instance = ? AND s.is_active = 1 "
                                 "AND h.name = ?",
                                 "ss", instance, hook);
}

static const char *get_instance(const ConnectionName *name, bool is_plug) {
        return is_plug ? name->plug_snap : name->slot_snap;
}

static char *format_hook(const char *prefix, const ConnectionName *name, bool is_plug) {
        return string_format("%s-%s", prefix, is_plug ? name->plug : name->slot);
}

int hook_chain_has(Database *database, HookStage stage, const ConnectionName *name, const char *of,
                   Error *err) {
        int has = 0;

        for (size_t i = 0; i < ARRAY_COUNT(HOOKS) && has == 0; i++) {
                bool is_plug = HOOKS[i].is_plug;
                const char *instance = get_instance(name, is_plug);
                autofree char *hook = format_hook(HOOKS[i].hook, name, is_plug);
                if (HOOKS[i].stage == stage && (!of || string_equal(instance, of)))
                        has = has_hook(database, instance, hook, err);
        }
        return has;
}

static int add_hook(HookChain *chain, size_t at, const ConnectionName *name, Error *err) {
        bool is_plug = HOOKS[at].is_plug;
        const char *instance = get_instance(name, is_plug);

        if (chain->without && string_equal(instance, chain->without))
                return 0;
        autofree char *hook = format_hook(HOOKS[at].hook, name, is_plug);
        autofree char *undo_hook = format_hook(HOOKS[at].undo_hook, name, is_plug);
        int has = has_hook(chain->database, instance, hook, err);

        if (has <= 0)
                return has;
        autofree char *summary = string_format("Run hook %s of snap \"%s\"", hook, instance);
        json_t *data = connection_name_format(name);
        json_put_string(data, "instance", instance);
        json_put_string(data, "hook", hook);
        json_put_string(data, "undo_hook", undo_hook);
        json_put_string(data, "side", is_plug ? "plug" : "slot");
        if (chain->connect)
                json_put(data, "connect", json_integer(chain->connect));
        if (chain->is_error_ignored)
                json_put(data, "ignore_error", json_true());
        return hook_chain_add(chain, "run-hook", summary, data, err);
}

int hook_chain_add_stage(HookChain *chain, HookStage stage, const ConnectionName *name,
                         Error *err) {
        for (size_t i = 0; i < ARRAY_COUNT(HOOKS); i++)
                if (HOOKS[i].stage == stage && add_hook(chain, i, name, err) < 0)
                        return -1;
        return 0;
}

/* Tasks have no number before they are there, and a connect task comes after its first hooks. */
static int tell_connect(const HookChain *chain, int64_t before, Error *err) {
        return database_run(chain->database, err,
                            "UPDATE task SET data = json_set(data, '$.connect', ?3) WHERE change = "
                            "?1 AND id > ?2 AND id < ?3 AND kind = 'run-hook'",
                            "iii", chain->change, before, chain->connect) < 0
                       ? -1
                       : 0;
}

static int find_newest(const HookChain *chain, int64_t *ret, Error *err) {
        return database_find_int(chain->database, ret, err,
                                 "SELECT coalesce(max(id), 0) FROM task WHERE change = ?", "i",
                                 chain->change) < 0
                       ? -1
                       : 0;
}

int hook_chain_add_connect(HookChain *chain, const ConnectionName *name, json_t *owned_data,
                           Error *err) {
        autojson data = owned_data;
        const char *slot_snap =
                *name->slot_snap ? name->slot_snap : repository_get_system_name(chain->database);
        autofree char *summary = string_format("Connect %s:%s to %s:%s", name->plug_snap,
                                               name->plug, slot_snap, name->slot);
        int64_t before = 0;

        chain->connect = 0;
        if (find_newest(chain, &before, err) < 0 ||
            hook_chain_add_stage(chain, HOOK_STAGE_PREPARE, name, err) < 0 ||
            hook_chain_add(chain, "connect", summary, take(data), err) < 0)
                return -1;
        chain->connect = chain->last;
        return tell_connect(chain, before, err);
}

int hook_chain_list_others(Database *database, const char *instance, json_t **ret, Error *err) {
        autoquery query = QUERY_INIT;
        autojson list = json_array();
        int more;

        if (query_open(database, &query, err,
                       "SELECT DISTINCT o.other FROM (SELECT slot_snap AS other, "
                       "'disconnect-slot-' || slot AS hook FROM connection WHERE plug_snap = ?1 "
                       "AND is_undesired = 0 UNION ALL SELECT plug_snap, 'disconnect-plug-' || "
                       "plug FROM connection WHERE slot_snap = ?1 AND is_undesired = 0) o CROSS "
                       "JOIN snap s ON s.instance = o.other AND s.is_active = 1 CROSS JOIN hook h "
                       "ON h.instance = s.instance AND h.revision = s.current AND h.name = o.hook "
                       "WHERE o.other <> ?1 ORDER BY 1",
                       "s", instance) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                json_array_append_new(list, json_string(query_get_text(&query, 0)));
        *ret = take(list);
        return more;
}
