/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launcher/die.h"
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

static void set(const char *key, const char *value) {
        environment_apply(&(Command){ 0 },
                          &(LaunchStep){ .op = LAUNCH_OP_EXPAND, .words = { key, value } });
}

static void double_until_too_long(void) {
        set("A", "xxxxxxxxxxxxxxxx");
        for (int i = 0; i < 30; i++)
                set("A", "$A$A");
}

static void fill_with_many(void) {
        char key[16];

        set("A", "xxxxxxxxxxxxxxxx");
        for (int i = 0; i < 10; i++)
                set("A", "$A$A");
        for (int i = 0; i < 1000; i++) {
                (void)snprintf(key, sizeof(key), "B%d", i);
                set(key, "$A");
        }
}

static void fill_up_to_the_limit(void) {
        set("A", "xxxxxxxxxxxxxxxx");
        for (int i = 0; i < 12; i++)
                set("A", "$A$A");
}

/* In a child: the launcher dies of it. */
static int see_status(void (*attempt)(void)) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                attempt();
                _exit(0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void variables_that_grow_without_bound_end_the_launch(void **state) {
        (void)state;

        assert_int_equal(see_status(double_until_too_long), EXIT_LAUNCH);
        assert_int_equal(see_status(fill_with_many), EXIT_LAUNCH);
        assert_int_equal(see_status(fill_up_to_the_limit), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(variables_are_expanded_as_a_shell_names_them),
                cmocka_unit_test(a_pattern_unsets_all_it_names),
                cmocka_unit_test(an_argument_that_is_empty_is_dropped),
                cmocka_unit_test(variables_that_grow_without_bound_end_the_launch),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
