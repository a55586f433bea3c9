/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "base/text.h"
#include "interface/interface-kind.h"
#include "policy/seccomp-rule.h"
#include "policy/seccomp.h"
#include "unit.h"

static const struct {
        const char *line;
        SeccompRule rule;
} LINES[] = {
        { "", { .kind = SECCOMP_RULE_NONE } },
        { "   ", { .kind = SECCOMP_RULE_NONE } },
        { "# text", { .kind = SECCOMP_RULE_NONE } },
        { "@complain", { .kind = SECCOMP_RULE_COMPLAIN } },
        { "  @unrestricted ", { .kind = SECCOMP_RULE_UNRESTRICTED } },
        { "bind", { SECCOMP_RULE_ALLOW, "bind", { { 0 } }, 0 } },
        { "~bind", { SECCOMP_RULE_REFUSE, "bind", { { 0 } }, 0 } },
        { "socket AF_NETLINK - NETLINK_ROUTE",
          { SECCOMP_RULE_ALLOW,
            "socket",
            { { 0, SECCOMP_COMPARE_EQUAL, AF_NETLINK },
              { 2, SECCOMP_COMPARE_EQUAL, NETLINK_ROUTE } },
            2 } },
        { "~ioctl - TIOCSTI",
          { SECCOMP_RULE_REFUSE, "ioctl", { { 1, SECCOMP_COMPARE_LOW_EQUAL, TIOCSTI } }, 1 } },
        { "mknod - |S_IFIFO",
          { SECCOMP_RULE_ALLOW, "mknod", { { 1, SECCOMP_COMPARE_BITS, S_IFIFO } }, 1 } },
        { "setpriority PRIO_PROCESS 0 <=19",
          { SECCOMP_RULE_ALLOW,
            "setpriority",
            { { 0, SECCOMP_COMPARE_EQUAL, PRIO_PROCESS },
              { 1, SECCOMP_COMPARE_EQUAL, 0 },
              { 2, SECCOMP_COMPARE_LESS_EQUAL, 19 } },
            3 } },
        { "setregid -1 g:root",
          { SECCOMP_RULE_ALLOW,
            "setregid",
            { { 0, SECCOMP_COMPARE_LOW_EQUAL, UINT32_MAX }, { 1, SECCOMP_COMPARE_LOW_EQUAL, 0 } },
            2 } },
        { "prctl >=1 !2 <3 >4 - 4294967295",
          { SECCOMP_RULE_ALLOW,
            "prctl",
            { { 0, SECCOMP_COMPARE_MORE_EQUAL, 1 },
              { 1, SECCOMP_COMPARE_NOT_EQUAL, 2 },
              { 2, SECCOMP_COMPARE_LESS, 3 },
              { 3, SECCOMP_COMPARE_MORE, 4 },
              { 5, SECCOMP_COMPARE_EQUAL, UINT32_MAX } },
            5 } },
};

static void a_line_says_what_its_words_say(void **state) {
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(LINES); i++) {
                const SeccompRule *wanted = &LINES[i].rule;
                Error err = ERROR_INIT;
                SeccompRule got;

                if (seccomp_rule_parse(LINES[i].line, &got, &err) < 0)
                        fail_msg("%s: %s", LINES[i].line, err.message);
                assert_int_equal(got.kind, wanted->kind);
                assert_string_equal(got.name, wanted->name);
                assert_int_equal(got.argument_count, wanted->argument_count);
                for (size_t k = 0; k < got.argument_count; k++) {
                        assert_int_equal(got.arguments[k].number, wanted->arguments[k].number);
                        assert_int_equal(got.arguments[k].compare, wanted->arguments[k].compare);
                        assert_int_equal(got.arguments[k].value, wanted->arguments[k].value);
                }
        }
}

static void what_is_no_rule_is_refused(void **state) {
        static const struct {
                const char *line, *message;
        } cases[] = {
                { "prctl 1 2 3 4 5 6 7", "too many arguments specified for syscall 'prctl' in line "
                                         "\"prctl 1 2 3 4 5 6 7\"" },
                { "socket AF_NONE",
                  "line \"socket AF_NONE\": \"AF_NONE\" is no number and no constant" },
                { "socket 0x1", "line \"socket 0x1\": \"0x1\" is no number and no constant" },
                { "socket 4294967296",
                  "line \"socket 4294967296\": \"4294967296\" is no number and no constant" },
                { "socket -1", "line \"socket -1\": \"-1\" must not be negative" },
                { "setuid >=0", "line \"setuid >=0\": unsupported comparison \">=0\"" },
                { "setuid u:nobody-of-that-name",
                  "line \"setuid u:nobody-of-that-name\": there is no user "
                  "\"nobody-of-that-name\" here" },
                { "setuid u:Root", "line \"setuid u:Root\": \"u:Root\" names no account" },
                { "@else", "unknown directive \"@else\"" },
                { "@complain x", "unknown directive \"@complain x\"" },
                { "~", "\"\" is no name of a system call" },
                { "a-b", "\"a-b\" is no name of a system call" },
        };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                Error err = ERROR_INIT;
                SeccompRule rule;

                assert_int_equal(seccomp_rule_parse(cases[i].line, &rule, &err), -1);
                assert_string_equal(err.message, cases[i].message);
        }
}

/* --- what they do --- */

typedef struct Call {
        long number, a, b, c;
} Call;

static int answer_of(const char *rules, Call call) {
        autoseccomp seccomp = SECCOMP_INIT;
        Error err = ERROR_INIT;
        int status = 0;

        if (seccomp_compile(rules, &seccomp, &err) < 0)
                fail_msg("%s", err.message);
        pid_t pid = fork();
        if (pid == 0) {
                (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                struct sock_fprog program = { .len = (unsigned short)seccomp.count,
                                              .filter = seccomp.instructions };
                if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
                        _exit(200);
                long result = syscall(call.number, call.a, call.b, call.c, 0);
                /* No _exit: a sanitizer's makes calls that are refused here. */
                (void)syscall(SYS_exit_group, result < 0 ? errno : 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        return WEXITSTATUS(status);
}

static void a_program_answers_as_its_rules_say(void **state) {
        static const struct {
                const char *rules;
                Call call;
                int answer;
        } cases[] = {
                { "getppid", { SYS_getppid, 0, 0, 0 }, 0 },
                { "getpid", { SYS_getppid, 0, 0, 0 }, EPERM },
                { "getppid\nrule ~getppid", { SYS_getppid, 0, 0, 0 }, EACCES },
                { "@complain", { SYS_getppid, 0, 0, 0 }, 0 },
                { "@unrestricted\nrule ~getppid", { SYS_getppid, 0, 0, 0 }, 0 },
                { "socket AF_NETLINK - NETLINK_ROUTE",
                  { SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
                  0 },
                { "socket AF_NETLINK - NETLINK_ROUTE",
                  { SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_GENERIC },
                  EPERM },
                { "ioctl\nrule ~ioctl - TIOCSTI", { SYS_ioctl, 99, TIOCSTI, 0 }, EACCES },
                /* The kernel takes it for TIOCSTI all the same. */
                { "ioctl\nrule ~ioctl - TIOCSTI",
                  { SYS_ioctl, 99, 1L << 32 | TIOCSTI, 0 },
                  EACCES },
                { "ioctl\nrule ~ioctl - TIOCSTI", { SYS_ioctl, 99, TCGETS, 0 }, EBADF },
                { "setreuid -1 u:root", { SYS_setreuid, 0xffffffffL, 0, 0 }, 0 },
                { "setreuid -1 u:root", { SYS_setreuid, -1, 0, 0 }, 0 },
                { "setreuid -1 u:root", { SYS_setreuid, 1, 0, 0 }, EPERM },
                { "getpriority <2 !7", { SYS_getpriority, PRIO_PROCESS, 0, 0 }, 0 },
                { "getpriority <2 !7", { SYS_getpriority, PRIO_USER, 0, 0 }, EPERM },
                { "getpriority <2 !7", { SYS_getpriority, PRIO_PROCESS, 7, 0 }, EPERM },
                { "mseal", { 462, 1, 1, 1 }, 1000 },
                { "nobody_knows_this\nrule getppid", { SYS_getppid, 0, 0, 0 }, 0 },
        };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autofree char *rules =
                        string_format("rule exit_group\nrule seccomp\nrule %s\n", cases[i].rules);
                int answer = answer_of(rules, cases[i].call);
                /* 1000: anything but refused. */
                bool is_right = cases[i].answer == 1000 ? answer != EPERM && answer != EACCES
                                                        : answer == cases[i].answer;
                if (!is_right)
                        fail_msg("%s: answered %d", cases[i].rules, answer);
        }
}

/* Each interface's lines are rules; a name that this library lacks would be a line without effect.
 */
static void check_lines(const char *interface, const InterfaceSide *side) {
        for (const InterfaceBlock *block = side->blocks; block && block->grants; block++) {
                const char *const *line = block->grants->lists[INTERFACE_LIST_SYSTEM_CALLS];
                for (; line && *line; line++) {
                        Error err = ERROR_INIT;
                        SeccompRule rule;
                        if (strchr(*line, '$'))
                                continue;
                        if (seccomp_rule_parse(*line, &rule, &err) < 0)
                                fail_msg("%s: %s", interface, err.message);
                        /* -1: a call that nobody knows; less: one of other architectures. */
                        if (seccomp_resolve_call(rule.name) == -1)
                                fail_msg("%s: there is no system call %s", interface, rule.name);
                }
        }
}

static void the_lines_of_all_interfaces_are_rules(void **state) {
        (void)state;
        for (size_t i = 0; i < interface_kind_count; i++) {
                check_lines(interface_kinds[i].name, &interface_kinds[i].plug);
                check_lines(interface_kinds[i].name, &interface_kinds[i].slot);
        }
}

/* What is remembered of the library is what it says. */
static void a_call_has_the_number_that_the_library_gives_it(void **state) {
        static const char *const OTHERS[] = { "chown32", "socketcall", "_llseek", "none_such", "" };
        int count = 0;

        (void)state;
        for (int number = 0; number < 600; number++) {
                autofree char *name =
                        seccomp_syscall_resolve_num_arch(seccomp_arch_native(), number);
                if (!name)
                        continue;
                assert_int_equal(seccomp_resolve_call(name), seccomp_syscall_resolve_name(name));
                count++;
        }
        assert_true(count > 250);
        for (size_t i = 0; i < ARRAY_COUNT(OTHERS); i++)
                assert_int_equal(seccomp_resolve_call(OTHERS[i]),
                                 seccomp_syscall_resolve_name(OTHERS[i]));
        assert_int_equal(seccomp_resolve_call("mseal"), 462);
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(a_line_says_what_its_words_say),
                cmocka_unit_test(what_is_no_rule_is_refused),
                cmocka_unit_test(a_program_answers_as_its_rules_say),
                cmocka_unit_test(the_lines_of_all_interfaces_are_rules),
                cmocka_unit_test(a_call_has_the_number_that_the_library_gives_it),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
