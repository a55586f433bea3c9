/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "policy/seccomp-template.h"
#include "policy/seccomp.h"
#include "unit.h"

static Seccomp compile(const char *rules) {
        Seccomp seccomp = SECCOMP_INIT;
        Error err = ERROR_INIT;

        assert_int_equal(seccomp_compile(rules, &seccomp, &err), 0);
        return seccomp;
}

/* What a call answers under the program, in a child: 0 or errno; 1000 + signal when it dies. */
static int answer_of(const Seccomp *seccomp, long number, long a, long b) {
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                struct sock_fprog program = { .len = (unsigned short)seccomp->count,
                                              .filter = seccomp->instructions };
                if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
                        _exit(200);
                long result = syscall(number, a, b, 0, 0);
                _exit(result < 0 ? errno : 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void the_template_answers_as_its_page_says(void **state) {
        static const struct {
                long number, a, b;
                int answer;
        } cases[] = {
                { SYS_getppid, 0, 0, 0 },
                { SYS_close, 999, 0, EBADF },
                { SYS_mount, 0, 0, EPERM },
                { SYS_clone3, 0, 0, ENOSYS },
                { SYS_unshare, CLONE_NEWUSER, 0, EPERM },
                { SYS_clone, CLONE_NEWUSER, 0, EPERM },
                { SYS_socket, AF_UNIX, SOCK_STREAM, 0 },
                { SYS_socket, AF_INET, SOCK_STREAM, EPERM },
                { SYS_socket, 0x100000000L | AF_INET, SOCK_STREAM, EPERM },
                { SYS_ioctl, 999, 0x5412, EPERM },
                { SYS_ioctl, 999, 0x7700005412L, EPERM },
                { SYS_ioctl, 999, 0x541C, EPERM },
                { SYS_ioctl, 999, 0x5413, EBADF },
                { SYS_io_uring_setup, 1, 0, EPERM },
                { SYS_ptrace, 0, 0, EPERM },
                { SYS_prlimit64, 1, 0, EPERM },
                { 0x40000000L | SYS_getppid, 0, 0, 1000 + SIGSYS },
        };
        autotext rules = TEXT_INIT;
        (void)state;

        seccomp_template_append(&rules);
        autoseccomp seccomp = compile(rules.bytes);
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
                assert_int_equal(answer_of(&seccomp, cases[i].number, cases[i].a, cases[i].b),
                                 cases[i].answer);
}

static void every_name_of_the_template_is_known(void **state) {
        autotext rules = TEXT_INIT;
        (void)state;

        seccomp_template_append(&rules);
        assert_non_null(strstr(rules.bytes, "\nallow close_range\n"));
        assert_null(strstr(rules.bytes, "io_uring"));
        assert_null(strstr(rules.bytes, "allow mount\n"));
        assert_null(strstr(rules.bytes, "allow unshare\n"));
}

static void a_bad_rule_is_refused(void **state) {
        static const char *const rules[] = { "permit read\n", "allow\n", "allow read 9&0x1=1\n",
                                             "allow read x\n",
                                             "allow read 0&0x1=1 1&0x1=1 2&0x1=1 3&0x1=1\n" };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(rules); i++) {
                autoseccomp seccomp = SECCOMP_INIT;
                Error err = ERROR_INIT;

                assert_int_equal(seccomp_compile(rules[i], &seccomp, &err), -1);
                assert_true(err.message[0]);
        }
}

static void a_name_of_another_architecture_is_left_out(void **state) {
        (void)state;
        autoseccomp with = compile("allow read\nallow no_such_call\nallow cacheflush\n");
        autoseccomp without = compile("allow read\n");

        assert_int_equal(with.count, without.count);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_template_answers_as_its_page_says),
                cmocka_unit_test(every_name_of_the_template_is_known),
                cmocka_unit_test(a_bad_rule_is_refused),
                cmocka_unit_test(a_name_of_another_architecture_is_left_out),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
