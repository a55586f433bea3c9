/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"
#include "api/rfc3339.h"

static const struct {
        const char *text;
        int64_t wall;
} GOOD[] = {
        { "2024-01-02T03:04:05.123456789Z", 1704164645123456789 },
        { "2024-01-02T03:04:05Z", 1704164645000000000 },
        { "2024-01-02T05:04:05.5+02:00", 1704164645500000000 },
        { "2024-01-02T02:34:05.000000001-00:30", 1704164645000000001 },
        { "1970-01-01T00:00:00Z", 0 },
        { "2024-01-02T03:04:05.1234567891234Z", 1704164645123456789 },
};

static const char *const BAD[] = {
        "",
        "now",
        "2024-01-02",
        "2024-01-02T03:04:05",
        "2024-01-02T03:04:05.Z",
        "2024-13-02T03:04:05Z",
        "2024-01-02T24:04:05Z",
        "2024-01-02T03:04:05Zx",
        "2024-01-02T03:04:05+0200",
        "9999-01-02T03:04:05Z",
        "0001-01-01T00:00:00Z",
};

static void times_are_read_to_the_nanosecond(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof(GOOD) / sizeof(GOOD[0]); i++) {
                Error err = ERROR_INIT;
                int64_t wall = -1;
                assert_int_equal(rfc3339_parse(GOOD[i].text, &wall, &err), 0);
                assert_int_equal(wall, GOOD[i].wall);
        }
}

static void what_is_not_one_time_is_refused(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof(BAD) / sizeof(BAD[0]); i++) {
                Error err = ERROR_INIT;
                int64_t wall = -1;
                if (rfc3339_parse(BAD[i], &wall, &err) >= 0)
                        fail_msg("accepted: %s", BAD[i]);
                assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(times_are_read_to_the_nanosecond),
                cmocka_unit_test(what_is_not_one_time_is_refused),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
