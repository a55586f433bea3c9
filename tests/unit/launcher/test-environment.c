/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/environment.h"
#include "unit.h"

static void variables_are_expanded_as_a_shell_names_them(void **state) {
        static const struct {
                const char *text, *expanded;
        } cases[] = {
                { "", "" },       { "plain", "plain" },     { "$A", "1" },      { "${A}", "1" },
                { "$A$B", "12" }, { "x${A}y$B-", "x1y2-" }, { "$NOT_SET", "" }, { "$", "$" },
                { "$$A", "$1" },  { "${A", "${A" },         { "${}", "${}" },   { "a$-b", "a$-b" },
        };
        (void)state;

        (void)setenv("A", "1", 1);
        (void)setenv("B", "2", 1);
        (void)unsetenv("NOT_SET");
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autofree char *got = environment_expand(cases[i].text);

                assert_string_equal(got, cases[i].expanded);
        }
}

static void a_pattern_unsets_all_it_names(void **state) {
        Command command = { 0 };
        (void)state;

        (void)setenv("LD_PRELOAD", "x", 1);
        (void)setenv("LD_AUDIT", "x", 1);
        (void)setenv("OLD_LD_", "kept", 1);
        environment_apply(&command, &(LaunchStep){ .op = LAUNCH_OP_UNSETENV, .words = { "LD_*" } });
        assert_null(getenv("LD_PRELOAD"));
        assert_null(getenv("LD_AUDIT"));
        assert_string_equal(getenv("OLD_LD_"), "kept");
}

static void an_argument_that_is_empty_is_dropped(void **state) {
        Command command = { 0 };
        (void)state;

        (void)unsetenv("NOT_SET");
        environment_apply(&command,
                          &(LaunchStep){ .op = LAUNCH_OP_ARGUMENT, .words = { "$NOT_SET" } });
        assert_int_equal(command.count, 0);
        environment_apply(&command, &(LaunchStep){ .op = LAUNCH_OP_ARGUMENT, .words = { "a b" } });
        assert_int_equal(command.count, 1);
        assert_string_equal(command.words[0], "a b");
        free(command.words[0]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(variables_are_expanded_as_a_shell_names_them),
                cmocka_unit_test(a_pattern_unsets_all_it_names),
                cmocka_unit_test(an_argument_that_is_empty_is_dropped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
