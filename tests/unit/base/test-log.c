/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "../unit.h"
#include "base/log.h"

/* What one call wrote to stderr; `ret` holds at least 4096 bytes. */
static void capture(LogLevel level, const char *text, char *ret) {
        autofd int file = memfd_create("stderr", MFD_CLOEXEC);
        autofd int kept = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

        assert_true(dup2(file, STDERR_FILENO) >= 0);
        errno = EXDEV;
        log_line(level, "%s", text);
        int number = errno;
        assert_true(dup2(kept, STDERR_FILENO) >= 0);
        assert_int_equal(number, EXDEV);
        ssize_t length = pread(file, ret, 4095, 0);
        assert_true(length >= 0);
        ret[length] = '\0';
}

static void one_call_is_one_line_whatever_it_says(void **state) {
        char line[4096];

        (void)state;
        log_init("pawl-test");
        capture(LOG_LEVEL_ERROR, "a\nb\x1b[31m", line);
        assert_string_equal(line, "pawl-test: a?b?[31m\n");
}

static void long_lines_are_cut(void **state) {
        char line[4096], text[3000];

        (void)state;
        memset(text, 'x', sizeof(text) - 1);
        text[sizeof(text) - 1] = '\0';
        capture(LOG_LEVEL_ERROR, text, line);
        assert_true(strlen(line) < 1100);
        assert_int_equal(line[strlen(line) - 1], '\n');
}

static void debug_lines_are_asked_for(void **state) {
        char line[4096];

        (void)state;
        assert_int_equal(unsetenv("PAWL_DEBUG"), 0);
        log_init("pawl-test");
        capture(LOG_LEVEL_DEBUG, "x", line);
        assert_string_equal(line, "");
        assert_int_equal(setenv("PAWL_DEBUG", "1", 1), 0);
        log_init("pawl-test");
        capture(LOG_LEVEL_DEBUG, "x", line);
        assert_string_equal(line, "pawl-test: x\n");
}

static void the_journal_gets_levels(void **state) {
        char line[4096];

        (void)state;
        assert_int_equal(setenv("JOURNAL_STREAM", "1:2", 1), 0);
        log_init("pawl-test");
        capture(LOG_LEVEL_WARNING, "x", line);
        assert_string_equal(line, "<4>pawl-test: x\n");
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(one_call_is_one_line_whatever_it_says),
                cmocka_unit_test(long_lines_are_cut),
                cmocka_unit_test(debug_lines_are_asked_for),
                cmocka_unit_test(the_journal_gets_levels),
        };

        (void)unsetenv("JOURNAL_STREAM");
        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
