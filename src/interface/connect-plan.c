/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/connect-plan.h"

#include <string.h>

#include "base/text.h"
#include "interface/connection-row.h"
#include "interface/endpoint-check.h"
#include "interface/grant-polkit.h"
#include "interface/hook-chain.h"
#include "interface/repository.h"
#include "task/change.h"

/* The state's name of a snap that a client named. */
static const char *to_instance(const char *snap) {
        return repository_is_system_name(snap) ? "" : snap;
}

static const char *to_shown(Database *database, const char *instance) {
        return *instance ? instance : repository_get_system_name(database);
}

static int require_snap(Database *database, const char *instance, Error *err) {
        int64_t one = 0;

        if (!*instance)
                return 0;
        int found = database_find_int(
                database, &one, err,
                "SELECT 1 FROM snap WHERE instance = ? AND current IS NOT NULL", "s", instance);
        if (found == 0)
                return error_set(err, ERROR_BAD_REQUEST, "snap \"%.60s\" is not installed",
                                 instance);
        return found < 0 ? -1 : 0;
}

#define OWN_FAULT ENDPOINT_FAULT("e")

static const char FAULT[] =
        "SELECT iif(e.name IS NULL, r.manifest -> 'bad-interfaces' ->> ?3, " OWN_FAULT ") "
        "FROM snap s JOIN revision r ON r.instance = s.instance AND r.revision = s.current "
        "LEFT JOIN endpoint e ON e.instance = s.instance AND e.revision = s.current AND e.side = ?2 "
        "AND e.name = ?3 WHERE s.instance = ?1 AND s.is_active = 1";

/* What is wrong with a plug or slot that the package has and that takes no part; NULL where the
 * package has none of that name. */
static int find_fault(Database *database, const char *side, const char *instance, const char *name,
                      char **ret, Error *err) {
        return database_find_text(database, ret, err, FAULT, "sss", instance, side, name);
}

/* The interface of a live plug or slot; `what` is the side's name for people too. */
static int require_endpoint(Database *database, const char *side, const char *instance,
                            const char *name, char **ret_interface, Error *err) {
        int found = database_find_text(
                database, ret_interface, err,
                "SELECT interface FROM live_endpoint WHERE instance = ? AND side = ? AND name = ?",
                "sss", instance, side, name);
        autofree char *fault = NULL;

        if (found == 0 && find_fault(database, side, instance, name, &fault, err) < 0)
                return -1;
        if (found == 0 && fault)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "%s \"%s\" of snap \"%s\" takes no part: %s", side, name, instance,
                                 fault);
        if (found == 0)
                return error_set(err, ERROR_BAD_REQUEST, "snap \"%s\" has no %s named \"%.60s\"",
                                 to_shown(database, instance), side, name);
        return found < 0 ? -1 : 0;
}

/* The one slot of a snap with this interface. */
static int find_slot(Database *database, const char *instance, const char *interface, char **ret,
                     Error *err) {
        autofree char *names = NULL;

        if (database_find_text(
                    database, &names, err,
                    "SELECT group_concat(name, ', ') FROM (SELECT name FROM "
                    "live_endpoint WHERE instance = ? AND side = 'slot' AND interface = ? "
                    "ORDER BY name)",
                    "ss", instance, interface) < 0)
                return -1;
        if (!names)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "snap \"%s\" has no \"%s\" interface slots",
                                 to_shown(database, instance), interface);
        if (strchr(names, ','))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "snap \"%s\" has multiple \"%s\" interface slots: %.200s",
                                 to_shown(database, instance), interface, names);
        *ret = take(names);
        return 0;
}

/* What a request to connect means. */
typedef struct Resolved {
        ConnectionName name;
        char *slot;      /* owned; what name.slot is where it was left out */
        char *interface; /* owned */
} Resolved;

static void resolved_done(Resolved *resolved) {
        free(resolved->slot);
        free(resolved->interface);
}

static int resolve_slot(Database *database, const EndpointRequest *slot, Resolved *resolved,
                        Error *err) {
        ConnectionName *name = &resolved->name;
        autofree char *other = NULL;

        if (!*slot->name) {
                if (find_slot(database, name->slot_snap, resolved->interface, &resolved->slot,
                              err) < 0)
                        return -1;
                name->slot = resolved->slot;
                return 0;
        }
        name->slot = slot->name;
        if (require_endpoint(database, "slot", name->slot_snap, name->slot, &other, err) < 0)
                return -1;
        if (string_equal(other, resolved->interface))
                return 0;
        return error_set(err, ERROR_BAD_REQUEST,
                         "cannot connect %s:%s (\"%s\" interface) to %s:%s (\"%s\" interface)",
                         name->plug_snap, name->plug, resolved->interface,
                         to_shown(database, name->slot_snap), name->slot, other);
}

/* The plug's name, where it was left out, is the slot's; without a slot's snap it is the system. */
static int resolve(Database *database, const EndpointRequest *plug, const EndpointRequest *slot,
                   Resolved *ret, Error *err) {
        ConnectionName *name = &ret->name;

        name->plug_snap = plug->snap;
        name->plug = *plug->name ? plug->name : slot->name;
        name->slot_snap = to_instance(slot->snap);
        if (!*plug->snap || !*name->plug)
                return error_set(err, ERROR_BAD_REQUEST, "a plug has to be named");
        if (require_snap(database, name->plug_snap, err) < 0 ||
            require_snap(database, name->slot_snap, err) < 0 ||
            require_endpoint(database, "plug", name->plug_snap, name->plug, &ret->interface, err) <
                    0)
                return -1;
        return resolve_slot(database, slot, ret, err);
}

/* Between two packages that are asserted the rules decide, otherwise whoever asks. */
static int check_rules(Database *database, const Resolved *resolved, Error *err) {
        const ConnectionName *name = &resolved->name;
        autofree char *refusal = NULL;

        if (database_find_text(
                    database, &refusal, err,
                    "SELECT connect_refusal(p.interface, p.told, t.told, (SELECT told FROM machine)) "
                    "FROM policy_end p JOIN policy_end t ON t.side = 'slot' AND t.instance = ?3 AND "
                    "t.name = ?4 WHERE p.side = 'plug' AND p.instance = ?1 AND p.name = ?2",
                    "ssss", name->plug_snap, name->plug, name->slot_snap, name->slot) < 0)
                return -1;
        if (!refusal)
                return 0;
        return error_set(err, ERROR_BAD_REQUEST,
                         "cannot connect plug \"%s\" from snap \"%s\", slot \"%s\" from \"%s\": %s",
                         name->plug, name->plug_snap, name->slot,
                         to_shown(database, name->slot_snap), refusal);
}

static int check_files(Database *database, const Resolved *resolved, Error *err) {
        return string_equal(resolved->interface, "polkit")
                       ? grant_polkit_check(database, resolved->name.plug_snap, resolved->name.plug,
                                            err)
                       : 0;
}

/* --- the changes --- */

/* The snaps that a change touches; the system is none. */
typedef struct Touched {
        const char **instances; /* room for as many as are touched */
        size_t count;
} Touched;

static void touch(Touched *touched, const char *instance) {
        for (size_t i = 0; i < touched->count; i++)
                if (string_equal(touched->instances[i], instance))
                        return;
        if (*instance)
                touched->instances[touched->count++] = instance;
}

static int add_change(Database *database, ChangeDraft draft, const Touched *touched,
                      int64_t *ret_change, Error *err) {
        autojson api_data = json_object();
        json_t *names = json_array();

        for (size_t i = 0; i < touched->count; i++)
                json_array_append_new(names, json_string(touched->instances[i]));
        json_put(api_data, "snap-names", names);
        draft.api_data = api_data;
        if (change_check_conflict(database, touched->instances, touched->count, err) < 0)
                return -1;
        return change_add(database, &draft, touched->instances, touched->count, ret_change, err);
}

static char *format_task_summary(Database *database, const char *format,
                                 const ConnectionName *name) {
        const char *verb = string_equal(format, "to") ? "Connect" : "Disconnect";

        return string_format("%s %s:%s %s %s:%s", verb, name->plug_snap, name->plug, format,
                             to_shown(database, name->slot_snap), name->slot);
}

/* What the client named is said in its words; what it left out, as the names that were found. */
static char *format_change_summary(Database *database, const char *format,
                                   const EndpointRequest *plug, const EndpointRequest *slot,
                                   const ConnectionName *name) {
        const char *verb = string_equal(format, "to") ? "Connect" : "Disconnect";

        if (*plug->snap && *plug->name && *slot->snap && *slot->name)
                return string_format("%s %s:%s %s %s:%s", verb, plug->snap, plug->name, format,
                                     slot->snap, slot->name);
        return format_task_summary(database, format, name);
}

static int add_connect_tasks(Database *database, int64_t change, const ConnectionName *name,
                             Error *err) {
        HookChain chain = { .database = database, .change = change };

        if (hook_chain_add_connect(&chain, name, connection_name_format(name), err) < 0)
                return -1;
        return hook_chain_add_stage(&chain, HOOK_STAGE_CONNECT, name, err);
}

int plan_connect(Database *database, const EndpointRequest *plug, const EndpointRequest *slot,
                 int64_t *ret_change, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;
        __attribute__((cleanup(resolved_done))) Resolved resolved = { 0 };
        const ConnectionName *name = &resolved.name;
        const char *instances[2];
        Touched touched = { .instances = instances };
        bool is_wanted = false;

        if (resolve(database, plug, slot, &resolved, err) < 0 ||
            check_rules(database, &resolved, err) < 0 || check_files(database, &resolved, err) < 0)
                return -1;
        autofree char *summary = format_change_summary(database, "to", plug, slot, name);
        touch(&touched, name->plug_snap);
        touch(&touched, name->slot_snap);
        ChangeDraft draft = { .kind = "connect-snap", .summary = summary };
        if (transaction_begin(database, &transaction, err) < 0 ||
            add_change(database, draft, &touched, ret_change, err) < 0 ||
            connection_find(database, name, &is_wanted, err) < 0)
                return -1;
        if (!is_wanted && add_connect_tasks(database, *ret_change, name, err) < 0)
                return -1;
        return transaction_commit(&transaction, err);
}

/* --- disconnect --- */

static json_t *copy_row(const Query *query) {
        ConnectionName name = { query_get_text(query, 0), query_get_text(query, 1),
                                query_get_text(query, 2), query_get_text(query, 3) };

        return connection_name_format(&name);
}

/* Both ends named: that one. */
static int find_exact(Database *database, const DisconnectRequest *request, json_t *ret,
                      Error *err) {
        ConnectionName name = { request->plug.snap, request->plug.name,
                                to_instance(request->slot.snap), request->slot.name };
        autofree char *ignored = NULL;
        autofree char *ignored_too = NULL;
        bool is_wanted = false;

        if (require_snap(database, name.plug_snap, err) < 0 ||
            require_snap(database, name.slot_snap, err) < 0)
                return -1;
        int found = connection_find(database, &name, &is_wanted, err);
        if (found < 0)
                return -1;
        if (is_wanted || (found > 0 && request->is_forgotten)) {
                json_array_append_new(ret, connection_name_format(&name));
                return 0;
        }
        if (require_endpoint(database, "plug", name.plug_snap, name.plug, &ignored, err) < 0 ||
            require_endpoint(database, "slot", name.slot_snap, name.slot, &ignored_too, err) < 0)
                return -1;
        return error_set(err, ERROR_BAD_REQUEST,
                         request->is_forgotten
                                 ? "cannot forget connection %s:%s from %s:%s, it was not connected"
                                 : "cannot disconnect %s:%s from %s:%s, it is not connected",
                         name.plug_snap, name.plug, to_shown(database, name.slot_snap), name.slot);
}

static int require_either(Database *database, const char *instance, const char *name, Error *err) {
        int64_t one = 0;
        int found =
                database_find_int(database, &one, err,
                                  "SELECT 1 FROM live_endpoint WHERE instance = ?1 AND name = ?2 "
                                  "UNION SELECT 1 FROM connection WHERE (plug_snap = ?1 AND plug "
                                  "= ?2) OR (slot_snap = ?1 AND slot = ?2)",
                                  "ss", instance, name);

        if (found == 0)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "snap \"%s\" has no plug or slot named \"%.60s\"",
                                 to_shown(database, instance), name);
        return found < 0 ? -1 : 0;
}

/* One end named, whichever it is: everything that hangs on it. */
static int find_all(Database *database, const DisconnectRequest *request, json_t *ret, Error *err) {
        const EndpointRequest *end = *request->slot.name ? &request->slot : &request->plug;
        const char *instance = to_instance(end->snap);
        autoquery query = QUERY_INIT;
        int more;

        if (!*end->name)
                return error_set(err, ERROR_BAD_REQUEST, "a plug or slot has to be named");
        if (require_snap(database, instance, err) < 0 ||
            require_either(database, instance, end->name, err) < 0)
                return -1;
        if (query_open(
                    database, &query, err,
                    "SELECT plug_snap, plug, slot_snap, slot FROM connection WHERE ((plug_snap = "
                    "?1 AND plug = ?2) OR (slot_snap = ?1 AND slot = ?2)) AND (is_undesired = 0 "
                    "OR ?3) ORDER BY 1, 2, 3, 4",
                    "ssi", instance, end->name, (int64_t)request->is_forgotten) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                json_array_append_new(ret, copy_row(&query));
        if (more == 0 && json_array_size(ret) == 0)
                return error_set(err, ERROR_INTERFACES_UNCHANGED, "nothing to do");
        return more;
}

static int add_disconnect_tasks(Database *database, int64_t change, const json_t *row, int64_t lane,
                                bool is_forgotten, Error *err) {
        ConnectionName name = connection_name_parse(row);
        autofree char *summary = format_task_summary(database, "from", &name);
        HookChain chain = { .database = database, .change = change, .lane = lane };
        bool is_wanted = false;

        /* One that is only remembered as not wanted is connected nowhere. */
        if (connection_find(database, &name, &is_wanted, err) < 0 ||
            (is_wanted && hook_chain_add_stage(&chain, HOOK_STAGE_DISCONNECT, &name, err) < 0))
                return -1;
        json_t *data = connection_name_format(&name);
        json_put(data, "is_forgotten", json_boolean(is_forgotten));
        return hook_chain_add(&chain, "disconnect", summary, data, err);
}

static char *format_disconnect_summary(Database *database, const DisconnectRequest *request,
                                       const json_t *rows) {
        const EndpointRequest *end = *request->slot.name ? &request->slot : &request->plug;
        ConnectionName name = connection_name_parse(json_array_get(rows, 0));

        if (json_array_size(rows) == 1)
                return format_change_summary(database, "from", &request->plug, &request->slot,
                                             &name);
        return string_format("Disconnect everything from %s:%s",
                             to_shown(database, to_instance(end->snap)), end->name);
}

int plan_disconnect(Database *database, const DisconnectRequest *request, int64_t *ret_change,
                    Error *err) {
        bool is_exact = *request->plug.name && *request->slot.name;
        autotransaction transaction = TRANSACTION_INIT;
        autojson rows = json_array();
        size_t i;
        json_t *row;

        if ((is_exact ? find_exact : find_all)(database, request, rows, err) < 0)
                return -1;
        autofree char *summary = format_disconnect_summary(database, request, rows);
        autofree const char **instances =
                memory_new(2 * json_array_size(rows) * sizeof(*instances));
        Touched touched = { .instances = instances };
        json_array_foreach(rows, i, row) {
                touch(&touched, json_get_string(row, "plug_snap", ""));
                touch(&touched, json_get_string(row, "slot_snap", ""));
        }
        ChangeDraft draft = { .kind = "disconnect-snap", .summary = summary };
        if (transaction_begin(database, &transaction, err) < 0 ||
            add_change(database, draft, &touched, ret_change, err) < 0)
                return -1;
        json_array_foreach(rows, i, row) {
                int64_t lane = json_array_size(rows) > 1 ? (int64_t)i + 1 : 0;
                if (add_disconnect_tasks(database, *ret_change, row, lane, request->is_forgotten,
                                         err) < 0)
                        return -1;
        }
        return transaction_commit(&transaction, err);
}
