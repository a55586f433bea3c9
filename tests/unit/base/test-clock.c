/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "base/clock.h"
#include "base/own.h"

static void times_are_written_as_rfc3339(void **state) {
        static const struct {
                int64_t wall;
                const char *text;
        } CASES[] = {
                { 0, "1970-01-01T00:00:00.000000000Z" },
                { 1704164645123456789, "2024-01-02T03:04:05.123456789Z" },
                { 951782400000000001, "2000-02-29T00:00:00.000000001Z" },
                { -1, "1969-12-31T23:59:59.999999999Z" },
                { INT64_MAX, "2262-04-11T23:47:16.854775807Z" },
                { INT64_MIN, "1677-09-21T00:12:43.145224192Z" },
        };
        char buffer[CLOCK_TEXT_SIZE];

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++)
                assert_string_equal(clock_format_rfc3339(CASES[i].wall, buffer), CASES[i].text);
}

static void the_wall_clock_can_be_held(void **state) {
        (void)state;
        clock_set_wall_for_test(1234);
        assert_int_equal(clock_get_wall(), 1234);
        clock_set_wall_for_test(0);
        assert_true(clock_get_wall() > 1577836800000000000); /* 2020 */
}

static void the_boot_clock_goes_forward(void **state) {
        int64_t before = clock_get_boot();

        (void)state;
        assert_true(before > 0);
        clock_set_wall_for_test(1);
        assert_true(clock_get_boot() >= before);
        clock_set_wall_for_test(0);
}

static void a_boot_has_one_name(void **state) {
        autofree char *one = clock_read_boot_id(), *two = clock_read_boot_id();

        (void)state;
        assert_int_equal(strlen(one), 36);
        assert_string_equal(one, two);
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(times_are_written_as_rfc3339),
                cmocka_unit_test(the_wall_clock_can_be_held),
                cmocka_unit_test(the_boot_clock_goes_forward),
                cmocka_unit_test(a_boot_has_one_name),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
