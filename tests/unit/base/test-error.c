/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "base/error.h"

static void every_kind_has_a_name_of_its_own_and_a_status(void **state) {
        (void)state;
        for (int kind = 0; kind < ERROR_KIND_COUNT; kind++) {
                const ErrorKindInfo *info = error_kind_get_info((ErrorKind)kind);
                assert_non_null(info->name);
                assert_true(info->http_status >= 400 && info->http_status < 600);
                for (int other = 0; other < kind; other++)
                        assert_string_not_equal(info->name,
                                                error_kind_get_info((ErrorKind)other)->name);
        }
}

static void an_unknown_kind_is_shown_as_failed(void **state) {
        (void)state;
        assert_string_equal(error_kind_get_info((ErrorKind)ERROR_KIND_COUNT)->name, "failed");
        assert_string_equal(error_kind_get_info((ErrorKind)-1)->name, "failed");
}

static void raising_is_one_statement(void **state) {
        Error err = { .kind = ERROR_BUSY, .number = 5, .message = "older" };

        (void)state;
        assert_int_equal(error_set(&err, ERROR_NOT_FOUND, "no %s", "snap"), -1);
        assert_int_equal(err.kind, ERROR_NOT_FOUND);
        assert_int_equal(err.number, 0);
        assert_string_equal(err.message, "no snap");
}

static void errno_is_kept_and_explained(void **state) {
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(error_set_errno(&err, ENOENT, "cannot open %s", "x"), -1);
        assert_int_equal(err.number, ENOENT);
        assert_int_equal(err.kind, ERROR_FAILED);
        assert_string_equal(err.message, "cannot open x: No such file or directory");
        (void)error_set_errno(&err, ENOSPC, "cannot write");
        assert_int_equal(err.kind, ERROR_DISK_SPACE);
        (void)error_set_errno(&err, 99999, "odd");
        assert_string_equal(err.message, "odd: unknown error");
}

static void context_goes_in_front(void **state) {
        Error err = ERROR_INIT;

        (void)state;
        (void)error_set_errno(&err, EACCES, "cannot read");
        assert_int_equal(error_prefix(&err, "snap %s", "x"), -1);
        assert_string_equal(err.message, "snap x: cannot read: Permission denied");
        assert_int_equal(err.number, EACCES);
}

static void a_message_too_long_is_cut_not_overrun(void **state) {
        struct {
                Error err;
                char guard[8];
        } held = { .guard = "guarded" };
        char long_text[3 * ERROR_MESSAGE_MAX];

        (void)state;
        memset(long_text, 'x', sizeof(long_text) - 1);
        long_text[sizeof(long_text) - 1] = '\0';
        (void)error_set(&held.err, ERROR_FAILED, "%s", long_text);
        assert_int_equal(strlen(held.err.message), ERROR_MESSAGE_MAX - 1);
        (void)error_prefix(&held.err, "%s", long_text);
        assert_int_equal(strlen(held.err.message), ERROR_MESSAGE_MAX - 1);
        (void)error_set_errno(&held.err, EIO, "%s", long_text);
        assert_int_equal(strlen(held.err.message), ERROR_MESSAGE_MAX - 1);
        assert_string_equal(held.guard, "guarded");
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(every_kind_has_a_name_of_its_own_and_a_status),
                cmocka_unit_test(an_unknown_kind_is_shown_as_failed),
                cmocka_unit_test(raising_is_one_statement),
                cmocka_unit_test(errno_is_kept_and_explained),
                cmocka_unit_test(context_goes_in_front),
                cmocka_unit_test(a_message_too_long_is_cut_not_overrun),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
