/* SPDX-License-Identifier: Apache-2.0 */
#include "../scratch.h"
#include "../unit.h"
#include "base/text.h"
#include "state/warning.h"

static Database *must_open(const char *directory) {
        Database *database;
        Error err;

        if (database_open(directory, &database, &err) < 0)
                fail_msg("%s", err.message);
        return database;
}

static int64_t count(Database *database) {
        int64_t found = -1;
        Error err;

        assert_true(database_find_int(database, &found, &err, "SELECT count(*) FROM warning", "") >
                    0);
        return found;
}

static void what_is_said_again_is_the_same_warning_and_what_is_not_is_forgotten(void **state) {
        Database *database = must_open(*state);
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        assert_int_equal(transaction_begin(database, &transaction, &err), 0);
        assert_int_equal(warning_add(database, "snap \"a\": one", 10, &err), 0);
        assert_int_equal(warning_add(database, "snap \"a\": two", 10, &err), 0);
        assert_int_equal(warning_add(database, "snap \"ab\": one", 10, &err), 0);
        assert_int_equal(warning_add(database, "snap \"a\": one", 20, &err), 0);
        assert_int_equal(count(database), 3);
        assert_int_equal(warning_forget_others(database, "snap \"a\": ", 20, &err), 0);
        assert_int_equal(count(database), 2);
        assert_int_equal(warning_forget_others(database, "snap \"a\": ", 30, &err), 0);
        assert_int_equal(count(database), 1);
        assert_int_equal(transaction_commit(&transaction, &err), 0);
        (void)database_close(database);
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test_setup_teardown(
                        what_is_said_again_is_the_same_warning_and_what_is_not_is_forgotten,
                        scratch_set_up, scratch_tear_down),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
