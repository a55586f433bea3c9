/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../scratch.h"
#include "../unit.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "state/database.h"
#include "state/sound.h"

static int64_t take_from(const char *directory) {
        Error err;
        autofd int fd = directory_open(directory, &err);

        assert_true(fd >= 0);
        return sound_take(fd);
}

static void leave_in(const char *directory, int64_t checked_at) {
        Error err;
        autofd int fd = directory_open(directory, &err);

        assert_true(fd >= 0);
        sound_leave(fd, checked_at);
}

static Database *must_open(const char *directory) {
        Database *database;
        Error err;

        if (database_open(directory, &database, &err) < 0)
                fail_msg("%s", err.message);
        return database;
}

static void write_row(Database *database) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        assert_int_equal(transaction_begin(database, &transaction, &err), 0);
        assert_int_equal(database_run(database, &err,
                                      "INSERT OR REPLACE INTO setting (key, value) VALUES "
                                      "('key', 'value')",
                                      ""),
                         1);
        assert_int_equal(transaction_commit(&transaction, &err), 0);
}

/* A whole page of an index: nothing that opening alone looks at. */
static void damage(const char *directory) {
        autofree char *path = string_format("%s/pawl.db", directory);
        autofd int fd = open(path, O_RDWR | O_CLOEXEC);
        char noise[4096];
        struct stat status;

        memset(noise, 0xa5, sizeof(noise));
        assert_int_equal(fstat(fd, &status), 0);
        assert_int_equal(pwrite(fd, noise, sizeof(noise), status.st_size - 4096), sizeof(noise));
}

static void an_end_that_was_none_says_nothing(void **state) {
        int status;

        (void)database_close(must_open(*state));
        pid_t pid = fork();
        if (pid == 0) {
                write_row(must_open(*state));
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(take_from(*state), 0);
}

static void what_was_closed_says_when_it_was_read(void **state) {
        int64_t before = clock_get_wall();

        (void)database_close(must_open(*state));
        int64_t said = take_from(*state);
        assert_true(said >= before && said <= clock_get_wall());
        assert_int_equal(take_from(*state), 0);
}

static void the_time_is_that_of_the_reading_not_of_the_end(void **state) {
        (void)database_close(must_open(*state));
        int64_t first = take_from(*state);
        leave_in(*state, first);
        Database *database = must_open(*state);
        write_row(database);
        (void)database_close(database);
        assert_int_equal(take_from(*state), first);
}

static void old_words_and_those_of_the_future_count_for_nothing(void **state) {
        (void)database_close(must_open(*state));
        leave_in(*state, clock_get_wall() - 25LL * 3600 * 1000000000);
        assert_int_equal(take_from(*state), 0);
        leave_in(*state, clock_get_wall() + 3600LL * 1000000000);
        assert_int_equal(take_from(*state), 0);
        leave_in(*state, clock_get_wall() - 3600LL * 1000000000);
        assert_true(take_from(*state) > 0);
}

static void a_touched_file_is_read_again(void **state) {
        Database *database = NULL;
        Error err;

        write_row(database = must_open(*state));
        (void)database_close(database);
        damage(*state);
        assert_int_equal(database_open(*state, &database, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
}

/* What rots unseen is found a little later, and by every process after that at once. */
static void damage_under_a_good_word_is_found_when_there_is_time(void **state) {
        Database *database = NULL;
        Error err;

        write_row(database = must_open(*state));
        (void)database_close(database);
        damage(*state);
        leave_in(*state, clock_get_wall());
        database = must_open(*state);
        assert_false(database_is_broken(database));
        assert_int_equal(database_check(database, &err), -1);
        assert_int_equal(err.kind, ERROR_CORRUPT);
        assert_true(database_is_broken(database));
        (void)database_close(database);
        assert_int_equal(database_open(*state, &database, &err), -1);
        assert_non_null(strstr(err.message, "is damaged"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_set_up, scratch_tear_down)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                TEST(an_end_that_was_none_says_nothing),
                TEST(what_was_closed_says_when_it_was_read),
                TEST(the_time_is_that_of_the_reading_not_of_the_end),
                TEST(old_words_and_those_of_the_future_count_for_nothing),
                TEST(a_touched_file_is_read_again),
                TEST(damage_under_a_good_word_is_found_when_there_is_time),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
