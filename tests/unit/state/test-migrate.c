/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../scratch.h"
#include "../unit.h"
#include "base/file.h"
#include "base/text.h"
#include "state/migrate.h"
#include "state/verify.h"

/* Two schemas more than there are, and one more whose way back loses a row. */
extern const SchemaSet schema_newer, schema_lossy;
/* Schema 1 alone: what this daemon's own way back leads to. */
extern const SchemaSet schema_oldest;

static Database *must_open(const char *directory, const SchemaSet *schemas) {
        Database *database;
        Error err;

        if (database_open_with(directory, schemas, &database, &err) < 0)
                fail_msg("%s", err.message);
        if (state_verify(database, &err) < 0)
                fail_msg("%s", err.message);
        return database;
}

static void must_run_all(Database *database, const char *const *sql, size_t count) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        assert_int_equal(transaction_begin(database, &transaction, &err), 0);
        for (size_t i = 0; i < count; i++)
                if (database_run(database, &err, sql[i], "") < 0)
                        fail_msg("%s", err.message);
        if (transaction_commit(&transaction, &err) < 0)
                fail_msg("%s", err.message);
}

static int64_t get_int(Database *database, const char *sql) {
        int64_t value = -1;
        Error err;

        if (database_find_int(database, &value, &err, sql, "") < 0)
                fail_msg("%s", err.message);
        return value;
}

static char *get_text(Database *database, const char *sql) {
        char *value = NULL;
        Error err;

        assert_int_equal(database_find_text(database, &value, &err, sql, ""), 1);
        return value;
}

/* A full state with a change in flight, by the newer daemon. */
static void fill_newer(const char *directory) {
        static const char *const ROWS[] = {
                "INSERT INTO note VALUES (7, 'a \"quoted\" note')",
                "INSERT INTO setting VALUES ('plain', 'kept', 'machine'), ('mine', 'parked', "
                "'user')",
                "INSERT INTO change (id, kind, summary, spawned_at) VALUES (5, 'install-snap', "
                "'s', 1)",
                "INSERT INTO change_snap VALUES (5, 'hello')",
                "INSERT INTO task (id, change, kind, summary, status, spawned_at) VALUES "
                "(9, 5, 'mount', 't', 'Doing', 1), (10, 5, 'link', 't', 'Do', 1)",
                "INSERT INTO task_wait VALUES (10, 9)",
                "INSERT INTO snap (instance, name, type) VALUES ('hello', 'hello', 'app')",
        };
        autoptr(Database) database = must_open(directory, &schema_newer);

        must_run_all(database, ROWS, ARRAY_COUNT(ROWS));
}

static void assert_in_flight(Database *database) {
        assert_int_equal(get_int(database, "SELECT count(*) FROM task WHERE change = 5"), 2);
        assert_int_equal(get_int(database, "SELECT count(*) FROM task_wait"), 1);
        assert_int_equal(get_int(database, "SELECT count(*) FROM change_snap"), 1);
        assert_int_equal(get_int(database, "SELECT count(*) FROM snap"), 1);
}

static void a_state_walks_up_down_and_up_again_with_every_row(void **state) {
        fill_newer(*state);
        {
                autoptr(Database) database = must_open(*state, &schema_builtin);
                assert_int_equal(get_int(database, "SELECT user_version FROM pragma_user_version"),
                                 4);
                assert_int_equal(get_int(database, "SELECT count(*) FROM parked"), 2);
                assert_int_equal(get_int(database, "SELECT count(*) FROM setting"), 1);
                assert_int_equal(get_int(database, "SELECT foreign_keys FROM pragma_foreign_keys"),
                                 1);
                assert_in_flight(database);
                /* The old daemon works on it. */
                static const char *const WRITE[] = {
                        "INSERT INTO setting VALUES ('old', 'written by the old one')"
                };
                must_run_all(database, WRITE, 1);
        }
        autoptr(Database) database = must_open(*state, &schema_newer);
        autofree char *note = get_text(database, "SELECT text FROM note WHERE id = 7");
        autofree char *scope = get_text(database, "SELECT scope FROM setting WHERE key = 'mine'");
        assert_string_equal(note, "a \"quoted\" note");
        assert_string_equal(scope, "user");
        assert_int_equal(get_int(database, "SELECT count(*) FROM setting"), 3);
        assert_int_equal(get_int(database, "SELECT count(*) FROM parked"), 0);
        assert_in_flight(database);
}

static void connections_are_parked_for_a_daemon_that_knows_none(void **state) {
        static const char *const FILL[] = {
                "INSERT INTO snap (instance, name, type, current) VALUES ('a', 'a', 'app', NULL)",
                "INSERT INTO change (id, kind, summary, spawned_at) VALUES (5, 'k', 's', 1)",
                "INSERT INTO change_snap VALUES (5, 'a')",
                "INSERT INTO connection (plug_snap, plug, slot_snap, slot, interface, is_auto, "
                "is_undesired, plug_attributes) VALUES ('a', 'p', '', 's', 'i', 1, 1, '{\"k\":[1]}'), "
                "('a', 'p', 'a', 't', 'i', 0, 0, '{}')",
        };
        static const char ROWS[] = "SELECT json_group_array(json_array(plug_snap, plug, slot_snap, "
                                   "slot, interface, is_auto, is_undesired, plug_attributes, "
                                   "slot_attributes)) FROM connection";
        autofree char *before = NULL;

        {
                autoptr(Database) database = must_open(*state, &schema_builtin);
                must_run_all(database, FILL, ARRAY_COUNT(FILL));
                before = get_text(database, ROWS);
        }
        {
                Database *database;
                Error err;

                if (database_open_with(*state, &schema_oldest, &database, &err) < 0)
                        fail_msg("%s", err.message);
                assert_int_equal(get_int(database, "SELECT count(*) FROM parked"), 2);
                assert_int_equal(get_int(database, "SELECT count(*) FROM sqlite_schema WHERE name "
                                                   "LIKE 'connection%'"),
                                 0);
                (void)database_close(database);
        }
        autoptr(Database) database = must_open(*state, &schema_builtin);
        autofree char *after = get_text(database, ROWS);
        assert_string_equal(after, before);
        assert_int_equal(get_int(database, "SELECT count(*) FROM parked"), 0);
}

/* Waits and queues are of schema 3: an older daemon does again what waited and drops what queued.
 */
static void what_waits_and_queues_becomes_what_an_older_daemon_can_end(void **state) {
        static const char *const FILL[] = {
                "INSERT INTO change (id, kind, summary, spawned_at, is_queued) VALUES "
                "(5, 'k', 's', 1, 0), (6, 'k', 's', 1, 1)",
                "INSERT INTO change_snap VALUES (5, 'a'), (6, 'a')",
                "INSERT INTO task (change, kind, summary, status, spawned_at, waited_status, "
                "wait_name) VALUES (5, 'k', 's', 'Wait', 1, 'Done', 'boot'), "
                "(5, 'k', 's', 'Wait', 1, 'Undone', NULL), (6, 'k', 's', 'Do', 1, NULL, NULL)",
        };
        Database *database;
        Error err;

        database = must_open(*state, &schema_builtin);
        must_run_all(database, FILL, ARRAY_COUNT(FILL));
        (void)database_close(database);
        if (database_open_with(*state, &schema_oldest, &database, &err) < 0)
                fail_msg("%s", err.message);
        autofree char *statuses = get_text(database, "SELECT group_concat(status) FROM task");
        assert_string_equal(statuses, "Doing,Undoing,Hold");
        assert_int_equal(get_int(database, "SELECT count(*) FROM change WHERE ready_at IS NULL"),
                         1);
        (void)database_close(database);
        (void)database_close(must_open(*state, &schema_builtin));
}

static void both_ways_leave_exactly_the_schema_of_a_new_state(void **state) {
        static const char SQL[] = "SELECT group_concat(name || replace(replace(sql, '\"', ''), "
                                  "'change_2', 'change'), char(10)) FROM (SELECT * FROM "
                                  "sqlite_schema WHERE sql IS NOT NULL AND name NOT IN "
                                  "('setting', 'change') ORDER BY name)";
        autofree char *fresh = string_format("%s/fresh", (char *)*state);
        autofree char *walked = string_format("%s/walked", (char *)*state);

        { autoptr(Database) database = must_open(walked, &schema_newer); }
        autoptr(Database) a = must_open(fresh, &schema_builtin);
        autoptr(Database) b = must_open(walked, &schema_builtin);
        autofree char *expected = get_text(a, SQL);
        autofree char *found = get_text(b, SQL);
        assert_string_equal(found, expected);
        assert_int_equal(get_int(b, "SELECT count(*) FROM pragma_table_info('setting')"), 2);
        assert_int_equal(get_int(b, "SELECT count(*) FROM pragma_table_info('change')"), 10);
}

static void a_copy_of_the_newer_state_is_kept(void **state) {
        autofree char *copied = string_format("%s/copied", (char *)*state);
        autofree char *from = string_format("%s/schema-6-before-4.db", (char *)*state);
        autofree char *to = string_format("%s/pawl.db", copied);
        Error err;

        fill_newer(*state);
        (void)database_close(must_open(*state, &schema_builtin));
        assert_int_equal(mkdir(copied, 0700), 0);
        assert_int_equal(rename(from, to), 0);
        autoptr(Database) database = must_open(copied, &schema_newer);
        assert_int_equal(get_int(database, "SELECT count(*) FROM note"), 1);
        (void)err;
}

static char *read_state(const char *directory, size_t *ret_length) {
        autofree char *path = string_format("%s/pawl.db", directory);
        autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
        char *bytes = NULL;
        Error err;

        assert_int_equal(file_read_all(fd, 1 << 24, &bytes, ret_length, &err), 0);
        return bytes;
}

static void assert_refused_untouched(const char *directory, const char *reason) {
        size_t before_length, after_length;
        autofree char *before = read_state(directory, &before_length);
        Database *database = NULL;
        Error err;

        assert_int_equal(database_open(directory, &database, &err), -1);
        if (!strstr(err.message, reason))
                fail_msg("%s", err.message);
        autofree char *after = read_state(directory, &after_length);
        assert_int_equal(before_length, after_length);
        assert_memory_equal(before, after, before_length);
}

static void a_newer_state_without_a_way_back_is_refused_untouched(void **state) {
        static const char *const FORGET[] = { "UPDATE migration SET down = '' WHERE schema = 6" };

        fill_newer(*state);
        {
                autoptr(Database) database = must_open(*state, &schema_newer);
                must_run_all(database, FORGET, 1);
        }
        assert_refused_untouched(*state, "has schema 6 and this pawld " PAWL_VERSION " knows 4; "
                                         "the way back from schema 6 is not stored in it; nothing "
                                         "was changed; start the newer pawld again");
        autofree char *copy = string_format("%s/schema-6-before-4.db", (char *)*state);
        assert_int_equal(access(copy, F_OK), -1);
        /* ... which finds it as it was. */
        autoptr(Database) database = must_open(*state, &schema_newer);
        assert_in_flight(database);
}

static void a_way_back_that_loses_rows_is_stopped(void **state) {
        Database *database = NULL;
        Error err;

        (void)database_close(must_open(*state, &schema_lossy));
        assert_int_equal(database_open(*state, &database, &err), -1);
        assert_non_null(strstr(err.message, "table note had 1 rows and has 0"));
        database = must_open(*state, &schema_lossy);
        assert_int_equal(get_int(database, "SELECT count(*) FROM note"), 1);
        (void)database_close(database);
}

static void a_way_back_that_breaks_a_reference_is_stopped(void **state) {
        static const char *const BREAK[] = {
                "UPDATE migration SET down = 'DROP TABLE note; UPDATE change_snap SET change = 6'",
                "DELETE FROM note",
                "INSERT INTO change (id, kind, summary, spawned_at) VALUES (5, 'k', 's', 1)",
                "INSERT INTO change_snap VALUES (5, 'hello')",
        };
        Database *database = must_open(*state, &schema_lossy);
        Error err;

        must_run_all(database, BREAK, ARRAY_COUNT(BREAK));
        (void)database_close(database);
        assert_int_equal(database_open(*state, &database, &err), -1);
        assert_non_null(strstr(err.message, "change_snap"));
        database = must_open(*state, &schema_lossy);
        assert_int_equal(get_int(database, "SELECT count(*) FROM change_snap WHERE change = 5"), 1);
        (void)database_close(database);
}

static int commits_before_kill;
static void kill_at(bool is_after) {
        (void)is_after;
        if (commits_before_kill-- == 0)
                (void)raise(SIGKILL);
}

/* Before the walk's commit, and after it. */
static void a_kill_during_the_walk_leaves_one_schema_or_the_other(void **state) {
        int crashes = 0;

        for (int number = 0; number < 2; number++) {
                autofree char *directory = string_format("%s/%d", (char *)*state, number);
                int status;
                fill_newer(directory);
                pid_t child = fork();
                if (child == 0) {
                        commits_before_kill = number;
                        database_set_commit_probe_for_test(kill_at);
                        (void)must_open(directory, &schema_builtin);
                        _exit(0);
                }
                assert_int_equal(waitpid(child, &status, 0), child);
                crashes += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
                autoptr(Database) database = must_open(directory, &schema_newer);
                assert_int_equal(get_int(database, "SELECT count(*) FROM note"), 1);
                assert_in_flight(database);
        }
        assert_int_equal(crashes, 2);
}

static void a_database_of_another_kind_is_refused(void **state) {
        static const char *const DISGUISE[] = { "PRAGMA application_id = 1" };
        Database *database = must_open(*state, &schema_builtin);

        must_run_all(database, DISGUISE, 1);
        (void)database_close(database);
        assert_refused_untouched(*state, "is not a state of pawl");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                TEST(a_state_walks_up_down_and_up_again_with_every_row),
                TEST(connections_are_parked_for_a_daemon_that_knows_none),
                TEST(what_waits_and_queues_becomes_what_an_older_daemon_can_end),
                TEST(both_ways_leave_exactly_the_schema_of_a_new_state),
                TEST(a_copy_of_the_newer_state_is_kept),
                TEST(a_newer_state_without_a_way_back_is_refused_untouched),
                TEST(a_way_back_that_loses_rows_is_stopped),
                TEST(a_way_back_that_breaks_a_reference_is_stopped),
                TEST(a_kill_during_the_walk_leaves_one_schema_or_the_other),
                TEST(a_database_of_another_kind_is_refused),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
