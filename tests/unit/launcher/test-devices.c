/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "launcher/devices.h"
#include "unit.h"

/* A step of a plan: its words and, of the second and third, the numbers. */
static void apply(DeviceFilter *filter, LaunchOp op, const char *const words[4], uint64_t major,
                  uint64_t minor) {
        LaunchStep step = { .op = op, .numbers = { 0, major, minor } };

        for (size_t i = 0; i < 4; i++)
                step.words[i] = words[i];
        device_filter_apply(filter, &step);
}

static int try_open(const char *path, int flags) {
        autofd int fd = open(path, flags | O_CLOEXEC);

        return fd < 0 ? errno : 0;
}

/* In a child behind the filter: what opening answers; 255 where there is no cgroup v2 here. */
static int answer_behind(DeviceFilter *filter, const char *path, int flags) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                device_filter_enter(filter);
                int answer = filter->parent < 0 ? 255 : try_open(path, flags);
                device_filter_leave(filter);
                _exit(answer);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void only_what_the_rules_name_is_opened(void **state) {
        static const char *const on[] = { "on", "", "", "" };
        static const char *const block[] = { "block", "7", "4294967295", "ro" };
        static const char *const kmsg[] = { "char", "1", "11", "ro" };
        char directory[] = "/tmp/pawl-devices-XXXXXX", loop[64], zero[64];
        DeviceFilter plain = DEVICE_FILTER_INIT, granted = DEVICE_FILTER_INIT;
        (void)state;

        if (geteuid() != 0)
                skip();
        assert_non_null(mkdtemp(directory));
        (void)snprintf(loop, sizeof(loop), "%s/loop", directory);
        (void)snprintf(zero, sizeof(zero), "%s/kmsg", directory);
        assert_int_equal(mknod(loop, S_IFBLK | 0600, makedev(7, 0)), 0);
        assert_int_equal(mknod(zero, S_IFCHR | 0600, makedev(1, 11)), 0);
        apply(&plain, LAUNCH_OP_DEVICE_FILTER, on, 0, 0);
        apply(&granted, LAUNCH_OP_DEVICE_FILTER, on, 0, 0);
        apply(&granted, LAUNCH_OP_DEVICE_RULE, block, 7, DEVICE_ANY);
        apply(&granted, LAUNCH_OP_DEVICE_RULE, kmsg, 1, 11);
        int usual = answer_behind(&plain, "/dev/null", O_RDWR);
        if (usual != 255) {
                assert_int_equal(usual, 0);
                assert_int_equal(answer_behind(&plain, loop, O_RDONLY), EPERM);
                assert_int_equal(answer_behind(&plain, zero, O_RDONLY), EPERM);
                assert_int_equal(answer_behind(&granted, "/dev/null", O_RDWR), 0);
                assert_int_not_equal(answer_behind(&granted, loop, O_RDONLY), EPERM);
                assert_int_equal(answer_behind(&granted, loop, O_RDWR), EPERM);
                assert_int_equal(answer_behind(&granted, zero, O_RDONLY), 0);
                assert_int_equal(answer_behind(&granted, zero, O_WRONLY), EPERM);
        }
        (void)unlink(loop);
        (void)unlink(zero);
        assert_int_equal(rmdir(directory), 0);
        if (usual == 255)
                skip();
}

/* Where there is no cgroup the program is looked at alone. */
static void a_rule_is_eight_instructions_at_most(void **state) {
        static const char *const on[] = { "on", "", "", "" };
        static struct bpf_insn program[DEVICE_INSTRUCTION_COUNT_MAX];
        DeviceFilter filter = DEVICE_FILTER_INIT;
        (void)state;

        assert_int_equal(device_filter_compile(&filter, program), 8);
        apply(&filter, LAUNCH_OP_DEVICE_FILTER, on, 0, 0);
        /* 8 nodes by both numbers, 8 by one. */
        assert_int_equal(device_filter_compile(&filter, program), 8 + 8 * 8 + 8 * 7);
        assert_int_equal(program[7 + 8 * 8 + 8 * 7].code, BPF_JMP | BPF_EXIT);
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(a_rule_is_eight_instructions_at_most),
                cmocka_unit_test(only_what_the_rules_name_is_opened),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
