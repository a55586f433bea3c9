/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <time.h>

#include "../unit.h"
#include "base/own.h"
#include "cli/moment.h"

/* 2024-03-01T12:00:00Z */
#define NOW 1709294400

typedef struct Case {
        const char *time;
        bool is_absolute;
        const char *text;
} Case;

static void times_are_told_as_people_tell_them(void **state) {
        (void)state;
        static const Case cases[] = {
                { "2024-03-01T10:20:30.5Z", false, "today at 10:20 UTC" },
                { "2024-02-29T23:59:59Z", false, "yesterday at 23:59 UTC" },
                { "2024-03-02T00:00:00Z", false, "tomorrow at 00:00 UTC" },
                { "2024-02-28T10:00:00Z", false, "2 days ago, at 10:00 UTC" },
                { "2024-03-11T10:00:00Z", false, "in 10 days, at 10:00 UTC" },
                { "2024-01-01T10:00:00Z", false, "60 days ago, at 10:00 UTC" },
                { "2023-12-31T10:00:00Z", false, "2023-12-31" },
                { "2024-03-01T01:00:00+02:00", false, "yesterday at 23:00 UTC" },
                { "2024-03-01T10:20:30.123456789Z", true, "2024-03-01T10:20:30Z" },
                { "2024-03-01T10:20:30.5+02:00", true, "2024-03-01T10:20:30+02:00" },
                { "0001-01-01T00:00:00Z", false, "-" },
                { NULL, true, "-" },
                { "", false, "-" },
        };
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                char text[MOMENT_TEXT_SIZE];
                assert_string_equal(moment_format(cases[i].time, NOW, cases[i].is_absolute, text),
                                    cases[i].text);
        }
}

static void what_is_no_time_is_refused(void **state) {
        (void)state;
        static const char *const texts[] = { "",
                                             "2024",
                                             "2024-03-01",
                                             "2024-13-01T00:00:00Z",
                                             "2024-03-01T25:00:00Z",
                                             "2024-03-01T10:20:30",
                                             "2024-03-01T10:20:30.Z",
                                             "2024-03-01T10:20:30+2:00",
                                             "2024-03-01T10:20:30Zx",
                                             "2024-03-01T10:20Z",
                                             "+024-03-01T10:20:30Z" };
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
                Error err = ERROR_INIT;
                int64_t seconds;
                assert_int_equal(moment_parse(texts[i], &seconds, &err), -1);
                assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        }
}

int main(void) {
        (void)setenv("TZ", "UTC", 1);
        tzset();
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(times_are_told_as_people_tell_them),
                cmocka_unit_test(what_is_no_time_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
