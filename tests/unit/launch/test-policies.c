/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "launch/policies.h"
#include "policy/seccomp.h"
#include "sandbox/helper.h"
#include "sandbox/strict.h"
#include "scratch.h"
#include "unit.h"

#define TEMPLATE "allow read\n"

typedef struct Flight {
        char path[SCRATCH_SIZE];
        uv_loop_t loop;
        Policies *policies;
        int ended;
} Flight;

static void count_end(void *context) {
        ((Flight *)context)->ended++;
}

static int begin(void **state) {
        Flight *flight = memory_new(sizeof(*flight));

        scratch_make(flight->path);
        assert_int_equal(uv_loop_init(&flight->loop), 0);
        flight->policies = policies_new(&flight->loop, flight->path, count_end, flight);
        *state = flight;
        return 0;
}

static int end(void **state) {
        Flight *flight = *state;

        (void)policies_free(flight->policies);
        (void)uv_run(&flight->loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&flight->loop), 0);
        int removed = scratch_remove(flight->path);
        free(flight);
        return removed;
}

static int require(Flight *flight, const char *rules, Error *err) {
        PolicyFound found;

        return policies_require(flight->policies, rules, &found, err);
}

static void run(Flight *flight) {
        (void)uv_run(&flight->loop, UV_RUN_DEFAULT);
}

/* Some that are small. */
static char *format_small(int i) {
        return string_format("allow read\nallow write 0&0xff=%d\n", i);
}

static void many_who_wait_cause_one_compilation(void **state) {
        Flight *flight = *state;
        Error err = ERROR_INIT;

        for (int i = 0; i < 100; i++)
                assert_int_equal(require(flight, TEMPLATE, &err), 0);
        assert_true(policies_are_compiling(flight->policies));
        run(flight);
        assert_int_equal(flight->ended, 1);
        for (int i = 0; i < 100; i++)
                assert_int_equal(require(flight, TEMPLATE, &err), 1);
        assert_int_equal(flight->ended, 1);
}

static void one_failure_is_that_of_all_who_wait(void **state) {
        Flight *flight = *state;

        for (int i = 0; i < 100; i++) {
                Error err = ERROR_INIT;

                int there = require(flight, "no rule\n", &err);
                assert_int_equal(there, i == 0 ? 0 : -1);
                assert_true(i == 0 || strstr(err.message, "cannot compile the policy"));
                run(flight);
        }
        assert_int_equal(flight->ended, 1);
}

static void one_that_fails_takes_no_other_along(void **state) {
        Flight *flight = *state;
        Error err = ERROR_INIT;

        for (int i = 0; i < 100; i++) {
                autofree char *rules = format_small(i);
                assert_int_equal(require(flight, i == 30 ? "no rule\n" : rules, &err), 0);
        }
        policies_drop(flight->policies); /* of those that are waited for none */
        run(flight);
        assert_in_range(flight->ended, 1, 100);
        assert_false(policies_are_compiling(flight->policies));
        for (int i = 0; i < 100; i++) {
                autofree char *rules = format_small(i);
                if (i != 30)
                        assert_int_equal(require(flight, rules, &err), 1);
        }
        assert_int_equal(require(flight, "no rule\n", &err), -1);
        assert_string_equal(err.message, "cannot compile the policy: bad seccomp rule \"no\"");
}

/* What comes out is what compilation here says, and is found by its name after a drop. */
static void what_is_there_is_what_the_rules_say(void **state) {
        static const char *const GROUPS[] = { "", "rule fchown - u:root g:root\n",
                                              "rule chown - u:root -\nrule ~kill\n",
                                              "rule quotactl !u:root >g:root\n",
                                              "rule chown -\tu:root\tg:root\n" };
        Flight *flight = *state;
        autotext template = TEXT_INIT;
        Error err = ERROR_INIT;

        policies_write_template(&template);
        for (size_t i = 0; i < ARRAY_COUNT(GROUPS); i++) {
                autofree char *rules = string_format("%s%s", template.bytes, GROUPS[i]);
                autoseccomp wanted = SECCOMP_INIT;
                autofree char *bytes = NULL;
                size_t length = 0;
                PolicyFound found;

                assert_int_equal(seccomp_compile(rules, &wanted, &err), 0);
                assert_int_equal(require(flight, rules, &err), 0);
                run(flight);
                for (int again = 0; again < 2; again++) {
                        free(take(bytes));
                        assert_int_equal(policies_require(flight->policies, rules, &found, &err),
                                         1);
                        assert_int_equal(found.object->count, wanted.count);
                        (void)lseek(found.object->file, 0, SEEK_SET);
                        assert_int_equal(
                                file_read_all(found.object->file, 1 << 20, &bytes, &length, &err),
                                0);
                        assert_int_equal(length, wanted.count * sizeof(*wanted.instructions));
                        assert_memory_equal(bytes, wanted.instructions, length);
                        policies_drop(flight->policies);
                }
        }
}

static void an_account_that_there_is_not_is_said(void **state) {
        Flight *flight = *state;
        Error err = ERROR_INIT;

        assert_int_equal(require(flight, "rule fchown - u:nobody-here -\n", &err), 0);
        run(flight);
        assert_int_equal(require(flight, "rule fchown - u:nobody-here -\n", &err), -1);
        assert_non_null(strstr(err.message, "there is no user \"nobody-here\" here"));
}

/* Nobody is woken for what nobody waits for; who comes meanwhile waits for that very compilation.
 */
static void what_is_planned_wakes_nobody_who_does_not_wait(void **state) {
        Flight *flight = *state;
        Error err = ERROR_INIT;

        for (int i = 0; i < 40; i++) {
                autofree char *rules = format_small(i);
                assert_int_equal(policies_plan(flight->policies, rules, &err), 0);
                assert_int_equal(policies_plan(flight->policies, rules, &err), 0);
        }
        assert_int_equal(policies_count_planned(flight->policies), 40);
        for (int i = 30; i < 32; i++) {
                autofree char *rules = format_small(i);
                assert_int_equal(require(flight, rules, &err), 0);
        }
        assert_int_equal(policies_count_planned(flight->policies), 38);
        run(flight);
        assert_in_range(flight->ended, 1, 2);
        assert_int_equal(policies_count_planned(flight->policies), 0);
        for (int i = 0; i < 40; i++) {
                autofree char *rules = format_small(i);
                assert_int_equal(policies_plan(flight->policies, rules, &err), 0);
                assert_int_equal(require(flight, rules, &err), 1);
        }
        assert_int_equal(policies_count_planned(flight->policies), 0);
}

/* The child may not ask the kernel what it would say to a filter that lets all through and logs. */
static void what_only_complains_is_planned_too(void **state) {
        static const char RULES[] = "allow read\nrule @complain\n";
        Flight *flight = *state;
        Error err = ERROR_INIT;

        assert_int_equal(policies_plan(flight->policies, RULES, &err), 0);
        run(flight);
        assert_int_equal(require(flight, RULES, &err), 1);
}

/* ── the child ── */

static pid_t find_child(void) {
        autofree char *path = string_format("/proc/self/task/%d/children", (int)getpid());
        FILE *file = fopen(path, "re");
        int pid = 0;

        assert_non_null(file);
        int found = fscanf(file, "%d", &pid); // NOLINT(cert-err34-c)
        (void)fclose(file);
        return found == 1 ? pid : 0;
}

static void a_killed_compiler_is_replaced(void **state) {
        Flight *flight = *state;
        Error err = ERROR_INIT;

        for (int i = 0; i < 20; i++) {
                autofree char *rules = format_small(i);
                assert_int_equal(require(flight, rules, &err), 0);
        }
        assert_int_equal(kill(find_child(), SIGKILL), 0);
        run(flight);
        for (int i = 0; i < 20; i++) {
                autofree char *rules = format_small(i);
                assert_int_equal(require(flight, rules, &err), 1);
        }
        assert_int_not_equal(find_child(), 0);
        policies_drop(flight->policies);
        assert_int_equal(find_child(), 0);
}

static void check_line(const char *status, const char *line) {
        if (!strstr(status, line))
                fail_msg("not in its status: \"%s\" %s", line, status);
}

static void the_compiler_has_no_power(void **state) {
        Flight *flight = *state;
        autofree char *uids =
                string_format("\nUid:\t%u\t%u\t%u\t%u\n", HELPER_UID_COMPILE, HELPER_UID_COMPILE,
                              HELPER_UID_COMPILE, HELPER_UID_COMPILE);
        autofree char *status = NULL;
        size_t length = 0;
        Error err = ERROR_INIT;

        assert_int_equal(require(flight, TEMPLATE, &err), 0);
        run(flight);
        autofree char *path = string_format("/proc/%d/status", (int)find_child());
        autofd int file = open(path, O_RDONLY | O_CLOEXEC);
        assert_int_equal(file_read_all(file, 1 << 16, &status, &length, &err), 0);
        if (geteuid() == 0)
                check_line(status, uids);
        check_line(status, "\nCapEff:\t0000000000000000\n");
        check_line(status, "\nCapPrm:\t0000000000000000\n");
        check_line(status, "\nNoNewPrivs:\t1\n");
        if (!strict_is_relaxed())
                check_line(status, "\nSeccomp:\t2\n");
        autofree char *fds = string_format("/proc/%d/fd", (int)find_child());
        DIR *directory = opendir(fds);
        const struct dirent *entry;
        assert_non_null(directory);
        while ((entry = readdir(directory)))
                assert_true(strlen(entry->d_name) == 1 ? *entry->d_name <= '3'
                                                       : string_equal(entry->d_name, ".."));
        (void)closedir(directory);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                /* First, as what one of them asked is known to those after it. */
                cmocka_unit_test_setup_teardown(what_only_complains_is_planned_too, begin, end),
                cmocka_unit_test_setup_teardown(many_who_wait_cause_one_compilation, begin, end),
                cmocka_unit_test_setup_teardown(one_failure_is_that_of_all_who_wait, begin, end),
                cmocka_unit_test_setup_teardown(one_that_fails_takes_no_other_along, begin, end),
                cmocka_unit_test_setup_teardown(what_is_there_is_what_the_rules_say, begin, end),
                cmocka_unit_test_setup_teardown(an_account_that_there_is_not_is_said, begin, end),
                cmocka_unit_test_setup_teardown(what_is_planned_wakes_nobody_who_does_not_wait,
                                                begin, end),
                cmocka_unit_test_setup_teardown(a_killed_compiler_is_replaced, begin, end),
                cmocka_unit_test_setup_teardown(the_compiler_has_no_power, begin, end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
