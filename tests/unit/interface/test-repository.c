/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "../scratch.h"
#include "../unit.h"
#include "base/file.h"
#include "base/text.h"
#include "interface/repository.h"

static Database *must_open(const char *directory, bool is_classic) {
        Database *database;
        Error err;

        if (database_open(directory, &database, &err) < 0 ||
            repository_open(database, is_classic, &err) < 0)
                fail_msg("%s", err.message);
        return database;
}

static void must_run(Database *database, const char *const *sql, size_t count) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        assert_int_equal(transaction_begin(database, &transaction, &err), 0);
        for (size_t i = 0; i < count; i++)
                if (database_run(database, &err, sql[i], "") < 0)
                        fail_msg("%s", err.message);
        if (transaction_commit(&transaction, &err) < 0)
                fail_msg("%s", err.message);
}

static void assert_text(Database *database, const char *sql, const char *expected) {
        autofree char *text = NULL;
        Error err;

        if (database_find_text(database, &text, &err, sql, "") < 0)
                fail_msg("%s", err.message);
        assert_string_equal(text ? text : "", expected);
}

/* Two revisions of "a"; the first is current. */
static const char *const FILL[] = {
        "INSERT INTO snap (instance, name, type, current) VALUES ('a', 'a', 'app', 'x1')",
        "INSERT INTO revision (instance, revision, position, size, sha3_384, version, confinement, "
        "manifest, raw_manifest, installed_at) SELECT 'a', column1, column2, 1, printf('%.96c', 'a'), "
        "'1', 'strict', '{}', '', 1 FROM (VALUES ('x1', 1), ('x2', 2))",
        "INSERT INTO endpoint (instance, revision, side, name, interface, attributes) VALUES "
        "('a', 'x1', 'plug', 'network', 'network', '{}'), ('a', 'x1', 'plug', 'all', 'home', "
        "'{\"read\":\"all\"}'), ('a', 'x1', 'plug', 'home', 'home', '{}'), ('a', 'x1', 'plug', 'odd', "
        "'unheard-of', '{}'), ('a', 'x1', 'plug', 'bad', 'content', '{}'), ('a', 'x1', 'slot', "
        "'network', 'network', '{}'), ('a', 'x2', 'plug', 'network', 'network', '{}'), ('a', 'x2', "
        "'slot', 'things', 'content', '{\"read\":[\"a\"]}')",
        ("INSERT INTO connection (plug_snap, plug, slot_snap, slot, interface, is_auto) VALUES ('a', "
         "'network', '', 'network', 'network', 1), ('a', 'home', '', 'home', 'home', 1)"),
};

static const char LIVE[] = "SELECT group_concat(side || ' ' || name, ', ') FROM (SELECT * FROM "
                           "live_endpoint WHERE instance = 'a' ORDER BY side, name)";
static const char CONNECTED[] =
        "SELECT group_concat(plug, ', ') FROM (SELECT plug FROM live_connection ORDER BY plug)";

static void the_views_follow_the_current_revision(void **state) {
        static const char *const SWITCH[] = { "UPDATE snap SET current = 'x2'" };
        static const char *const DISABLE[] = { "UPDATE snap SET is_active = 0" };

        autoptr(Database) database = must_open(*state, true);
        must_run(database, FILL, ARRAY_COUNT(FILL));
        /* Neither what is unknown, wrong, nor a slot that an app may not have. */
        assert_text(database, LIVE, "plug all, plug home, plug network");
        assert_text(database, CONNECTED, "home, network");
        must_run(database, SWITCH, 1);
        assert_text(database, LIVE, "plug network, slot things");
        assert_text(database, CONNECTED, "network");
        must_run(database, DISABLE, 1);
        assert_text(database, LIVE, "");
        assert_text(database, CONNECTED, "");
        assert_text(database, "SELECT count(*) FROM connection", "2");
}

/* Only the plugs and slots of its own package, revision and interface count. */
static void a_plug_that_must_be_alone_is_judged_among_its_package(void **state) {
        static const char *const PRIVATE[] = {
                "INSERT INTO endpoint (instance, revision, side, name, interface, attributes) VALUES "
                "('a', 'x1', 'plug', 'private', 'shared-memory', '{\"private\":true}'), ('a', 'x2', "
                "'plug', 'private', 'shared-memory', '{\"private\":true}'), ('a', 'x2', 'slot', "
                "'shared', 'shared-memory', '{\"read\":[\"a\"]}')",
        };
        static const char *const SWITCH[] = { "UPDATE snap SET current = 'x2'" };

        autoptr(Database) database = must_open(*state, true);
        must_run(database, FILL, ARRAY_COUNT(FILL));
        must_run(database, PRIVATE, 1);
        assert_text(database, LIVE, "plug all, plug home, plug network, plug private");
        must_run(database, SWITCH, 1);
        assert_text(database, LIVE, "plug network, slot shared, slot things");
}

static void candidates_are_what_the_interface_says(void **state) {
        static const char CANDIDATES[] =
                "SELECT group_concat(plug, ', ') FROM (SELECT plug FROM auto_connect_candidate ORDER "
                "BY plug)";

        {
                autoptr(Database) database = must_open(*state, true);
                must_run(database, FILL, ARRAY_COUNT(FILL));
                assert_text(database, CANDIDATES, "home, network");
        }
        /* Nothing of it is stored: another machine, other views. */
        autoptr(Database) database = must_open(*state, false);
        assert_text(database, CANDIDATES, "network");
        assert_text(database, "SELECT count(*) FROM main.sqlite_schema WHERE type = 'view'", "0");
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test_setup_teardown(the_views_follow_the_current_revision,
                                                scratch_set_up, scratch_tear_down),
                cmocka_unit_test_setup_teardown(
                        a_plug_that_must_be_alone_is_judged_among_its_package, scratch_set_up,
                        scratch_tear_down),
                cmocka_unit_test_setup_teardown(candidates_are_what_the_interface_says,
                                                scratch_set_up, scratch_tear_down),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
