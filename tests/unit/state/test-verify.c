/* SPDX-License-Identifier: Apache-2.0 */
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "../scratch.h"
#include "../unit.h"
#include "base/file.h"
#include "base/text.h"
#include "state/verify.h"

/* What violates each invariant, run behind the daemon's back on a state that holds BASE. */
static const struct {
        int invariant;
        const char *sql;
} VIOLATIONS[] = {
        { 2, "INSERT INTO change_snap VALUES (99, 'ghost')" },
        { 2, "UPDATE snap SET current = 'x9' WHERE instance = 'hello'" },
        { 4, "UPDATE snap SET current = NULL WHERE instance = 'hello'" },
        { 5, "UPDATE snap SET paused_by = 1 WHERE instance = 'hello'" },
        { 6, "UPDATE task SET ready_at = NULL WHERE id = 1" },
        { 6, "UPDATE task SET retry_at = 5 WHERE id = 1" },
        { 7, "UPDATE task SET ready_at = 5 WHERE id = 3" },
        { 8, "UPDATE task SET is_failed = 1 WHERE id = 1" },
        { 9, "UPDATE change SET ready_at = NULL WHERE id = 1" },
        { 10, "UPDATE change SET ready_at = 5 WHERE id = 2" },
        { 11, "INSERT INTO task_wait VALUES (3, 1)" },
        { 12, "INSERT INTO task_wait VALUES (3, 4)" },
        { 13, "UPDATE task SET status = 'Doing' WHERE id = 4" },
        { 14, "UPDATE task SET status = 'Undoing' WHERE id = 3" },
        { 15, "UPDATE task SET is_clean = 1 WHERE id = 4" },
        { 16, "UPDATE change SET is_clean = 1 WHERE id = 1; UPDATE task SET is_clean = 0" },
        { 18, "INSERT INTO change (kind, summary, spawned_at) VALUES ('k', 's', 1); "
              "INSERT INTO change_snap SELECT max(id), 'busy' FROM change" },
        { 19, "INSERT INTO task_log (task, at, level, text) WITH RECURSIVE n (i) AS (SELECT 1 "
              "UNION ALL SELECT i + 1 FROM n WHERE i < 11) SELECT 1, i, 'INFO', 't' FROM n" },
        { 20, "DELETE FROM migration" },
        { 20, "UPDATE migration SET schema = 9 WHERE schema = 1" },
        { 21, "INSERT INTO parked VALUES (1, 'snap', '{}')" },
        { 22, "INSERT INTO connection (plug_snap, plug, slot_snap, slot, interface) VALUES "
              "('gone', 'p', '', 's', 'i')" },
        { 22, "INSERT INTO connection (plug_snap, plug, slot_snap, slot, interface) VALUES "
              "('hello', 'p', 'gone', 's', 'i')" },
        { 23, "UPDATE task SET waited_status = 'Done' WHERE id = 1" },
        { 23, "UPDATE task SET wait_name = 'boot' WHERE id = 1" },
};

/* An installed snap with a finished change (1), an unfinished change (2) that touches another. */
static const char BASE[] =
        "INSERT INTO snap (instance, name, type, current) VALUES ('hello', 'hello', 'app', 'x1');"
        "INSERT INTO revision (instance, revision, position, size, sha3_384, version, confinement, "
        "manifest, raw_manifest, installed_at) VALUES ('hello', 'x1', 1, 1, "
        "printf('%.96c', 'a'), '1', 'strict', '{}', '', 1);"
        "INSERT INTO change (id, kind, summary, spawned_at, ready_at) VALUES "
        "(1, 'k', 's', 1, 2), (2, 'k', 's', 1, NULL);"
        "INSERT INTO change_snap VALUES (1, 'hello'), (2, 'busy');"
        "INSERT INTO task (id, change, kind, summary, status, spawned_at, ready_at) VALUES "
        "(1, 1, 'k', 's', 'Done', 1, 2), (2, 1, 'k', 's', 'Done', 1, 2), "
        "(3, 2, 'k', 's', 'Do', 1, NULL), (4, 2, 'k', 's', 'Do', 1, NULL);"
        "INSERT INTO task_wait VALUES (2, 1), (4, 3);";

static Database *must_open(const char *directory) {
        Database *database;
        Error err;

        if (database_open(directory, &database, &err) < 0)
                fail_msg("%s", err.message);
        return database;
}

/* By another connection without foreign keys, while the state is closed. */
static void tamper(const char *directory, const char *sql) {
        autofree char *path = string_format("%s/pawl.db", directory);
        char *message = NULL;
        sqlite3 *sqlite;

        assert_int_equal(sqlite3_open_v2(path, &sqlite, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
        if (sqlite3_exec(sqlite, sql, NULL, NULL, &message) != SQLITE_OK)
                fail_msg("%s", message);
        assert_int_equal(sqlite3_close(sqlite), SQLITE_OK);
}

static void make_state(const char *directory) {
        (void)database_close(must_open(directory));
        tamper(directory, BASE);
}

static void a_sound_state_has_nothing_to_say(void **state) {
        Error err;

        make_state(*state);
        autoptr(Database) database = must_open(*state);
        if (state_verify(database, &err) < 0)
                fail_msg("%s", err.message);
        assert_int_equal(state_verify_cheap(database, &err), 0);
}

static void each_violation_is_named(void **state) {
        for (size_t i = 0; i < ARRAY_COUNT(VIOLATIONS); i++) {
                autofree char *directory = string_format("%s/%zu", (char *)*state, i);
                autofree char *expected = string_format("invariant %d (", VIOLATIONS[i].invariant);
                Error err = ERROR_INIT;
                make_state(directory);
                tamper(directory, VIOLATIONS[i].sql);
                /* Opened all the same: said, not refused. */
                autoptr(Database) database = must_open(directory);
                assert_int_equal(state_verify(database, &err), -1);
                assert_int_equal(err.kind, ERROR_CORRUPT);
                if (strncmp(err.message, expected, strlen(expected)) != 0)
                        fail_msg("%s: %s", VIOLATIONS[i].sql, err.message);
        }
}

static void every_invariant_has_a_violation_above(void **state) {
        (void)state;
        for (size_t i = 0; i < INVARIANT_COUNT; i++) {
                bool is_found = false;
                for (size_t v = 0; v < ARRAY_COUNT(VIOLATIONS); v++)
                        is_found |= VIOLATIONS[v].invariant == INVARIANTS[i].id;
                if (!is_found)
                        fail_msg("nothing violates invariant %d", INVARIANTS[i].id);
        }
}

static void a_damaged_index_is_invariant_one(void **state) {
        Error err;

        make_state(*state);
        tamper(*state, "CREATE TABLE odd (a TEXT); CREATE INDEX odd_index ON odd (a); "
                       "INSERT INTO odd VALUES ('x'); PRAGMA writable_schema = 1; "
                       "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema "
                       "WHERE name = 'task_by_change') WHERE name = 'odd_index';");
        Database *database = NULL;
        assert_int_equal(database_open(*state, &database, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_non_null(strstr(err.message, "invariant 1 ("));
}

#ifdef PAWL_VERIFY_COMMITS
static void a_commit_of_an_illegal_state_is_refused(void **state) {
        autoptr(Database) database = must_open(*state);
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        assert_int_equal(transaction_begin(database, &transaction, &err), 0);
        assert_int_equal(database_run(database, &err,
                                      "INSERT INTO snap (instance, name, type) VALUES "
                                      "('bare', 'bare', 'app')",
                                      ""),
                         1);
        assert_int_equal(transaction_commit(&transaction, &err), -1);
        assert_non_null(strstr(err.message, "invariant 4 ("));
}
#endif

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                TEST(a_sound_state_has_nothing_to_say),
                TEST(each_violation_is_named),
                cmocka_unit_test(every_invariant_has_a_violation_above),
                TEST(a_damaged_index_is_invariant_one),
#ifdef PAWL_VERIFY_COMMITS
                TEST(a_commit_of_an_illegal_state_is_refused),
#endif
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
