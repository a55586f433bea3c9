/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"

static int parse(const char *bytes, size_t length, Error *err) {
        autojson value = NULL;

        *err = ERROR_INIT;
        int result = json_parse(bytes, length, &value, err);
        assert_true((result == 0) == (value != NULL));
        return result;
}

static void what_is_not_one_json_value_is_refused(void **state) {
        static const struct {
                const char *bytes;
                size_t length;
        } BAD[] = {
                { "", 0 },
                { " ", 1 },
                { "{", 1 },
                { "{}x", 3 },
                { "{} {}", 5 },
                { "2\0", 2 },
                { "\"a\0b\"", 5 },
                { "{\"a\":1,\"a\":2}", 13 },
                { "[1,]", 4 },
                { "{'a':1}", 7 },
                { "01", 2 },
                { "nul", 3 },
                { "\"\\ud800\"", 8 },
                { "\"\xff\"", 3 },
                { "\"\\u0000\"", 8 },
                { "1e999", 5 },
                { "9223372036854775808", 19 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(BAD); i++) {
                Error err;
                if (parse(BAD[i].bytes, BAD[i].length, &err) == 0)
                        fail_msg("%s was taken", BAD[i].bytes);
                assert_int_equal(err.kind, ERROR_BAD_REQUEST);
                assert_true(strlen(err.message) > 0);
        }
}

static void any_one_value_is_taken(void **state) {
        static const char *const GOOD[] = { "{}",
                                            "[]",
                                            "1",
                                            "\"x\"",
                                            "null",
                                            " true \n",
                                            "9223372036854775807",
                                            "-9223372036854775808" };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(GOOD); i++) {
                Error err;
                if (parse(GOOD[i], strlen(GOOD[i]), &err) < 0)
                        fail_msg("%s: %s", GOOD[i], err.message);
        }
}

static char *nest(size_t depth) {
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < depth; i++)
                text_append(&text, "[");
        for (size_t i = 0; i < depth; i++)
                text_append(&text, "]");
        return text_take(&text);
}

static void depth_is_bounded_before_anything_recurses(void **state) {
        autofree char *deepest = nest(API_JSON_DEPTH_MAX);
        autofree char *deeper = nest(API_JSON_DEPTH_MAX + 1);
        autofree char *absurd = nest(1000000);
        Error err;

        (void)state;
        assert_int_equal(parse(deepest, strlen(deepest), &err), 0);
        assert_int_equal(parse(deeper, strlen(deeper), &err), -1);
        assert_non_null(strstr(err.message, "nested deeper"));
        assert_int_equal(parse(absurd, strlen(absurd), &err), -1);
        assert_non_null(strstr(err.message, "nested deeper"));
}

static void brackets_in_strings_are_no_depth(void **state) {
        autotext text = TEXT_INIT;
        Error err;

        (void)state;
        text_append(&text, "\"\\\"");
        for (int i = 0; i < 1000; i++)
                text_append(&text, "[{");
        text_append(&text, "\"");
        assert_int_equal(parse(text.bytes, text.length, &err), 0);
}

static void depth_after_a_string_counts(void **state) {
        autofree char *deeper = nest(API_JSON_DEPTH_MAX + 1);
        autofree char *text = string_format("[\"\\\\\",%s]", deeper);
        Error err;

        (void)state;
        assert_int_equal(parse(text, strlen(text), &err), -1);
        assert_non_null(strstr(err.message, "nested deeper"));
}

static void members_of_another_type_count_as_absent(void **state) {
        static const char TEXT[] = "{\"s\":\"x\",\"i\":9007199254740993,\"b\":true,\"n\":null}";
        autojson value = NULL;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(json_parse(TEXT, strlen(TEXT), &value, &err), 0);
        assert_string_equal(json_get_string(value, "s", "-"), "x");
        assert_string_equal(json_get_string(value, "i", "-"), "-");
        assert_string_equal(json_get_string(value, "n", "-"), "-");
        assert_null(json_get_string(value, "absent", NULL));
        /* Over 2^53: no way through a double. */
        assert_true(json_get_int(value, "i", 0) == 9007199254740993);
        assert_int_equal(json_get_int(value, "s", 7), 7);
        assert_true(json_get_bool(value, "b", false));
        assert_true(json_get_bool(value, "i", true));
        assert_int_equal(json_get_int(NULL, "i", 7), 7);
}

static void equal_values_have_equal_canonical_text(void **state) {
        autojson one = json_object();
        autojson two = json_object();

        (void)state;
        json_put(one, "b", json_integer(1));
        json_put_string(one, "a", "x");
        json_put_string(two, "a", "x");
        json_put(two, "b", json_integer(1));
        autofree char *plain = json_format(one);
        autofree char *first = json_format_canonical(one);
        autofree char *second = json_format_canonical(two);
        assert_string_equal(plain, "{\"b\":1,\"a\":\"x\"}");
        assert_string_equal(first, "{\"a\":\"x\",\"b\":1}");
        assert_string_equal(first, second);
}

static void nothing_is_omitted_not_written_as_null(void **state) {
        autojson value = json_object();

        (void)state;
        json_put(value, "a", NULL);
        json_put_string(value, "b", NULL);
        json_put_string(value, "c", "");
        assert_int_equal(json_object_size(value), 0);
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(what_is_not_one_json_value_is_refused),
                cmocka_unit_test(any_one_value_is_taken),
                cmocka_unit_test(depth_is_bounded_before_anything_recurses),
                cmocka_unit_test(brackets_in_strings_are_no_depth),
                cmocka_unit_test(depth_after_a_string_counts),
                cmocka_unit_test(members_of_another_type_count_as_absent),
                cmocka_unit_test(equal_values_have_equal_canonical_text),
                cmocka_unit_test(nothing_is_omitted_not_written_as_null),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
