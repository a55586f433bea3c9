/* SPDX-License-Identifier: Apache-2.0
 *
 * What bench-policy measures:
 *
 *   time-policy names                 the system calls of our template, one a line
 *   time-policy compile DIR COUNT     COUNT different policies, compiled and written durably
 *   time-policy calls                 ns a system call without a filter,
 *   time-policy calls ours            under ours,
 *   time-policy calls FILE            under the raw program in FILE
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "policy/seccomp-template.h"
#include "policy/store.h"

#define CALL_COUNT  1000000
#define ROUND_COUNT 5

static double get_seconds(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static _Noreturn void give_up(const Error *err) {
        log_error("%s", err->message);
        exit(1);
}

static int print_names(void) {
        autotext rules = TEXT_INIT;
        char *rest = NULL;

        seccomp_template_append(&rules);
        for (char *line = strtok_r(rules.bytes, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest)) {
                char *word = NULL;

                if (string_equal(strtok_r(line, " ", &word), "allow"))
                        (void)puts(strtok_r(NULL, " ", &word));
        }
        return 0;
}

static int compile_all(const char *path, uint64_t count) {
        Error err = ERROR_INIT;
        autofd int directory = directory_open(path, &err);

        if (directory < 0)
                give_up(&err);
        double begun = get_seconds();
        for (uint64_t i = 0; i < count; i++) {
                autotext rules = TEXT_INIT;

                seccomp_template_append(&rules);
                text_append_format(&rules, "allow swapoff 0&0xffffffff=%llu\n",
                                   (unsigned long long)i);
                if (policy_compile(directory, rules.bytes, &err) < 0)
                        give_up(&err);
        }
        (void)printf("%.1f\n", (get_seconds() - begun) * 1e3);
        return 0;
}

static void load(const struct sock_filter *instructions, size_t count) {
        struct sock_fprog program = { .len = (unsigned short)count,
                                      .filter = (struct sock_filter *)(uintptr_t)instructions };

        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
            syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0) {
                perror("time-policy: seccomp");
                exit(1);
        }
}

static void load_ours(void) {
        autoseccomp seccomp = SECCOMP_INIT;
        autotext rules = TEXT_INIT;
        Error err = ERROR_INIT;

        seccomp_template_append(&rules);
        if (seccomp_compile(rules.bytes, &seccomp, &err) < 0)
                give_up(&err);
        load(seccomp.instructions, seccomp.count);
}

static void load_file(const char *path) {
        autofd int file = open(path, O_RDONLY | O_CLOEXEC);
        autofree char *bytes = NULL;
        Error err = ERROR_INIT;
        size_t length = 0;

        if (file < 0 || file_read_all(file, 1 << 20, &bytes, &length, &err) < 0) {
                perror(path);
                exit(1);
        }
        load((const struct sock_filter *)(const void *)bytes, length / sizeof(struct sock_filter));
}

static void time_call(const char *name, long number, long first, long second) {
        double best = 1e9;

        for (int round = 0; round < ROUND_COUNT; round++) {
                double begun = get_seconds();
                for (int i = 0; i < CALL_COUNT; i++)
                        (void)syscall(number, first, second, 0);
                double taken = get_seconds() - begun;
                best = taken < best ? taken : best;
        }
        errno = 0;
        (void)syscall(number, first, second, 0);
        (void)printf("%s %.0f %s\n", name, best * 1e9 / CALL_COUNT,
                     errno ? strerrorname_np(errno) : "ok");
}

static int time_calls(void) {
        time_call("allowed", SYS_getppid, 0, 0);
        time_call("checked", SYS_ioctl, -1, 0x5401);
        time_call("denied", SYS_swapoff, 0, 0);
        return 0;
}

int main(int argc, char *argv[]) {
        Error err = ERROR_INIT;
        uint64_t count = 0;

        log_init("time-policy");
        if (argc == 2 && string_equal(argv[1], "names"))
                return print_names();
        if (argc == 4 && string_equal(argv[1], "compile") &&
            string_parse_u64(argv[3], 100000, &count, &err) == 0)
                return compile_all(argv[2], count);
        if (argc < 2 || argc > 3 || !string_equal(argv[1], "calls"))
                return 64;
        if (argc == 3 && string_equal(argv[2], "ours"))
                load_ours();
        else if (argc == 3)
                load_file(argv[2]);
        return time_calls();
}
