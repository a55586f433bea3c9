/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/fold.h"
#include "cli/warnings.h"

static void lines_are_cut_at_blanks_words_where_they_must(void **state) {
        (void)state;
        static const struct {
                const char *text, *folded;
        } cases[] = {
                { "", "  \n" },
                { "a\n\n \nb\n\n", "  a\n  \n  \n  b\n" },
                { "one two three four five", "  one two three four\n  five\n" },
                { "    one two three four", "      one two three\n      four\n" },
                { "abcdefghijklmnopqrstuvwxyz", "  abcdefghijklmnopqr\n  stuvwxyz\n" },
                { "ümlaut ümlaut ümlau ümlaut", "  ümlaut ümlaut\n  ümlau ümlaut\n" },
        };
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autotext out = TEXT_INIT;
                fold_append_lines(&out, cases[i].text, 2, 20);
                assert_string_equal(out.bytes, cases[i].folded);
        }
}

static void only_what_yaml_would_misread_is_quoted(void **state) {
        (void)state;
        static const struct {
                const char *value, *quoted;
        } cases[] = {
                { "", "\"\"" },
                { "a: b", "\"a: b\"" },
                { "ends:", "\"ends:\"" },
                { "a:b", "a:b" },
                { "- x", "\"- x\"" },
                { "-x", "-x" },
                { "{a", "\"{a\"" },
                { "it's", "it's" },
                { "\"q\"", "\"q\"" },
                { "# hash", "# hash" },
                { "a #b: c", "a #b: c" },
                { " true \n", "true" },
                { "\"q\" x", "\"\\\"q\\\" x\"" },
        };
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autofree char *quoted = fold_quote(cases[i].value);
                assert_string_equal(quoted, cases[i].quoted);
        }
}

static void paths_are_cleaned(void **state) {
        (void)state;
        static const char *const cases[][2] = {
                { "./a", "a" },
                { "a//b/", "a/b" },
                { "", "." },
                { ".", "." },
                { "a/..", "." },
                { "../a/../b", "../b" },
                { "/..", "/" },
                { "/", "/" },
                { "/v2/snaps/", "/v2/snaps" },
                { "/v2/snaps/../x", "/v2/x" },
                { "../..", "../.." },
                { "a/../../b", "../b" },
                { "/a/../../b/.", "/b" },
        };
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autofree char *clean = client_clean_path(cases[i][0]);
                assert_string_equal(clean, cases[i][1]);
        }
}

/* Under its own name a word stays one segment of the path, whatever it is. */
static void a_name_of_ours_leaves_its_place_never(void **state) {
        (void)state;
        autoptr(Client) ours = client_new("", "pawl");
        autoptr(Client) other = client_new("", "snap");
        autofree char *own = client_make_path(ours, "/v2/snaps", "../x?y");
        autofree char *cleaned = client_make_path(other, "/v2/snaps", "../x?y");
        assert_string_equal(own, "/v2/snaps/..%2Fx%3Fy");
        assert_string_equal(cleaned, "/v2/x%3Fy");
}

static void durations_have_five_characters(void **state) {
        (void)state;
        static const char *const cases[][2] = {
                { "672h0m0s", "28d0h" }, { "24h0m0s", "1d00h" }, { "25h", "1d01h" },
                { "1m1s", "1m01s" },     { "10m", "10.0m" },     { "9h59m", "9h59m" },
                { "12s", "12.0s" },      { "2400h", " 100d" },   { "xyz", "0ms" },
        };
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autofree char *text = warnings_format_duration(cases[i][0]);
                assert_string_equal(text, cases[i][1]);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(lines_are_cut_at_blanks_words_where_they_must),
                cmocka_unit_test(only_what_yaml_would_misread_is_quoted),
                cmocka_unit_test(paths_are_cleaned),
                cmocka_unit_test(a_name_of_ours_leaves_its_place_never),
                cmocka_unit_test(durations_have_five_characters),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
