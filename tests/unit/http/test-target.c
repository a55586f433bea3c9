/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "http/target.h"
#include "unit.h"

static const struct {
        const char *raw;
        const char *path;
        const char *query;
        const char *location; /* NULL = the path was clean */
} GOOD[] = {
        { "/", "/", "{}", NULL },
        { "/v2/snaps", "/v2/snaps", "{}", NULL },
        { "/v2/snaps/", "/v2/snaps/", "{}", NULL },
        { "/v2/snaps?select=all", "/v2/snaps", "{\"select\":[\"all\"]}", NULL },
        { "/v2/find?q=a+b%20c&q=&name", "/v2/find", "{\"q\":[\"a b c\",\"\"],\"name\":[\"\"]}",
          NULL },
        { "/a?&&x=1&", "/a", "{\"x\":[\"1\"]}", NULL },
        { "/a%2Bb+c", "/a+b+c", "{}", NULL },
        { "/a?x=%3D%26=", "/a", "{\"x\":[\"=&=\"]}", NULL },
        { "/caf%C3%A9", "/caf\xc3\xa9", "{}", NULL },
        { "http://localhost/v2/snaps", "/v2/snaps", "{}", NULL },
        { "http://localhost", "/", "{}", NULL },
        { "//v2///snaps", "/v2/snaps", "{}", "/v2/snaps" },
        { "/v2/./snaps?a=b", "/v2/snaps", "{\"a\":[\"b\"]}", "/v2/snaps?a=b" },
        { "/v2/x/../snaps/", "/v2/snaps/", "{}", "/v2/snaps/" },
        { "/../../etc", "/etc", "{}", "/etc" },
        { "/..", "/", "{}", "/" },
        { "/%2e%2E/a", "/a", "{}", "/a" },
        { "//a%20b%C3%A9%25", "/a b\xc3\xa9%", "{}", "/a%20b%C3%A9%25" },
        { "/...", "/...", "{}", NULL },
};

static void paths_are_decoded_and_cleaned(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(GOOD); i++) {
                Target target;
                Error err = ERROR_INIT;
                if (target_parse(GOOD[i].raw, &target, &err) < 0)
                        fail_msg("%s: %s", GOOD[i].raw, err.message);
                autofree char *query = json_format(target.query);
                assert_string_equal(target.path, GOOD[i].path);
                assert_string_equal(query, GOOD[i].query);
                if (GOOD[i].location)
                        assert_string_equal(target.location, GOOD[i].location);
                else
                        assert_null(target.location);
                target_done(&target);
        }
}

static void what_is_no_text_is_refused(void **state) {
        static const char *const BAD[] = {
                "",      "*",    "v2/snaps", "/%",       "/%4",      "/%zz",    "/%00",    "/a%0ab",
                "/a%7f", "/%ff", "/a?x=%",   "/a?x=%00", "/a?%ff=1", "/%c0%af", "/a?x=%1", "/\x01a",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(BAD); i++) {
                Target target;
                Error err = ERROR_INIT;
                if (target_parse(BAD[i], &target, &err) >= 0)
                        fail_msg("\"%s\" was taken", BAD[i]);
                assert_int_equal(err.kind, ERROR_BAD_REQUEST);
        }
}

static void sizes_are_bounded(void **state) {
        autofree char *longest = memory_new(TARGET_LENGTH_MAX + 2);
        autotext query = TEXT_INIT;
        Target target;
        Error err = ERROR_INIT;

        (void)state;
        memset(longest, '/', 1);
        memset(longest + 1, 'a', TARGET_LENGTH_MAX - 1);
        assert_int_equal(target_parse(longest, &target, &err), 0);
        target_done(&target);
        longest[TARGET_LENGTH_MAX] = 'a';
        assert_int_equal(target_parse(longest, &target, &err), -1);
        assert_int_equal(err.kind, ERROR_TOO_LARGE);
        text_append(&query, "/?");
        for (int i = 0; i <= TARGET_QUERY_COUNT_MAX; i++)
                text_append_format(&query, "k%d&", i);
        assert_int_equal(target_parse(query.bytes, &target, &err), -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(paths_are_decoded_and_cleaned),
                cmocka_unit_test(what_is_no_text_is_refused),
                cmocka_unit_test(sizes_are_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
