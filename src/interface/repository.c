/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/repository.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "interface/dynamic-attribute.h"
#include "interface/endpoint-check.h"
#include "interface/interface-kind.h"
#include "interface/policy-rule.h"

#define OS_RELEASE_SIZE_MAX 8192

/* An endpoint of a snap that counts; simple enough for SQLite to look up single rows by it. */
#define SNAP_ENDPOINT_FROM                                                                     \
        "FROM snap s JOIN endpoint e ON e.instance = s.instance AND e.revision = s.current "   \
        "JOIN interface_kind k ON k.name = e.interface WHERE s.is_active = 1 AND "             \
        "(e.side = 'plug' OR EXISTS (SELECT 1 FROM json_each(k.slot_types) t WHERE t.value = " \
        "CASE WHEN s.type IN ('os', 'snapd') THEN 'core' ELSE s.type END)) "                   \
        "AND " ENDPOINT_FAULT("e") " IS NULL"

/* What the package says and what its hooks said of this connection: mostly nothing. */
#define WITH_DYNAMIC(end, side)                                                          \
        "iif(c." side "_attributes = '{}', " end ".attributes, merged_attributes('" side \
        "', c.interface, " end ".attributes, c." side "_attributes))"

static const char *const STATEMENTS[] = {
        "CREATE TEMP TABLE interface_kind (name TEXT PRIMARY KEY, is_implicit INTEGER NOT NULL, "
        "must_match TEXT, slot_types TEXT NOT NULL) STRICT, WITHOUT ROWID",

        "CREATE TEMP TABLE machine (told TEXT NOT NULL) STRICT",

        "CREATE TEMP VIEW snap_endpoint AS SELECT e.instance, e.revision, e.side, e.name, "
        "e.interface, e.label, e.attributes, s.type " SNAP_ENDPOINT_FROM,

        "CREATE TEMP VIEW live_endpoint AS SELECT * FROM snap_endpoint UNION ALL SELECT '', '', "
        "'slot', name, name, '', '{}', 'system' FROM interface_kind WHERE is_implicit",

        "CREATE TEMP VIEW live_connection AS "
        "SELECT c.plug_snap, c.plug, c.slot_snap, c.slot, c.interface, c.is_auto, " WITH_DYNAMIC("p", "plug") " AS plug_attributes, " WITH_DYNAMIC(
                "t",
                "slot") " AS slot_attributes "
                        "FROM connection c JOIN snap_endpoint p ON p.instance = c.plug_snap AND p.side = 'plug' AND "
                        "p.name = c.plug AND p.interface = c.interface "
                        "JOIN snap_endpoint t ON t.instance = c.slot_snap AND t.side = 'slot' AND t.name = c.slot "
                        "AND t.interface = c.interface WHERE c.is_undesired = 0 "
                        "UNION ALL "
                        "SELECT c.plug_snap, c.plug, c.slot_snap, c.slot, c.interface, c.is_auto, " WITH_DYNAMIC(
                                "p",
                                "plug") ", "
                                        "'{}' FROM connection c JOIN snap_endpoint p ON p.instance = c.plug_snap AND "
                                        "p.side = 'plug' AND p.name = c.plug AND p.interface = c.interface "
                                        "JOIN interface_kind k ON k.name = c.slot AND k.is_implicit WHERE c.is_undesired = 0 "
                                        "AND c.slot_snap = '' AND c.slot = c.interface",

        /* What assertions say of a package; empty before there are any.  Instance '' is the
         * system. */
        "CREATE TEMP TABLE declaration (instance TEXT PRIMARY KEY, snap_id TEXT NOT NULL DEFAULT '', "
        "publisher_id TEXT NOT NULL DEFAULT '', rules TEXT NOT NULL DEFAULT '{}') STRICT, WITHOUT ROWID",

        /* As policy-rule.h takes it. */
        "CREATE TEMP VIEW policy_end AS SELECT e.instance, e.side, e.name, e.interface, "
        "json_object('name', e.name, 'attributes', json(e.attributes), 'snap', e.instance, 'type', "
        "e.type, 'snap_id', coalesce(d.snap_id, ''), 'publisher_id', coalesce(d.publisher_id, ''), "
        "'declaration', json(coalesce(d.rules, '{}'))) AS told FROM live_endpoint e LEFT JOIN "
        "declaration d ON d.instance = e.instance",

        "CREATE TEMP VIEW auto_connect_rule AS "
        "SELECT p.instance AS plug_snap, p.name AS plug, t.instance AS slot_snap, t.name AS slot, "
        "p.interface AS interface, auto_connect_rule(p.interface, p.told, t.told, (SELECT told FROM "
        "machine)) AS slots_per_plug FROM policy_end p JOIN policy_end t ON t.side = 'slot' AND "
        "t.interface = p.interface JOIN interface_kind k ON k.name = p.interface WHERE p.side = "
        "'plug' AND (k.must_match IS NULL OR coalesce(p.told->'attributes'->>k.must_match, p.name) = "
        "coalesce(t.told->'attributes'->>k.must_match, t.name))",

        "CREATE TEMP VIEW auto_connect_candidate AS SELECT * FROM auto_connect_rule WHERE "
        "slots_per_plug IS NOT NULL",
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

        return database_run(
                database, err,
                "INSERT INTO interface_kind (name, is_implicit, must_match, slot_types) "
                "VALUES (?, ?, ?, ?)",
                "siss", kind->name, (int64_t)is_implicit, kind->must_match, slot_types);
}

/* ID of os-release(5), or "". */
static const char *find_distribution(char *ret, size_t size) {
        autofd int file = open("/etc/os-release", O_RDONLY | O_CLOEXEC);
        autofree char *text = NULL;
        Error ignored = ERROR_INIT;
        size_t length;

        *ret = '\0';
        if (file < 0 || file_read_all(file, OS_RELEASE_SIZE_MAX, &text, &length, &ignored) < 0)
                return ret;
        const char *line = string_has_prefix(text, "ID=") ? text : strstr(text, "\nID=");
        if (line) {
                line += strcspn(line, "=") + 1;
                line += *line == '"';
                (void)snprintf(ret, size, "%.*s", (int)strcspn(line, "\"\n"), line);
        }
        return ret;
}

int repository_open(Database *database, bool is_classic, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;
        char distribution[64];
        size_t kind_count;

        if (database_define(database, "endpoint_fault", 4, endpoint_fault, err) < 0 ||
            database_define(database, "interface_has_alone", 1, interface_has_alone, err) < 0 ||
            database_define(database, "merged_attributes", 4, merged_attributes, err) < 0 ||
            database_define(database, "auto_connect_rule", 4, policy_auto_connect_rule, err) < 0 ||
            database_define(database, "connect_refusal", 4, policy_connect_refusal, err) < 0 ||
            transaction_begin(database, &transaction, err) < 0)
                return -1;
        for (size_t i = 0; i < ARRAY_COUNT(STATEMENTS); i++)
                if (database_run(database, err, STATEMENTS[i], "") < 0)
                        return -1;
        const InterfaceKind *const *kinds = interface_kind_list(&kind_count);
        for (size_t i = 0; i < kind_count; i++)
                if (add_kind(database, kinds[i], is_classic, err) < 0)
                        return -1;
        autojson machine = json_pack("{s:b, s:s}", "is_classic", is_classic, "distribution",
                                     find_distribution(distribution, sizeof(distribution)));
        autofree char *told = json_format(machine);
        if (database_run(database, err, "INSERT INTO machine VALUES (?)", "s", told) < 0)
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
