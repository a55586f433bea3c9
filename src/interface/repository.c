/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/repository.h"

#include "base/json.h"
#include "base/text.h"
#include "interface/endpoint-check.h"
#include "interface/interface-kind.h"

static const char *const AUTO_NAMES[] = {
        [INTERFACE_AUTO_NEVER] = "never",
        [INTERFACE_AUTO_ALWAYS] = "always",
        [INTERFACE_AUTO_CLASSIC] = "classic",
        [INTERFACE_AUTO_SAME_PUBLISHER] = "same-publisher",
};

/* An endpoint of a snap that counts; simple enough for SQLite to look up single rows by it. */
#define SNAP_ENDPOINT_FROM                                                                     \
        "FROM snap s JOIN endpoint e ON e.instance = s.instance AND e.revision = s.current "   \
        "JOIN interface_kind k ON k.name = e.interface WHERE s.is_active = 1 AND "             \
        "(e.side = 'plug' OR EXISTS (SELECT 1 FROM json_each(k.slot_types) t WHERE t.value = " \
        "CASE WHEN s.type IN ('os', 'snapd') THEN 'core' ELSE s.type END)) "                   \
        "AND endpoint_fault(e.side, e.interface, e.attributes) IS NULL"

static const char *const STATEMENTS[] = {
        "CREATE TEMP TABLE interface_kind (name TEXT PRIMARY KEY, is_implicit INTEGER NOT NULL, "
        "auto_connect TEXT NOT NULL, never_auto_if TEXT NOT NULL, must_match TEXT, slot_types TEXT "
        "NOT NULL) STRICT",

        "CREATE TEMP TABLE machine (is_classic INTEGER NOT NULL) STRICT",

        "CREATE TEMP VIEW snap_endpoint AS SELECT e.instance, e.revision, e.side, e.name, "
        "e.interface, e.label, e.attributes, s.type " SNAP_ENDPOINT_FROM,

        "CREATE TEMP VIEW live_endpoint AS SELECT * FROM snap_endpoint UNION ALL SELECT '', '', "
        "'slot', name, name, '', '{}', 'system' FROM interface_kind WHERE is_implicit",

        "CREATE TEMP VIEW live_connection AS "
        "SELECT c.plug_snap, c.plug, c.slot_snap, c.slot, c.interface, c.is_auto, "
        "p.attributes AS plug_attributes, t.attributes AS slot_attributes "
        "FROM connection c JOIN snap_endpoint p ON p.instance = c.plug_snap AND p.side = 'plug' AND "
        "p.name = c.plug AND p.interface = c.interface "
        "JOIN snap_endpoint t ON t.instance = c.slot_snap AND t.side = 'slot' AND t.name = c.slot "
        "AND t.interface = c.interface WHERE c.is_undesired = 0 "
        "UNION ALL "
        "SELECT c.plug_snap, c.plug, c.slot_snap, c.slot, c.interface, c.is_auto, p.attributes, "
        "'{}' FROM connection c JOIN snap_endpoint p ON p.instance = c.plug_snap AND "
        "p.side = 'plug' AND p.name = c.plug AND p.interface = c.interface "
        "JOIN interface_kind k ON k.name = c.slot AND k.is_implicit WHERE c.is_undesired = 0 "
        "AND c.slot_snap = '' AND c.slot = c.interface",

        /* Who published what is not known before there are assertions: same-publisher is nobody. */
        "CREATE TEMP VIEW auto_connect_candidate AS "
        "SELECT p.instance AS plug_snap, p.name AS plug, t.instance AS slot_snap, t.name AS slot, "
        "p.interface AS interface FROM live_endpoint p JOIN live_endpoint t ON t.side = 'slot' AND "
        "t.interface = p.interface JOIN interface_kind k ON k.name = p.interface "
        "WHERE p.side = 'plug' AND (k.auto_connect = 'always' OR (k.auto_connect = 'classic' AND "
        "(SELECT is_classic FROM machine))) "
        "AND NOT EXISTS (SELECT 1 FROM json_each(k.never_auto_if) n JOIN json_each(p.attributes) a "
        "ON a.key = n.key AND a.value = n.value) "
        "AND (k.must_match IS NULL OR "
        "coalesce((SELECT value FROM json_each(p.attributes) WHERE key = k.must_match), p.name) = "
        "coalesce((SELECT value FROM json_each(t.attributes) WHERE key = k.must_match), t.name))",
};

static json_t *format_words(const char *const *words) {
        json_t *list = json_array();

        for (; *words; words++)
                json_array_append_new(list, json_string(*words));
        return list;
}

static int add_kind(Database *database, const InterfaceKind *kind, bool is_classic, Error *err) {
        autojson types = format_words(kind->slot_types);
        autofree char *slot_types = json_format(types);
        bool is_implicit = is_classic ? kind->is_implicit_on_classic : kind->is_implicit_on_core;

        return database_run(database, err,
                            "INSERT INTO interface_kind (name, is_implicit, auto_connect, "
                            "never_auto_if, must_match, slot_types) VALUES (?, ?, ?, ?, ?, ?)",
                            "sissss", kind->name, (int64_t)is_implicit,
                            AUTO_NAMES[kind->auto_connect], kind->never_auto_if, kind->must_match,
                            slot_types);
}

int repository_open(Database *database, bool is_classic, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;

        if (database_define(database, "endpoint_fault", 3, endpoint_fault, err) < 0 ||
            transaction_begin(database, &transaction, err) < 0)
                return -1;
        for (size_t i = 0; i < ARRAY_COUNT(STATEMENTS); i++)
                if (database_run(database, err, STATEMENTS[i], "") < 0)
                        return -1;
        for (size_t i = 0; i < interface_kind_count; i++)
                if (add_kind(database, &interface_kinds[i], is_classic, err) < 0)
                        return -1;
        if (database_run(database, err, "INSERT INTO machine VALUES (?)", "i",
                         (int64_t)is_classic) < 0)
                return -1;
        return transaction_commit(&transaction, err);
}

const char *repository_get_system_name(Database *database) {
        Error ignored = ERROR_INIT;
        int64_t one = 0;

        return database_find_int(database, &one, &ignored,
                                 "SELECT 1 FROM snap WHERE type = 'snapd' AND current IS NOT NULL",
                                 "") > 0
                       ? "snapd"
                       : "core";
}

bool repository_is_system_name(const char *name) {
        return string_equal(name, "system") || string_equal(name, "core") ||
               string_equal(name, "snapd");
}
