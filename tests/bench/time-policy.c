/* SPDX-License-Identifier: Apache-2.0
 *
 * What bench-policy measures:
 *
 *   time-policy profile NUMBER        package NUMBER's rules as the stock compiler reads them
 *   time-policy compile DIR COUNT     COUNT different policies, compiled and written
 *   time-policy waiting ROOT COUNT N  as the daemon does, where N launches at a time wait for
 * theirs; then opened, too time-policy find DIR COUNT        those policies, found as a launch does
 *   time-policy calls [ours|FILE]     ns a system call without a filter, under ours, under the raw
 *                                     program in FILE: one round of each call
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
#include "interface/interface-kind.h"
#include "launch/policies.h"
#include "policy/seccomp-template.h"
#include "policy/store.h"

/* Short rounds and the best of many: on a busy machine some are not interrupted. */
#define CALL_COUNT  2000
#define ROUND_COUNT 400

static double get_seconds(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static _Noreturn void give_up(const Error *err) {
        log_error("%s", err->message);
        exit(1);
}

static void append_block(const InterfaceBlock *block, Text *rules) {
        const char *const *line = block->grants->lists[INTERFACE_LIST_SYSTEM_CALLS];

        for (; line && *line; line++)
                if (!strpbrk(*line, "$@~"))
                        text_append_format(rules, "rule %s\n", *line);
}

/* Packages differ by what they are connected to, and in one number at least. */
static void append_grants(uint64_t package, Text *rules) {
        for (size_t i = package % 2; i < interface_kind_count; i += 2) {
                const InterfaceBlock *block = interface_kinds[i].plug.blocks;

                for (; block && block->grants; block++)
                        append_block(block, rules);
        }
        text_append_format(rules, "rule swapoff %llu\n", (unsigned long long)package + 1);
}

/* Its grammar has no masks: guarded calls are allowed there, which is less work. */
static int print_profile(uint64_t package) {
        autotext rules = TEXT_INIT;
        char *rest = NULL;

        seccomp_template_append(&rules);
        append_grants(package, &rules);
        for (char *line = strtok_r(rules.bytes, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest)) {
                char *word = NULL;

                if (string_has_prefix(line, "rule "))
                        (void)puts(line + strlen("rule "));
                else if (string_equal(strtok_r(line, " ", &word), "allow")) {
                        const char *name = strtok_r(NULL, " ", &word);
                        (void)puts(string_equal(name, "ioctl") ? "ioctl - !TIOCSTI" : name);
                }
        }
        return 0;
}

static void compile_one(int directory, const char *template, uint64_t package) {
        autotext rules = TEXT_INIT;
        Error err = ERROR_INIT;

        text_append(&rules, template);
        append_grants(package, &rules);
        if (policy_compile(directory, rules.bytes, &err) < 0)
                give_up(&err);
}

static void find_one(int directory, const char *template, uint64_t package) {
        char digest[DIGEST_SHA256_HEX_SIZE];
        PolicyObject object = POLICY_OBJECT_INIT;
        autotext rules = TEXT_INIT;
        Error err = ERROR_INIT;

        text_append(&rules, template);
        append_grants(package, &rules);
        policy_digest(rules.bytes, digest);
        if (policy_find(directory, digest, &object, &err) != 1) {
                (void)error_set(&err, ERROR_FAILED, "a policy is not there");
                give_up(&err);
        }
        policy_object_done(&object);
}

static int time_policies(const char *what, const char *path, uint64_t count) {
        Error err = ERROR_INIT;
        autofd int directory = directory_open(path, &err);
        autotext template = TEXT_INIT;

        if (directory < 0)
                give_up(&err);
        /* Once for a daemon's life. */
        seccomp_template_append(&template);
        double begun = get_seconds();
        for (uint64_t i = 0; i < count; i++) {
                if (string_equal(what, "find"))
                        find_one(directory, template.bytes, i);
                else
                        compile_one(directory, template.bytes, i);
        }
        (void)printf("%.2f\n", (get_seconds() - begun) * 1e3);
        return 0;
}

/* --- as the daemon does --- */

static void forget_end(void *context) {
        (void)context;
}

/* 1 when it is there. */
static int ask(Policies *policies, const char *template, uint64_t package) {
        autotext rules = TEXT_INIT;
        Error err = ERROR_INIT;
        PolicyFound found;

        text_append(&rules, template);
        append_grants(package, &rules);
        int there = policies_require(policies, rules.bytes, &found, &err);
        if (there < 0)
                give_up(&err);
        return there;
}

/* At most `at_once` launches wait at a time. */
static int time_waiting(const char *root, uint64_t count, uint64_t at_once) {
        autotext template = TEXT_INIT;
        uv_loop_t loop;

        policies_write_template(&template);
        (void)uv_loop_init(&loop);
        double begun = get_seconds();
        Policies *policies = policies_new(&loop, root, forget_end, NULL);
        for (uint64_t i = 0; i < count; i += at_once) {
                uint64_t end = i + at_once < count ? i + at_once : count;
                for (uint64_t package = i; package < end; package++)
                        (void)ask(policies, template.bytes, package);
                (void)uv_run(&loop, UV_RUN_DEFAULT);
                for (uint64_t package = i; package < end; package++)
                        if (ask(policies, template.bytes, package) != 1)
                                return 1;
        }
        (void)printf("%.2f\n", (get_seconds() - begun) * 1e3);
        (void)policies_free(policies);
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
        (void)printf("%s %.1f %s\n", name, best * 1e9 / CALL_COUNT,
                     errno ? strerrorname_np(errno) : "ok");
}

static int time_calls(void) {
        time_call("allowed", SYS_getppid, 0, 0);
        time_call("checked", SYS_ioctl, -1, 0x5401);
        time_call("denied", SYS_swapoff, 0, 0);
        return 0;
}

int main(int argc, char *argv[]) {
        static const char *const WHATS[] = { "compile", "find" };
        Error err = ERROR_INIT;
        uint64_t count = 0, at_once = 0;

        log_init("time-policy");
        if (argc == 3 && string_equal(argv[1], "profile") &&
            string_parse_u64(argv[2], 100000, &count, &err) == 0)
                return print_profile(count);
        for (size_t i = 0; argc == 4 && i < ARRAY_COUNT(WHATS); i++)
                if (string_equal(argv[1], WHATS[i]) &&
                    string_parse_u64(argv[3], 100000, &count, &err) == 0)
                        return time_policies(argv[1], argv[2], count);
        if (argc == 5 && string_equal(argv[1], "waiting") &&
            string_parse_u64(argv[3], 100000, &count, &err) == 0 &&
            string_parse_u64(argv[4], 100000, &at_once, &err) == 0 && at_once > 0)
                return time_waiting(argv[2], count, at_once);
        if (argc < 2 || argc > 3 || !string_equal(argv[1], "calls"))
                return 64;
        if (argc == 3 && string_equal(argv[2], "ours"))
                load_ours();
        else if (argc == 3)
                load_file(argv[2]);
        return time_calls();
}
