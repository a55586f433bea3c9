/* SPDX-License-Identifier: Apache-2.0 */
#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "launch/launch-plan.h"
#include "plan-case.h"
#include "unit.h"
#include "wire/launch.h"

/* Reads the plan as the launcher does and looks for a step; every line must be right. */
static bool plan_has(const Text *plan, LaunchOp op, const char *first, const char *second) {
        autofree char *copy = string_copy(plan->bytes);
        LaunchAnswer answer;
        LaunchStep step;
        Error err = ERROR_INIT;
        bool has_it = false;
        int found;

        assert_int_equal(launch_answer_parse(copy, plan->length, &answer, &err), 0);
        while ((found = launch_plan_next(&answer.plan, &step, &err)) > 0)
                has_it |= step.op == op && string_equal(step.words[0], first) &&
                          (!second || string_equal(step.words[1], second));
        assert_int_equal(found, 0);
        return has_it;
}

static void a_plan_is_what_a_launcher_reads(void **state) {
        Case made = make_case("{\"apps\":{\"run\":{\"command\":\"bin/run -x $A\"}}}");
        autotext plan = TEXT_INIT;
        Error err = ERROR_INIT;
        (void)state;

        assert_int_equal(write_plan(&made, &plan, &err), 0);
        assert_true(plan_has(&plan, LAUNCH_OP_TAG, "snap.tool.run", NULL));
        assert_true(plan_has(&plan, LAUNCH_OP_ARGUMENT, "/snap/tool/x1/bin/run", NULL));
        assert_true(plan_has(&plan, LAUNCH_OP_ARGUMENT, "$A", NULL));
        assert_true(plan_has(&plan, LAUNCH_OP_LINK, "/bin", "usr/bin"));
        assert_true(plan_has(&plan, LAUNCH_OP_HOST, "/etc/passwd", "/etc/passwd"));
        assert_true(plan_has(&plan, LAUNCH_OP_HOST, "/home/u/snap/tool", "/home/u/snap/tool"));
        assert_false(plan_has(&plan, LAUNCH_OP_HOST, "/home/u", NULL));
        assert_false(plan_has(&plan, LAUNCH_OP_HOST, "/etc/group", NULL));
        assert_true(plan_has(&plan, LAUNCH_OP_SECCOMP, "4", "0"));
        target_done(&made.target);
}

/* Manifest text reaches the plan only as one word of one line. */
static void a_value_cannot_become_a_line(void **state) {
        Case made =
                make_case("{\"environment\":[[\"A\",\"x\\nhost / / rw\\n\"]],\"apps\":{\"run\":{"
                          "\"command\":\"bin/run\"}}}");
        autotext plan = TEXT_INIT;
        Error err = ERROR_INIT;
        (void)state;

        assert_int_equal(write_plan(&made, &plan, &err), 0);
        assert_true(plan_has(&plan, LAUNCH_OP_EXPAND, "A", "x\nhost / / rw\n"));
        assert_false(plan_has(&plan, LAUNCH_OP_HOST, "/", NULL));
        target_done(&made.target);
}

static void a_value_is_whole_whatever_is_in_it(void **state) {
        Case made = make_case("{\"environment\":[[\"A\",\"a\\tb\\u001b[2J\"]],\"apps\":{\"run\":{"
                              "\"command\":\"bin/run\"}}}");
        autofree char *home = memory_new(3000);
        autofree char *wanted = NULL;
        autotext plan = TEXT_INIT;
        Error err = ERROR_INIT;
        (void)state;

        memset(home, 'h', 2500);
        for (size_t i = 100; i < 2500; i += 100)
                home[i] = '/';
        memcpy(home, "/home/", 6);
        made.request.home = home;
        assert_int_equal(write_plan(&made, &plan, &err), 0);
        assert_true(plan_has(&plan, LAUNCH_OP_EXPAND, "A", "a\tb\x1b[2J"));
        wanted = string_format("%s/snap/tool/x1", home);
        assert_true(plan_has(&plan, LAUNCH_OP_SETENV, "HOME", wanted));
        target_done(&made.target);
}

/* Sockets are seccomp's; what is in /proc/net is the host's all the same. */
static void without_a_grant_of_sockets_there_is_no_network(void **state) {
        Case made = make_case("{\"apps\":{\"run\":{\"command\":\"bin/run\"}}}");
        autotext plan = TEXT_INIT, other = TEXT_INIT;
        Error err = ERROR_INIT;
        (void)state;

        assert_int_equal(write_plan(&made, &plan, &err), 0);
        assert_true(plan_has(&plan, LAUNCH_OP_NETWORK, "none", NULL));
        made.target.grants.flags = INTERFACE_LIFTS_TCP;
        assert_int_equal(write_plan(&made, &other, &err), 0);
        assert_false(plan_has(&other, LAUNCH_OP_NETWORK, "none", NULL));
        target_done(&made.target);
}

/* They come after all other descriptors; to make or delete one is the filter's. */
static void granted_queues_keep_the_namespace_that_they_are_in(void **state) {
        Case made = make_case("{\"apps\":{\"run\":{\"command\":\"bin/run\"}}}");
        char name[] = "/q";
        GrantRow row = { .kind = GRANT_QUEUE, .text = name };
        autotext none = TEXT_INIT, both = TEXT_INIT, one = TEXT_INIT, absent = TEXT_INIT;
        autotext rules = TEXT_INIT;
        Error err = ERROR_INIT;
        (void)state;

        made.input.has_queues = true;
        assert_int_equal(write_plan(&made, &none, &err), 0);
        assert_false(plan_has(&none, LAUNCH_OP_QUEUES, "5", NULL));
        made.target.grants.rows = &row;
        made.target.grants.row_count = 1;
        row.access = GRANT_QUEUE_ALL;
        assert_int_equal(write_plan(&made, &both, &err), 0);
        assert_true(plan_has(&both, LAUNCH_OP_QUEUES, "5", "read,write"));
        row.access = INTERFACE_ACCESS_WRITE;
        assert_int_equal(write_plan(&made, &one, &err), 0);
        assert_true(plan_has(&one, LAUNCH_OP_QUEUES, "5", "write"));
        grant_set_append_seccomp(&made.target.grants, &rules);
        assert_non_null(strstr(rules.bytes, "allow mq_open 1&0x43=1\nallow mq_timedsend\n"));
        assert_null(strstr(rules.bytes, "mq_timedreceive"));
        assert_null(strstr(rules.bytes, "mq_unlink"));
        assert_non_null(strstr(rules.bytes, "refuse shmget\n"));
        made.input.has_queues = false;
        assert_int_equal(write_plan(&made, &absent, &err), 0);
        assert_false(plan_has(&absent, LAUNCH_OP_QUEUES, "5", NULL));
        made.target.grants.rows = NULL;
        made.target.grants.row_count = 0;
        target_done(&made.target);
}

static void devmode_leaves_the_filters_out_and_nothing_else(void **state) {
        Case made = make_case("{\"apps\":{\"run\":{\"command\":\"bin/run\"}}}");
        autotext plan = TEXT_INIT;
        Error err = ERROR_INIT;
        (void)state;

        made.target.is_devmode = true;
        assert_int_equal(write_plan(&made, &plan, &err), 0);
        assert_null(strstr(plan.bytes, "\nseccomp "));
        assert_null(strstr(plan.bytes, "\nlandlock "));
        assert_non_null(strstr(plan.bytes, "\nproc /proc\n"));
        target_done(&made.target);
}

static void root_without_landlock_is_refused(void **state) {
        Case made = make_case("{\"apps\":{\"run\":{\"command\":\"bin/run\"}}}");
        autotext plan = TEXT_INIT;
        Error err = ERROR_INIT;
        (void)state;

        made.input.uid = 0;
        made.request.home = NULL;
        made.request.landlock_abi = 0;
        assert_int_equal(write_plan(&made, &plan, &err), -1);
        assert_non_null(strstr(err.message, "Landlock"));
        target_done(&made.target);
}

static void a_label_stands_in_for_landlock(void **state) {
        Case made = make_case("{\"apps\":{\"run\":{\"command\":\"bin/run\"}}}");
        autotext plan = TEXT_INIT;
        autotext traces = TEXT_INIT;
        autotext without = TEXT_INIT;
        Error err = ERROR_INIT;
        (void)state;

        made.input.uid = 0;
        made.request.home = NULL;
        made.request.landlock_abi = 0;
        made.input.has_label = true;
        assert_int_equal(write_plan(&made, &plan, &err), 0);
        assert_true(plan_has(&plan, LAUNCH_OP_LABEL, "snap.tool.run", NULL));
        assert_false(plan_has(&plan, LAUNCH_OP_NEW_PRIVILEGES, "allowed", NULL));
        assert_non_null(strstr(plan.bytes, "\nlandlock "));
        made.target.grants.flags = INTERFACE_TRACES_PROCESSES | INTERFACE_LIFTS_NO_NEW_PRIVILEGES;
        assert_int_equal(write_plan(&made, &traces, &err), 0);
        assert_null(strstr(traces.bytes, "\nlandlock "));
        assert_true(plan_has(&traces, LAUNCH_OP_NEW_PRIVILEGES, "allowed", NULL));
        /* Without a label both stay. */
        made.request.landlock_abi = 6;
        made.input.has_label = false;
        assert_int_equal(write_plan(&made, &without, &err), 0);
        assert_non_null(strstr(without.bytes, "\nlandlock "));
        assert_null(strstr(without.bytes, "\nnew-privileges "));
        target_done(&made.target);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_plan_is_what_a_launcher_reads),
                cmocka_unit_test(a_value_cannot_become_a_line),
                cmocka_unit_test(a_value_is_whole_whatever_is_in_it),
                cmocka_unit_test(without_a_grant_of_sockets_there_is_no_network),
                cmocka_unit_test(granted_queues_keep_the_namespace_that_they_are_in),
                cmocka_unit_test(devmode_leaves_the_filters_out_and_nothing_else),
                cmocka_unit_test(root_without_landlock_is_refused),
                cmocka_unit_test(a_label_stands_in_for_landlock),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
