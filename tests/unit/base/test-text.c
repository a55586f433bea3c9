/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "base/text.h"

static void text_grows_and_stays_terminated(void **state) {
        autotext text = TEXT_INIT;

        (void)state;
        for (int i = 0; i < 1000; i++) {
                text_append_format(&text, "%d,", i % 10);
                assert_int_equal(text.length, strlen(text.bytes));
        }
        text_append(&text, "");
        text_append_bytes(&text, "a\0b", 3);
        assert_int_equal(text.length, 2003);
        assert_memory_equal(text.bytes, "0,1,2,", 6);
        assert_memory_equal(text.bytes + 2000, "a\0b", 4);
}

static void taking_an_empty_text_gives_an_empty_string(void **state) {
        autotext text = TEXT_INIT;

        (void)state;
        autofree char *bytes = text_take(&text);
        assert_string_equal(bytes, "");
        assert_null(text.bytes);
        text_append(&text, "again");
        autofree char *again = text_take(&text);
        assert_string_equal(again, "again");
        assert_int_equal(text.length, 0);
}

static void appending_nothing_to_nothing_is_a_string(void **state) {
        autotext text = TEXT_INIT;

        (void)state;
        text_append_bytes(&text, NULL, 0);
        assert_non_null(text.bytes);
        assert_string_equal(text.bytes, "");
}

static void prefixes_and_suffixes(void **state) {
        (void)state;
        assert_true(string_has_prefix("snap.yaml", "snap"));
        assert_true(string_has_prefix("a", ""));
        assert_false(string_has_prefix("sna", "snap"));
        assert_true(string_has_suffix("a.desktop", ".desktop"));
        assert_true(string_has_suffix("a", ""));
        assert_false(string_has_suffix("p", ".desktop"));
        assert_false(string_has_suffix("a.desktop ", ".desktop"));
}

static void numbers_are_exact(void **state) {
        static const struct {
                const char *string;
                uint64_t max, value;
                int result;
        } CASES[] = {
                { "0", UINT64_MAX, 0, 0 },
                { "007", UINT64_MAX, 7, 0 },
                { "18446744073709551615", UINT64_MAX, UINT64_MAX, 0 },
                { "18446744073709551616", UINT64_MAX, 0, -1 },
                { "99999999999999999999", UINT64_MAX, 0, -1 },
                { "10", 10, 10, 0 },
                { "11", 10, 0, -1 },
                { "5", 3, 0, -1 },
                { "0", 0, 0, 0 },
                { "1", 0, 0, -1 },
                { "", UINT64_MAX, 0, -1 },
                { " 1", UINT64_MAX, 0, -1 },
                { "1 ", UINT64_MAX, 0, -1 },
                { "+1", UINT64_MAX, 0, -1 },
                { "-1", UINT64_MAX, 0, -1 },
                { "0x1", UINT64_MAX, 0, -1 },
                { "1e3", UINT64_MAX, 0, -1 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                Error err = ERROR_INIT;
                uint64_t value = 42;
                int result = string_parse_u64(CASES[i].string, CASES[i].max, &value, &err);
                if (result != CASES[i].result)
                        fail_msg("\"%s\" up to %lu: %d", CASES[i].string, CASES[i].max, result);
                /* What failed has changed nothing. */
                assert_true(value == (result < 0 ? 42 : CASES[i].value));
                assert_int_equal(err.kind, result < 0 ? ERROR_BAD_REQUEST : 0);
        }
}

static void signed_numbers_are_exact(void **state) {
        static const struct {
                const char *string;
                int64_t value;
                int result;
        } CASES[] = {
                { "-1", -1, 0 },
                { "9223372036854775807", INT64_MAX, 0 },
                { "-9223372036854775807", -INT64_MAX, 0 },
                { "9223372036854775808", 0, -1 },
                { "--1", 0, -1 },
                { "-", 0, -1 },
                { "-0", 0, 0 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                Error err = ERROR_INIT;
                int64_t value = 42;
                assert_int_equal(string_parse_i64(CASES[i].string, &value, &err), CASES[i].result);
                assert_true(value == (CASES[i].result < 0 ? 42 : CASES[i].value));
        }
}

static void utf8_is_clean_or_not(void **state) {
        static const struct {
                const char *string;
                size_t length;
                bool is_clean;
        } CASES[] = {
                { "", 0, true },
                { "plain\ttext\r\n", 12, true },
                { "\xc3\xa9", 2, true },
                { "\xf0\x9f\x98\x80", 4, true },
                { "\xef\xbf\xbd", 3, true },
                { "\xf4\x8f\xbf\xbf", 4, true },
                { "a\0b", 3, false },
                { "\x1b[31m", 5, false },
                { "\x7f", 1, false },
                { "\xc3", 1, false },
                { "\xa9", 1, false },
                { "\xc0\x80", 2, false },         /* overlong NUL */
                { "\xc1\xbf", 2, false },         /* overlong ASCII */
                { "\xe0\x80\xaf", 3, false },     /* overlong slash */
                { "\xf0\x80\x80\xaf", 4, false }, /* and longer */
                { "\xed\xa0\x80", 3, false },     /* a surrogate */
                { "\xf4\x90\x80\x80", 4, false }, /* over 0x10ffff */
                { "\xf8\x88\x80\x80\x80", 5, false },
                { "\xff", 1, false },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++)
                if (string_is_clean_utf8(CASES[i].string, CASES[i].length) != CASES[i].is_clean)
                        fail_msg("case %zu", i);
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(text_grows_and_stays_terminated),
                cmocka_unit_test(taking_an_empty_text_gives_an_empty_string),
                cmocka_unit_test(appending_nothing_to_nothing_is_a_string),
                cmocka_unit_test(prefixes_and_suffixes),
                cmocka_unit_test(numbers_are_exact),
                cmocka_unit_test(signed_numbers_are_exact),
                cmocka_unit_test(utf8_is_clean_or_not),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
