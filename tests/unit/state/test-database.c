/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../scratch.h"
#include "../unit.h"
#include "base/file.h"
#include "base/text.h"
#include "state/database.h"
#include "state/engine.h"

static Database *must_open(const char *directory) {
        Database *database;
        Error err;

        if (database_open(directory, &database, &err) < 0)
                fail_msg("%s", err.message);
        return database;
}

static void must_set(Database *database, const char *key, const char *value) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        assert_int_equal(transaction_begin(database, &transaction, &err), 0);
        assert_int_equal(database_run(database, &err,
                                      "INSERT OR REPLACE INTO setting (key, value) VALUES (?, ?)",
                                      "ss", key, value),
                         1);
        assert_int_equal(transaction_commit(&transaction, &err), 0);
}

static int64_t count_settings(Database *database) {
        int64_t count = -1;
        Error err;

        assert_int_equal(
                database_find_int(database, &count, &err, "SELECT count(*) FROM setting", ""), 1);
        return count;
}

static void what_was_committed_is_there_after_reopening(void **state) {
        autofree char *value = NULL;
        Error err;

        {
                autoptr(Database) database = must_open(*state);
                must_set(database, "a", "one");
        }
        autoptr(Database) database = must_open(*state);
        assert_int_equal(database_find_text(database, &value, &err,
                                            "SELECT value FROM setting WHERE key = ?", "s", "a"),
                         1);
        assert_string_equal(value, "one");
}

static void an_unfinished_scope_leaves_nothing(void **state) {
        autoptr(Database) database = must_open(*state);
        Error err;

        {
                autotransaction transaction = TRANSACTION_INIT;
                assert_int_equal(transaction_begin(database, &transaction, &err), 0);
                assert_int_equal(database_run(database, &err,
                                              "INSERT INTO setting (key, value) VALUES ('k', 'v')",
                                              ""),
                                 1);
        }
        assert_int_equal(count_settings(database), 0);
}

static void after_an_error_nothing_of_the_transaction_commits(void **state) {
        autoptr(Database) database = must_open(*state);
        Error err;

        must_set(database, "k", "before");
        {
                autotransaction transaction = TRANSACTION_INIT;
                assert_int_equal(transaction_begin(database, &transaction, &err), 0);
                assert_int_equal(database_run(database, &err,
                                              "INSERT INTO setting (key, value) VALUES ('k', 'v')",
                                              ""),
                                 -1);
                assert_int_equal(database_run(database, &err,
                                              "INSERT INTO setting (key, value) VALUES ('l', 'v')",
                                              ""),
                                 -1);
                assert_non_null(strstr(err.message, "failed before"));
                assert_int_equal(transaction_commit(&transaction, &err), -1);
        }
        assert_int_equal(count_settings(database), 1);
        must_set(database, "l", "after");
        assert_int_equal(count_settings(database), 2);
}

/* What SQLite does on a full disk: the transaction is gone, the next statement would stand alone.
 */
static void a_transaction_that_sqlite_rolled_back_takes_no_more_statements(void **state) {
        autoptr(Database) database = must_open(*state);
        Error err;

        must_set(database, "k", "before");
        {
                autotransaction transaction = TRANSACTION_INIT;
                assert_int_equal(transaction_begin(database, &transaction, &err), 0);
                assert_int_equal(database_run(database, &err,
                                              "INSERT OR ROLLBACK INTO setting (key, value) "
                                              "VALUES ('k', 'v')",
                                              ""),
                                 -1);
                assert_int_equal(database_run(database, &err,
                                              "INSERT INTO setting (key, value) VALUES ('l', 'v')",
                                              ""),
                                 -1);
                assert_int_equal(transaction_commit(&transaction, &err), -1);
        }
        assert_int_equal(count_settings(database), 1);
}

static void a_second_opener_is_told_who_holds_the_state(void **state) {
        autoptr(Database) database = must_open(*state);
        autofree char *expected =
                string_format("another pawld (pid %d) holds %s", (int)getpid(), (char *)*state);
        Database *second = NULL;
        Error err;

        assert_int_equal(database_open(*state, &second, &err), -1);
        assert_int_equal(err.kind, ERROR_BUSY);
        assert_string_equal(err.message, expected);
        /* ... and did not harm the first. */
        must_set(database, "k", "v");
}

/* What a killed daemon leaves on a busy machine: a child of its last moment that has the lock
 * still. */
static void what_a_dead_holder_forked_is_waited_for(void **state) {
        const struct timespec linger = { .tv_nsec = 700000000 };
        Database *next = NULL;
        Error err = ERROR_INIT;
        int status;
        pid_t holder = fork();

        assert_true(holder >= 0);
        if (holder == 0) {
                Database *database = must_open(*state);

                if (fork() == 0) {
                        (void)nanosleep(&linger, NULL);
                        _exit(0);
                }
                (void)raise(SIGKILL);
                _exit(database ? 0 : 1);
        }
        assert_int_equal(waitpid(holder, &status, 0), holder);
        assert_true(WIFSIGNALED(status));
        if (database_open(*state, &next, &err) < 0)
                fail_msg("%s", err.message);
        (void)database_close(next);
}

static void every_file_is_for_root_only(void **state) {
        static const char *const FILES[] = { "pawl.db", "pawl.db-wal", "lock", "ballast",
                                             "ballast-for-removal" };
        autoptr(Database) database = must_open(*state);

        must_set(database, "k", "v");
        for (size_t i = 0; i < ARRAY_COUNT(FILES); i++) {
                autofree char *path = string_format("%s/%s", (char *)*state, FILES[i]);
                struct stat status;
                assert_int_equal(stat(path, &status), 0);
                assert_int_equal(status.st_mode & 07777, 0600);
        }
        autofree char *memory = string_format("%s/pawl.db-shm", (char *)*state);
        assert_int_equal(access(memory, F_OK), -1);
}

static void the_durability_settings_are_as_designed(void **state) {
        static const struct {
                const char *sql, *value;
        } CASES[] = {
                { "SELECT journal_mode FROM pragma_journal_mode", "wal" },
                { "SELECT synchronous FROM pragma_synchronous", "2" },
                { "SELECT foreign_keys FROM pragma_foreign_keys", "1" },
                { "SELECT locking_mode FROM pragma_locking_mode", "exclusive" },
                { "SELECT timeout FROM pragma_busy_timeout", "0" },
        };
        autoptr(Database) database = must_open(*state);

        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                autofree char *value = NULL;
                Error err;
                assert_int_equal(database_find_text(database, &value, &err, CASES[i].sql, ""), 1);
                assert_string_equal(value, CASES[i].value);
        }
}

static void a_query_may_run_inside_the_same_query(void **state) {
        static const char SQL[] = "SELECT key FROM setting ORDER BY key";
        autoptr(Database) database = must_open(*state);
        autoquery outer = QUERY_INIT;
        int seen = 0;
        Error err;

        must_set(database, "a", "1");
        must_set(database, "b", "2");
        assert_int_equal(query_open(database, &outer, &err, SQL, ""), 0);
        while (query_next(&outer, &err) == 1) {
                autoquery inner = QUERY_INIT;
                assert_int_equal(query_open(database, &inner, &err, SQL, ""), 0);
                while (query_next(&inner, &err) == 1)
                        seen++;
        }
        assert_int_equal(seen, 4);
}

static size_t count_prepared(Database *database) {
        size_t count = 0;

        for (sqlite3_stmt *one = NULL; (one = sqlite3_next_stmt(database->sqlite, one));)
                count++;
        return count;
}

static void what_is_not_wanted_again_and_again_is_let_go_when_idle(void **state) {
        autoptr(Database) database = must_open(*state);

        must_set(database, "a", "one");
        assert_int_equal(count_settings(database), 1);
        assert_true(count_prepared(database) > 1);
        database_give_back(database);
        assert_int_equal(count_prepared(database), 0);

        /* It was wanted before: twice is again, and lasts while it is not wanted for one time. */
        assert_int_equal(count_settings(database), 1);
        for (size_t i = 0; i < 2; i++) {
                database_give_back(database);
                assert_int_equal(count_prepared(database), 1);
        }
        database_give_back(database);
        assert_int_equal(count_prepared(database), 0);
        assert_int_equal(count_settings(database), 1);
}

static void a_query_that_is_open_survives_an_idle_moment(void **state) {
        autoptr(Database) database = must_open(*state);
        autoquery query = QUERY_INIT;
        Error err;

        must_set(database, "a", "one");
        must_set(database, "b", "two");
        assert_int_equal(
                query_open(database, &query, &err, "SELECT key FROM setting ORDER BY key", ""), 0);
        assert_int_equal(query_next(&query, &err), 1);
        database_give_back(database);
        assert_int_equal(query_next(&query, &err), 1);
        assert_string_equal(query_get_text(&query, 0), "b");
        assert_int_equal(query_next(&query, &err), 0);
}

static void null_is_bound_and_found_as_no_value(void **state) {
        autoptr(Database) database = must_open(*state);
        char *value = NULL;
        Error err;

        assert_int_equal(database_find_text(database, &value, &err, "SELECT ?", "s", NULL), 0);
        assert_null(value);
}

static void flip_middle(const char *directory) {
        autofree char *path = string_format("%s/pawl.db", directory);
        autofd int fd = open(path, O_RDWR | O_CLOEXEC);
        char noise[4096];

        memset(noise, 0xa5, sizeof(noise));
        assert_int_equal(pwrite(fd, noise, sizeof(noise), 4096), sizeof(noise));
}

static char *read_file(const char *path, size_t *ret_length) {
        autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
        char *bytes = NULL;
        Error err;

        assert_true(fd >= 0);
        assert_int_equal(file_read_all(fd, 1 << 24, &bytes, ret_length, &err), 0);
        return bytes;
}

static void a_damaged_state_is_refused_set_aside_and_left_alone(void **state) {
        autofree char *copy = string_format("%s/damaged-pawl.db", (char *)*state);
        autofree char *path = string_format("%s/pawl.db", (char *)*state);
        size_t before_length, after_length, copy_length;
        Database *database = NULL;
        Error err;

        (void)database_close(must_open(*state));
        flip_middle(*state);
        autofree char *before = read_file(path, &before_length);
        assert_int_equal(database_open(*state, &database, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_non_null(strstr(err.message, "is damaged"));
        assert_non_null(strstr(err.message, "damaged-pawl.db"));
        autofree char *after = read_file(path, &after_length);
        autofree char *aside = read_file(copy, &copy_length);
        assert_int_equal(before_length, after_length);
        assert_memory_equal(before, after, before_length);
        assert_int_equal(before_length, copy_length);
        assert_memory_equal(before, aside, before_length);
        /* A second try keeps the first copy and says the same. */
        assert_int_equal(database_open(*state, &database, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
}

static void a_file_of_another_program_is_refused(void **state) {
        autofree char *path = string_format("%s/pawl.db", (char *)*state);
        autofd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        Database *database = NULL;
        Error err;

        assert_int_equal(fd_write_all(fd, "not a database at all, really", 29, &err), 0);
        assert_int_equal(database_open(*state, &database, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
}

/* Fills a small tmpfs of its own; `run` again and again until the disk is full. */
static void on_a_full_disk_the_ballast_lets_one_undo_be_recorded(void **state) {
        autofree char *directory = string_format("%s/small", (char *)*state);
        autofree char *filler = string_format("%s/filler", directory);
        autofree char *big = memory_new(200001);
        Error err = ERROR_INIT;
        int r = 0;

        assert_int_equal(mkdir(directory, 0700), 0);
        if (mount("none", directory, "tmpfs", 0, "size=6m") < 0)
                skip();
        memset(big, 'x', 200000);
        {
                autoptr(Database) database = must_open(directory);
                autofd int fd = open(filler, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
                assert_false(database_is_full(database));
                while (fd_write_all(fd, big, 4096, &err) == 0)
                        ;
                for (int i = 0; i < 50 && r >= 0; i++) {
                        autotransaction transaction = TRANSACTION_INIT;
                        assert_int_equal(transaction_begin(database, &transaction, &err), 0);
                        r = database_run(database, &err,
                                         "INSERT INTO setting (key, value) VALUES (?, ?)", "ss",
                                         "big", big);
                        if (r >= 0)
                                r = transaction_commit(&transaction, &err);
                }
                assert_int_equal(r, -1);
                assert_int_equal(err.kind, ERROR_DISK_SPACE);
                assert_true(database_is_full(database));
                assert_int_equal(count_settings(database), 0);
                must_set(database, "undo", "recorded");
                assert_true(database_is_full(database));
                assert_int_equal(unlink(filler), 0);
                assert_int_equal(ftruncate(fd, 0), 0);
                assert_false(database_is_full(database));
        }
        {
                autoptr(Database) database = must_open(directory);
                assert_int_equal(count_settings(database), 1);
        }
        assert_int_equal(umount(directory), 0);
}

/* A limit on file sizes is an I/O error in the middle of writing the log. */
__attribute__((noreturn)) static void write_beyond_limit(const char *directory) {
        const struct rlimit limit = { 100000, 100000 };
        autofree char *big = memory_new(200001);
        Transaction transaction = TRANSACTION_INIT;
        Error err;

        memset(big, 'x', 200000);
        Database *database = must_open(directory);
        must_set(database, "before", "kept");
        (void)signal(SIGXFSZ, SIG_IGN);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_int_equal(transaction_begin(database, &transaction, &err), 0);
        int r = database_run(database, &err, "INSERT INTO setting (key, value) VALUES ('big', ?)",
                             "s", big);
        if (r >= 0)
                r = transaction_commit(&transaction, &err);
        transaction_done(&transaction);
        bool is_refused = transaction_begin(database, &transaction, &err) < 0;
        _exit(r < 0 && is_refused && database_is_broken(database) ? 0 : 1);
}

static void after_an_io_error_only_a_new_process_may_look(void **state) {
        int status;
        pid_t child = fork();

        if (child == 0)
                write_beyond_limit(*state);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        autoptr(Database) database = must_open(*state);
        assert_int_equal(count_settings(database), 1);
}

static int commits_before_kill;
static void kill_before(bool is_after) {
        if (!is_after && commits_before_kill-- == 0)
                (void)raise(SIGKILL);
}
static void kill_after(bool is_after) {
        if (is_after && commits_before_kill-- == 0)
                (void)raise(SIGKILL);
}

static void commit_until_killed(const char *directory, void (*probe)(bool), int number) {
        Database *database = must_open(directory);

        commits_before_kill = number;
        database_set_commit_probe_for_test(probe);
        for (int i = 0; i < 5; i++) {
                autofree char *key = string_format("%d", i);
                must_set(database, key, "v");
        }
        _exit(0);
}

static void a_kill_around_a_commit_keeps_exactly_the_commits_before_it(void **state) {
        int crashes = 0;

        for (int number = 0; number < 5; number++)
                for (int is_after = 0; is_after < 2; is_after++) {
                        autofree char *directory =
                                string_format("%s/%d-%d", (char *)*state, number, is_after);
                        int status;
                        pid_t child = fork();
                        if (child == 0)
                                commit_until_killed(directory, is_after ? kill_after : kill_before,
                                                    number);
                        assert_int_equal(waitpid(child, &status, 0), child);
                        crashes += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
                        autoptr(Database) database = must_open(directory);
                        assert_int_equal(count_settings(database), number + is_after);
                }
        assert_int_equal(crashes, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                TEST(what_was_committed_is_there_after_reopening),
                TEST(an_unfinished_scope_leaves_nothing),
                TEST(after_an_error_nothing_of_the_transaction_commits),
                TEST(a_transaction_that_sqlite_rolled_back_takes_no_more_statements),
                TEST(a_second_opener_is_told_who_holds_the_state),
                TEST(what_a_dead_holder_forked_is_waited_for),
                TEST(every_file_is_for_root_only),
                TEST(the_durability_settings_are_as_designed),
                TEST(a_query_may_run_inside_the_same_query),
                TEST(what_is_not_wanted_again_and_again_is_let_go_when_idle),
                TEST(a_query_that_is_open_survives_an_idle_moment),
                TEST(null_is_bound_and_found_as_no_value),
                TEST(a_damaged_state_is_refused_set_aside_and_left_alone),
                TEST(a_file_of_another_program_is_refused),
                TEST(on_a_full_disk_the_ballast_lets_one_undo_be_recorded),
                TEST(after_an_io_error_only_a_new_process_may_look),
                TEST(a_kill_around_a_commit_keeps_exactly_the_commits_before_it),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
