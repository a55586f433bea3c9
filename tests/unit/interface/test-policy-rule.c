/* SPDX-License-Identifier: Apache-2.0
 *
 * auto-connections.tsv, row by row: over the same views, and by the same query, as the task.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../scratch.h"
#include "../unit.h"
#include "base/file.h"
#include "base/text.h"
#include "interface/connect-task.h"
#include "interface/connection-row.h"
#include "interface/installation.h"
#include "interface/policy-rule.h"
#include "interface/repository.h"

#define TABLE_SIZE_MAX (1 << 20)
#define COLUMN_COUNT   6

typedef struct Machines {
        char directories[2][SCRATCH_SIZE];
        Database *databases[2]; /* classic, core */
} Machines;

static int open_machines(void **state) {
        static Machines machines;
        Error err;

        for (size_t i = 0; i < 2; i++) {
                scratch_make(machines.directories[i]);
                if (database_open(machines.directories[i], &machines.databases[i], &err) < 0 ||
                    repository_open(machines.databases[i], i == 0, &err) < 0)
                        fail_msg("%s", err.message);
        }
        *state = &machines;
        return 0;
}

static int close_machines(void **state) {
        Machines *machines = *state;

        for (size_t i = 0; i < 2; i++) {
                (void)database_close(machines->databases[i]);
                assert_int_equal(scratch_remove(machines->directories[i]), 0);
        }
        return 0;
}

/* --- a row's state --- */

static void must(int status, const Error *err) {
        if (status < 0)
                fail_msg("%s", err->message);
}

static void add_endpoint(Database *database, const char *snap, const char *side, const char *name,
                         json_t *told) {
        json_t *attributes = json_is_object(told) ? told : json_object();
        autofree char *interface =
                string_copy(json_is_string(told) ? json_string_value(told)
                                                 : json_get_string(told, "interface", name));
        Error err;

        (void)json_object_del(attributes, "interface");
        autofree char *text = json_format(attributes);
        must(database_run(database, &err,
                          "INSERT INTO endpoint (instance, revision, side, name, interface, "
                          "attributes) VALUES (?, 'x1', ?, ?, ?, ?)",
                          "sssss", snap, side, name, interface, text),
             &err);
        if (!json_is_object(told))
                json_decref(attributes);
}

static void add_snap(Database *database, const char *snap, json_t *told) {
        json_t *rules = json_object_get(told, "rules"), *endpoint;
        autofree char *text = rules ? json_format(rules) : string_copy("{}");
        const char *name;
        Error err;

        must(database_run(database, &err,
                          "INSERT INTO snap (instance, name, type, current, is_active) VALUES (?1, "
                          "?1, ?2, 'x1', ?3)",
                          "ssi", snap, json_get_string(told, "type", "app"),
                          (int64_t)!json_get_bool(told, "disabled", false)),
             &err);
        must(database_run(
                     database, &err,
                     "INSERT INTO revision (instance, revision, position, size, sha3_384, version, "
                     "confinement, manifest, raw_manifest, installed_at) VALUES (?, 'x1', 1, 1, "
                     "printf('%.96c', 'a'), '1', 'strict', '{}', '', 1)",
                     "s", snap),
             &err);
        must(database_run(database, &err, "INSERT INTO declaration VALUES (?, ?, ?, ?)", "ssss",
                          snap, json_get_string(told, "id", ""), json_get_string(told, "by", ""),
                          text),
             &err);
        json_object_foreach(json_object_get(told, "plugs"), name, endpoint) {
                add_endpoint(database, snap, "plug", name, endpoint);
        }
        json_object_foreach(json_object_get(told, "slots"), name, endpoint) {
                add_endpoint(database, snap, "slot", name, endpoint);
        }
}

static void add_connections(Database *database, const char *text) {
        autojson list = json_loads(text, 0, NULL);
        const char *words[5];
        json_t *row;
        Error err;
        size_t i;

        json_array_foreach(list, i, row) {
                for (size_t j = 0; j < ARRAY_COUNT(words); j++)
                        words[j] = json_string_value(json_array_get(row, j));
                must(database_run(
                             database, &err,
                             "INSERT INTO connection (plug_snap, plug, slot_snap, slot, interface, "
                             "is_auto, is_undesired) VALUES (?, ?, ?, ?, ?, 1, ?)",
                             "sssssi", words[0], words[1], words[2], words[3], words[4],
                             (int64_t)json_integer_value(json_array_get(row, 5))),
                     &err);
        }
}

/* --- a row --- */

static char *list_connected(Database *database, const char *snap) {
        autojson list = NULL;
        autotext text = TEXT_INIT;
        json_t *entry;
        Error err;
        size_t i;

        must(auto_connect_list(database, snap, &list, &err), &err);
        json_array_foreach(list, i, entry) {
                ConnectionName name = connection_name_parse(entry);
                text_append_format(&text, "%s%s:%s>%s:%s", i ? " " : "", name.plug_snap, name.plug,
                                   name.slot_snap, name.slot);
        }
        return text.length > 0 ? text_take(&text) : string_copy("-");
}

/* "classic/STORE/BRAND/MODEL": of what is left out nothing is known. */
static void tell_machine(Database *database, const char *machine) {
        autofree char *copy = string_copy(machine);
        char *rest = copy;
        const char *words[4] = { "", "", "", "" };
        Error err;

        for (size_t i = 0; rest && i < ARRAY_COUNT(words); i++)
                words[i] = strsep(&rest, "/");
        must(database_run(database, &err,
                          "UPDATE machine SET told = json_set(told, '$.distribution', 'testos', "
                          "'$.store', ?1, '$.brand', ?2, '$.model', ?3)",
                          "sss", words[1], words[2], words[3]),
             &err);
}

/* Nothing of it is committed. */
static bool row_is_right(Database *database, char *const *columns) {
        autotransaction transaction = TRANSACTION_INIT;
        autojson snaps = json_loads(columns[3], 0, NULL);
        const char *snap;
        json_t *told;
        Error err;

        must(transaction_begin(database, &transaction, &err), &err);
        tell_machine(database, columns[1]);
        assert_non_null(snaps);
        json_object_foreach(snaps, snap, told) {
                add_snap(database, snap, told);
        }
        add_connections(database, columns[4]);
        autofree char *connected = list_connected(database, columns[2]);
        if (strcmp(connected, columns[5]) == 0)
                return true;
        print_error("%s (%s): %s instead of %s\n", columns[0], columns[1], connected, columns[5]);
        return false;
}

static void what_is_connected_is_what_the_table_says(void **state) {
        const Machines *machines = *state;
        int file = open(PAWL_AUTO_CONNECTIONS, O_RDONLY | O_CLOEXEC);
        autofree char *table = NULL;
        size_t length, count = 0, wrong_count = 0;
        Error err;

        must(file, &err);
        must(file_read_all(file, TABLE_SIZE_MAX, &table, &length, &err), &err);
        (void)close(file);
        for (char *rest = NULL, *line = strtok_r(table, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest)) {
                char *columns[COLUMN_COUNT] = { NULL }, *tail = NULL;
                size_t column = 0;
                if (*line == '#')
                        continue;
                for (char *word = strtok_r(line, "\t", &tail); word && column < COLUMN_COUNT;
                     word = strtok_r(NULL, "\t", &tail))
                        columns[column++] = word;
                assert_int_equal(column, COLUMN_COUNT);
                count++;
                bool is_core = strncmp(columns[1], "core", strlen("core")) == 0;
                wrong_count += !row_is_right(machines->databases[is_core], columns);
        }
        print_message("%zu cases\n", count);
        assert_true(count >= 250);
        assert_int_equal(wrong_count, 0);
}

/* --- installation, connection by hand --- */

static void assert_installation(Database *database, const char *manifest, const char *wanted) {
        autojson told = json_loads(manifest, 0, NULL);
        Error err = ERROR_INIT;

        assert_non_null(told);
        int status = installation_check(database, "a", told, &err);
        assert_string_equal(status < 0 ? err.message : "", wanted);
}

static void a_slot_that_its_snap_may_not_have_is_refused(void **state) {
        Database *classic = ((Machines *)*state)->databases[0];

        assert_installation(
                classic, "{\"slots\":{\"net\":{\"interface\":\"network\"}}}",
                "installation not allowed by \"net\" slot rule of interface \"network\"");
        assert_installation(classic, "{\"type\":\"gadget\",\"slots\":{\"network\":{}}}",
                            "installation not allowed by \"network\" slot rule of interface "
                            "\"network\"");
        assert_installation(classic, "{\"type\":\"os\",\"slots\":{\"network\":{}}}", "");
        assert_installation(classic, "{\"slots\":{\"s\":{\"interface\":\"empty\"}}}", "");
        /* What nobody asserts may have any plug; what nobody knows, or is wrong, is not asked for.
         */
        assert_installation(classic, "{\"plugs\":{\"docker-support\":{}},\"slots\":{\"x\":{}}}",
                            "");
        assert_installation(classic,
                            "{\"slots\":{\"p\":{\"interface\":\"serial-port\",\"attrs\":{}}}}", "");
        assert_installation(
                classic,
                "{\"slots\":{\"p\":{\"interface\":\"serial-port\",\"attrs\":{\"path\":\"/dev/ttyS1\"}}}}",
                "installation not allowed by \"p\" slot rule of interface \"serial-port\"");
}

static void an_asserted_snap_needs_leave_for_a_super_plug(void **state) {
        static const char PLUG[] = "{\"plugs\":{\"d\":{\"interface\":\"docker-support\"}}}";

        Database *classic = ((Machines *)*state)->databases[0];
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        must(transaction_begin(classic, &transaction, &err), &err);
        must(database_run(classic, &err, "INSERT INTO declaration VALUES ('a', 'A', 'P', '{}')",
                          ""),
             &err);
        assert_installation(
                classic, PLUG,
                "installation not allowed by \"d\" plug rule of interface \"docker-support\"");
        must(database_run(classic, &err,
                          "UPDATE declaration SET rules = '{\"plugs\":{\"docker-support\":"
                          "{\"allow-installation\":\"true\"}}}'",
                          ""),
             &err);
        assert_installation(classic, PLUG, "");
        must(database_run(classic, &err,
                          "UPDATE declaration SET rules = '{\"plugs\":{\"docker-support\":"
                          "{\"deny-installation\":\"true\"}}}'",
                          ""),
             &err);
        assert_installation(
                classic, PLUG,
                "installation denied by \"d\" plug rule of interface \"docker-support\" "
                "for \"a\" snap");
}

/* By hand, the rules decide only between two that are asserted. */
static void a_connection_by_hand_asks_the_rules_of_asserted_snaps(void **state) {
        static const char MACHINE[] = "{\"is_classic\":false}";
        static const char ASSERTED[] = "{\"name\":\"s\",\"type\":\"app\",\"snap_id\":\"B\"}";
        static const char PLUG[] = "{\"name\":\"p\",\"type\":\"app\",\"snap_id\":\"A\"}";
        static const char LOCAL[] = "{\"name\":\"p\",\"type\":\"app\",\"snap_id\":\"\"}";
        const char *const asserted[] = { "network-manager", PLUG, ASSERTED, MACHINE };
        const char *const local[] = { "network-manager", LOCAL, ASSERTED, MACHINE };
        const char *const classic[] = { "network-manager", PLUG, ASSERTED,
                                        "{\"is_classic\":true}" };
        (void)state;

        autofree char *refused = policy_connect_refusal(asserted);
        assert_string_equal(refused,
                            "connection denied by slot rule of interface \"network-manager\"");
        assert_null(policy_connect_refusal(local));
        assert_null(policy_connect_refusal(classic));
}

/* Column Restr of interfaces.md: what its attribute makes wide needs a declaration. */
static void a_wide_home_browser_or_drive_is_not_connected_by_hand(void **state) {
        static const char MACHINE[] = "{\"is_classic\":true}";
        static const char SYSTEM[] = "{\"name\":\"s\",\"type\":\"system\",\"snap_id\":\"B\"}";
        static const char *const cases[][3] = {
                { "home", "{\"read\":\"all\"}", "{}" },
                { "browser-support", "{\"allow-sandbox\":true}", "{\"allow-sandbox\":false}" },
                { "optical-drive", "{\"write\":true}", "{\"write\":false}" },
        };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
                for (size_t j = 1; j <= 2; j++) {
                        autofree char *plug = string_format("{\"name\":\"p\",\"type\":\"app\","
                                                            "\"snap_id\":\"A\",\"attributes\":%s}",
                                                            cases[i][j]);
                        const char *const asked[] = { cases[i][0], plug, SYSTEM, MACHINE };
                        autofree char *refused = policy_connect_refusal(asked);
                        assert_int_equal(refused != NULL, j == 1);
                }
}

static void wrong_plugs_and_slots_are_named(void **state) {
        autojson bad =
                json_loads("{\"bad-interfaces\":{\"X\":\"invalid plug name\"},\"plugs\":{\"a\":{"
                           "\"interface\":\"unheard-of\"},\"network\":{}}}",
                           0, NULL);
        autojson good = json_loads("{\"plugs\":{\"network\":{}}}", 0, NULL);
        (void)state;

        autofree char *text = installation_format_bad("x", bad);
        assert_string_equal(text, "snap \"x\" has bad plugs or slots: X (invalid plug name); a "
                                  "(unknown interface \"unheard-of\")");
        assert_null(installation_format_bad("x", good));
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(what_is_connected_is_what_the_table_says),
                cmocka_unit_test(a_slot_that_its_snap_may_not_have_is_refused),
                cmocka_unit_test(an_asserted_snap_needs_leave_for_a_super_plug),
                cmocka_unit_test(a_connection_by_hand_asks_the_rules_of_asserted_snaps),
                cmocka_unit_test(a_wide_home_browser_or_drive_is_not_connected_by_hand),
                cmocka_unit_test(wrong_plugs_and_slots_are_named),
        };

        return cmocka_run_group_tests(TESTS, open_machines, close_machines);
}
