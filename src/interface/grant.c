/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/grant.h"

#include <string.h>
#include <sys/socket.h>

#include "interface/endpoint-check.h"
#include "interface/grant-internal.h"

void grant_set_done(GrantSet *set) {
        for (size_t i = 0; i < set->row_count; i++) {
                free(set->rows[i].text);
                free(set->rows[i].second);
        }
        free(set->rows);
        for (size_t i = 0; i < set->origin_count; i++)
                free(set->origins[i].endpoint);
        for (size_t i = 0; i < set->share_count; i++) {
                free(set->shares[i].source_below);
                free(set->shares[i].target_below);
        }
        for (size_t i = 0; i < set->provider_count; i++) {
                free(set->providers[i].instance);
                free(set->providers[i].name);
                free(set->providers[i].revision);
                free(set->providers[i].file);
        }
        *set = (GrantSet){ 0 };
}

size_t grant_set_find(const GrantSet *set, GrantKind kind, size_t at) {
        while (at < set->row_count && set->rows[at].kind != kind)
                at++;
        return at;
}

bool grant_set_has(const GrantSet *set, GrantKind kind) {
        return grant_set_find(set, kind, 0) < set->row_count;
}

/* --- whose plug or slot it is --- */

static bool has_word(const json_t *list, const char *word) {
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *entry = json_string_value(json_array_get(list, i));
                if (entry && string_equal(entry, word))
                        return true;
        }
        return false;
}

static bool is_bound(const GrantRequest *request, bool is_plug, const char *name) {
        const json_t *all = json_object_get(request->manifest, is_plug ? "plugs" : "slots");
        const json_t *bound =
                json_object_get(json_object_get(all, name), request->is_hook ? "hooks" : "apps");

        return has_word(bound, request->program);
}

/* --- rows --- */

typedef struct Adding {
        GrantSet *set;
        const GrantContext *context;
        Error *err;
} Adding;

/* Takes the strings of `row`. */
int grant_add_row(GrantSet *set, GrantRow row, Error *err) {
        bool is_full = set->row_count == GRANT_ROW_COUNT_MAX;

        if (is_full) {
                free(row.text);
                free(row.second);
                return error_set(err, ERROR_FAILED,
                                 "more than %d rules for one program; connect fewer interfaces",
                                 GRANT_ROW_COUNT_MAX);
        }
        if (!set->rows)
                set->rows = memory_new(GRANT_ROW_COUNT_MAX * sizeof(*set->rows));
        row.origin = set->origin_count - 1;
        set->rows[set->row_count++] = row;
        return 0;
}

static int add_row(Adding *adding, GrantRow row) {
        return grant_add_row(adding->set, row, adding->err);
}

/* A row for each text that `text` stands for. */
static int add_texts(Adding *adding, GrantRow row, const char *text, GrantUse use) {
        autojson all = grant_text_expand(adding->context, text, use);

        for (size_t i = 0; i < json_array_size(all); i++) {
                GrantRow one = row;
                one.text = string_copy(json_string_value(json_array_get(all, i)));
                one.second = row.second ? string_copy(row.second) : NULL;
                if (add_row(adding, one) < 0)
                        return -1;
        }
        return 0;
}

static int add_files(Adding *adding, const InterfaceFile *file) {
        for (; file && file->path; file++) {
                GrantRow row = { .kind = GRANT_FILE, .access = file->access, .make = file->make };
                if (add_texts(adding, row, file->path, GRANT_USE_PATH) < 0)
                        return -1;
        }
        return 0;
}

static int add_devices(Adding *adding, const InterfaceDevice *device) {
        for (; device && (device->path || device->kind); device++) {
                GrantRow row = { .kind = GRANT_DEVICE, .access = device->access, .device = device };
                int status = device->path ? add_texts(adding, row, device->path, GRANT_USE_PATH)
                                          : add_row(adding, row);
                if (status < 0)
                        return -1;
        }
        return 0;
}

static int add_sockets(Adding *adding, const InterfaceSocket *socket) {
        for (; socket && socket->name; socket++) {
                GrantRow row = { .kind = GRANT_SOCKET, .socket = socket };
                row.text = string_copy(socket->name);
                if (add_row(adding, row) < 0)
                        return -1;
        }
        return 0;
}

/* The first value of what `text` stands for, or NULL. */
static char *expand_first(const GrantContext *context, const char *text, GrantUse use) {
        autojson all = grant_text_expand(context, text, use);
        const char *first = json_string_value(json_array_get(all, 0));

        return first ? string_copy(first) : NULL;
}

static int add_mounts(Adding *adding, const InterfaceMount *mount) {
        for (; mount && mount->what; mount++) {
                autofree char *where = expand_first(adding->context, mount->where, GRANT_USE_PATH);
                GrantRow row = { .kind = GRANT_MOUNT,
                                 .access = mount->access,
                                 .second = where,
                                 .make = mount->make };
                if (where && add_texts(adding, row, mount->what, GRANT_USE_PATH) < 0)
                        return -1;
        }
        return 0;
}

static int add_buses(Adding *adding, const InterfaceBus *bus) {
        for (; bus && bus->bus; bus++) {
                autofree char *which = expand_first(adding->context, bus->bus, GRANT_USE_WORD);
                autofree char *path =
                        bus->path ? expand_first(adding->context, bus->path, GRANT_USE_WORD) : NULL;
                GrantRow row = { .kind = GRANT_BUS, .bus = bus, .second = path };
                if (!which || (bus->path && !path))
                        continue;
                row.is_session = string_equal(which, "session");
                if (add_texts(adding, row, bus->name, GRANT_USE_WORD) < 0)
                        return -1;
        }
        return 0;
}

static int add_variables(Adding *adding, const InterfaceVariable *variable) {
        for (; variable && variable->key; variable++) {
                GrantRow row = { .kind = GRANT_VARIABLE };
                row.second = expand_first(adding->context, variable->value, GRANT_USE_TEXT);
                if (!row.second)
                        continue;
                row.text = string_copy(variable->key);
                if (add_row(adding, row) < 0)
                        return -1;
        }
        return 0;
}

static int add_list(Adding *adding, InterfaceList list, const char *const *texts) {
        GrantRow row = { .kind = GRANT_UNIX_SOCKET + list };
        GrantUse use = list == INTERFACE_LIST_UNIX_SOCKETS ? GRANT_USE_PATH : GRANT_USE_WORD;

        for (; texts && *texts; texts++)
                if (add_texts(adding, row, *texts, use) < 0)
                        return -1;
        return 0;
}

/* --- blocks --- */

/* "$SLOT(a)" is what the other side says; nothing where it says nothing. */
static json_t *find_wanted(const GrantContext *context, json_t *wanted) {
        const char *text = json_string_value(wanted);

        if (!text || *text != '$')
                return json_incref(wanted);
        autojson all = grant_text_expand(context, text, GRANT_USE_WORD);
        return json_incref(json_array_get(all, 0));
}

/* What an attribute that is absent stands for is not looked at: a condition names what was said. */
static bool holds(const GrantContext *context, const char *condition, const json_t *attributes) {
        const char *key;
        json_t *said;

        if (!condition)
                return true;
        autojson conditions = json_loads(condition, 0, NULL);
        json_object_foreach(conditions, key, said) {
                const json_t *value = json_object_get(attributes, key);
                autojson wanted = find_wanted(context, said);
                if (!value || !wanted || !json_equal(value, wanted))
                        return false;
        }
        return conditions != NULL;
}

static int add_grants(Adding *adding, const InterfaceGrants *grants) {
        GrantSet *set = adding->set;

        set->flags |= grants->flags;
        set->capabilities |= grants->capabilities;
        if (add_files(adding, grants->files) < 0 || add_devices(adding, grants->devices) < 0 ||
            add_sockets(adding, grants->sockets) < 0 || add_mounts(adding, grants->mounts) < 0 ||
            add_buses(adding, grants->dbus) < 0 || add_variables(adding, grants->environment) < 0)
                return -1;
        for (size_t i = 0; i < INTERFACE_LIST_COUNT; i++)
                if (add_list(adding, (InterfaceList)i, grants->lists[i]) < 0)
                        return -1;
        return 0;
}

static int add_origin(Adding *adding, bool is_plug, const char *endpoint,
                      const InterfaceGrants *grants) {
        GrantSet *set = adding->set;

        if (set->origin_count == GRANT_ORIGIN_COUNT_MAX)
                return error_set(
                        adding->err, ERROR_FAILED,
                        "more than %d connections of one program; connect fewer interfaces",
                        GRANT_ORIGIN_COUNT_MAX);
        set->origins[set->origin_count++] = (GrantOrigin){ .endpoint = string_copy(endpoint),
                                                           .is_plug = is_plug,
                                                           .kind = adding->context->kind,
                                                           .grants = grants };
        return 0;
}

typedef struct Side {
        bool is_plug, is_always, is_unconditional;
        const char *endpoint;
} Side;

static int add_blocks(Adding *adding, const Side *side) {
        const GrantContext *context = adding->context;
        const InterfaceSide *declared = side->is_plug ? &context->kind->plug : &context->kind->slot;
        const json_t *attributes =
                side->is_plug ? context->plug_attributes : context->slot_attributes;

        for (const InterfaceBlock *block = declared->blocks; block && block->grants; block++) {
                if (block->is_always != side->is_always ||
                    (!side->is_unconditional &&
                     holds(context, block->condition, attributes) == block->is_unless))
                        continue;
                if (add_origin(adding, side->is_plug, side->endpoint, block->grants) < 0 ||
                    add_grants(adding, block->grants) < 0)
                        return -1;
        }
        return 0;
}

/* Without a state (of an example) only those that need none. */
static GrantHook find_hook(const char *name, bool has_state) {
        static const struct {
                const char *name;
                GrantHook hook;
                bool is_pure; /* asks attributes only */
        } rows[] = {
                { "cups", grant_add_cups, false },
                { "gpio", grant_add_pin, true },
                { "kernel-module-load", grant_add_modules, true },
                { "mount-control", grant_add_mounts, true },
                { "opengl", grant_add_driver, true },
                { "polkit", grant_add_actions, false },
                { "posix-mq", grant_add_queues, true },
                { "serial-port", grant_add_serial, true },
        };

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
                if (string_equal(rows[i].name, name) && (has_state || rows[i].is_pure))
                        return rows[i].hook;
        return NULL;
}

/* Connected or not; of one endpoint, whose attributes are all that is known. */
static GrantHook find_permanent_hook(const char *name, bool is_plug) {
        return !is_plug && string_equal(name, "posix-mq") ? grant_add_queues : NULL;
}

static int add_permanent_side(Adding *adding, const Side *side) {
        const GrantContext *context = adding->context;
        GrantHook hook = find_permanent_hook(context->kind->name, side->is_plug);

        if (add_blocks(adding, side) < 0)
                return -1;
        return hook ? hook(NULL, adding->set, context, adding->err) : 0;
}

bool grant_has_hook(const char *interface) {
        return find_hook(interface, true) != NULL;
}

int grant_set_add_example(GrantSet *set, const GrantExample *example, Error *err) {
        GrantContext context = { .kind = example->kind,
                                 .instance = example->instance,
                                 .name = example->name,
                                 .peer = example->peer,
                                 .is_plug = example->is_plug,
                                 .plug_attributes = example->plug_attributes,
                                 .slot_attributes = example->slot_attributes };
        Adding adding = { set, &context, err };
        Side side = { .is_plug = example->is_plug,
                      .is_unconditional = example->has_all,
                      .endpoint = example->kind->name };

        if (add_blocks(&adding, &side) < 0)
                return -1;
        GrantHook hook = side.is_plug ? find_hook(example->kind->name, false) : NULL;
        if (hook && hook(NULL, set, &context, err) < 0)
                return -1;
        side.is_always = true;
        return add_permanent_side(&adding, &side);
}

/* --- the set --- */

typedef struct Loading {
        Database *database;
        const GrantRequest *request;
        GrantSet *set;
} Loading;

/* Columns: is it our plug, endpoint, other snap, interface, attributes of plug and slot. */
static int add_connection(const Loading *loading, const Query *row, Error *err) {
        Side side = { .is_plug = query_get_int(row, 0) != 0, .endpoint = query_get_text(row, 1) };
        const char *plug_text = query_get_text(row, 4), *slot_text = query_get_text(row, 5);
        autojson plug_attributes = NULL;
        autojson slot_attributes = NULL;
        GrantContext context = { .kind = interface_kind_find(query_get_text(row, 3)),
                                 .instance = loading->request->instance,
                                 .name = loading->request->name,
                                 .peer = query_get_text(row, 2),
                                 .is_plug = side.is_plug };
        Adding adding = { loading->set, &context, err };

        if (!context.kind || !is_bound(loading->request, side.is_plug, side.endpoint))
                return 0;
        if (json_parse(plug_text, strlen(plug_text), &plug_attributes, err) < 0 ||
            json_parse(slot_text, strlen(slot_text), &slot_attributes, err) < 0)
                return -1;
        context.plug_attributes = plug_attributes;
        context.slot_attributes = slot_attributes;
        if (add_blocks(&adding, &side) < 0)
                return -1;
        if (!side.is_plug)
                return 0;
        GrantHook hook = find_hook(context.kind->name, true);
        if (hook && hook(loading->database, loading->set, &context, err) < 0)
                return -1;
        if (!context.kind->plug_sees_slot)
                return 0;
        return grant_add_shares(loading->database, loading->set, context.peer, plug_attributes,
                                slot_attributes, err);
}

#define SQL_LIVE                                                                            \
        "SELECT 1 AS is_plug, plug AS own, slot_snap AS peer, interface, plug_attributes, " \
        "slot_attributes, plug, slot FROM live_connection WHERE plug_snap = ?1 UNION ALL "  \
        "SELECT 0, slot, plug_snap, interface, plug_attributes, slot_attributes, plug, "    \
        "slot FROM live_connection WHERE slot_snap = ?1 "                                   \
        "ORDER BY is_plug DESC, own, peer, plug, slot"

/* As if ?2 were the current revision: what is connected, by the names that it has. */
#define SQL_LIVE_OF_REVISION                                                                                 \
        "SELECT 1 AS is_plug, c.plug AS own, c.slot_snap AS peer, c.interface, o.attributes, "               \
        "t.attributes, c.plug AS plug, c.slot AS slot FROM connection c JOIN endpoint o ON "                 \
        "o.instance = c.plug_snap AND o.revision = ?2 AND o.side = 'plug' AND o.name = c.plug "              \
        "AND o.interface = c.interface JOIN live_endpoint t ON t.instance = c.slot_snap AND "                \
        "t.side = 'slot' AND t.name = c.slot AND t.interface = c.interface WHERE "                           \
        "c.is_undesired = 0 AND c.plug_snap = ?1 AND "                                                       \
        "" ENDPOINT_FAULT(                                                                                   \
                "o") " IS NULL UNION ALL "                                                                   \
                     "SELECT 0, c.slot, c.plug_snap, c.interface, p.attributes, o.attributes, c.plug, "      \
                     "c.slot FROM connection c JOIN endpoint o ON o.instance = c.slot_snap AND "             \
                     "o.revision = ?2 AND o.side = 'slot' AND o.name = c.slot AND o.interface = "            \
                     "c.interface JOIN live_endpoint p ON p.instance = c.plug_snap AND p.side = 'plug' AND " \
                     "p.name = c.plug AND p.interface = c.interface WHERE c.is_undesired = 0 AND "           \
                     "c.slot_snap = ?1 AND " ENDPOINT_FAULT(                                                 \
                             "o") " IS NULL "                                                                \
                                  "ORDER BY is_plug DESC, own, peer, plug, slot"

static int add_connections(const Loading *loading, Error *err) {
        const char *revision = loading->request->revision;
        const char *instance = loading->request->instance;
        autoquery query = QUERY_INIT;
        int more;

        if ((revision ? query_open(loading->database, &query, err, SQL_LIVE_OF_REVISION, "ss",
                                   instance, revision)
                      : query_open(loading->database, &query, err, SQL_LIVE, "s", instance)) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                if (add_connection(loading, &query, err) < 0)
                        return -1;
        return more;
}

static int add_permanent(const Loading *loading, const Query *row, Error *err) {
        Side side = { .is_plug = string_equal(query_get_text(row, 0), "plug"),
                      .is_always = true,
                      .endpoint = query_get_text(row, 1) };
        const char *text = query_get_text(row, 3);
        autojson attributes = NULL;
        GrantContext context = { .kind = interface_kind_find(query_get_text(row, 2)),
                                 .instance = loading->request->instance,
                                 .name = loading->request->name,
                                 .peer = "",
                                 .is_plug = side.is_plug };
        Adding adding = { loading->set, &context, err };

        if (!context.kind || !is_bound(loading->request, side.is_plug, side.endpoint))
                return 0;
        if (json_parse(text, strlen(text), &attributes, err) < 0)
                return -1;
        *(side.is_plug ? &context.plug_attributes : &context.slot_attributes) = attributes;
        return add_permanent_side(&adding, &side);
}

#define SQL_ENDPOINTS                                                                    \
        "SELECT side, name, interface, attributes FROM snap_endpoint WHERE instance = ?" \
        " ORDER BY side, name"
#define SQL_ENDPOINTS_OF_REVISION                                                     \
        "SELECT side, name, interface, attributes FROM endpoint WHERE instance = ?1 " \
        "AND revision = ?2 AND " ENDPOINT_FAULT("endpoint") " IS NULL "               \
                                                            "ORDER BY side, name"

static int add_all_permanent(const Loading *loading, Error *err) {
        const char *revision = loading->request->revision;
        const char *instance = loading->request->instance;
        autoquery query = QUERY_INIT;
        int more;

        if ((revision ? query_open(loading->database, &query, err, SQL_ENDPOINTS_OF_REVISION, "ss",
                                   instance, revision)
                      : query_open(loading->database, &query, err, SQL_ENDPOINTS, "s", instance)) <
            0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                if (add_permanent(loading, &query, err) < 0)
                        return -1;
        return more;
}

int grant_set_load(Database *database, const GrantRequest *request, GrantSet *ret, Error *err) {
        __attribute__((cleanup(grant_set_done))) GrantSet set = { 0 };
        const Loading loading = { database, request, &set };

        if (add_all_permanent(&loading, err) < 0 || add_connections(&loading, err) < 0)
                return -1;
        *ret = set;
        set = (GrantSet){ 0 };
        return 0;
}

/* The template lets every program bind, listen and accept, because the only sockets that it can
 * make are unix ones.  One that may make internet sockets and may not serve the network loses that:
 * the filter cannot see of what family the socket is. */
void grant_set_append_seccomp(const GrantSet *set, Text *rules) {
        static const char *const serving[] = { "listen", "accept", "accept4" };
        bool has_internet = false;

        for (size_t i = 0; i < set->row_count; i++) {
                const InterfaceSocket *socket = set->rows[i].socket;
                if (!socket)
                        continue;
                has_internet |= socket->family == AF_INET || socket->family == AF_INET6;
                text_append_format(rules, "allow socket 0&0xffffffff=%d", socket->family);
                if (socket->protocol >= 0)
                        text_append_format(rules, " 2&0xffffffff=%d", socket->protocol);
                text_append(rules, "\n");
        }
        for (size_t i = 0; i < set->row_count; i++)
                if (set->rows[i].kind == GRANT_SYSTEM_CALL)
                        text_append_format(rules, "rule %s\n", set->rows[i].text);
        if (set->flags & INTERFACE_LIFTS_NAMESPACES)
                text_append(rules, "rule clone\nrule unshare\nrule setns\nrule chroot\n");
        grant_set_append_queue_rules(set, rules);
        if (has_internet && !(set->flags & INTERFACE_LISTENS))
                for (size_t i = 0; i < ARRAY_COUNT(serving); i++)
                        text_append_format(rules, "refuse %s\n", serving[i]);
}
