/* SPDX-License-Identifier: Apache-2.0
 *
 * The program started here is this test itself, told by its first argument to look around.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "base/text.h"
#include "sandbox/helper.h"
#include "unit.h"

/* What a helper sees, as one line into descriptor 3. */
static int report(void) {
        char line[256];
        struct stat st;
        struct sigaction action;
        sigset_t blocked;
        int death_signal = 0;
        int extra = 0;

        for (int fd = 5; fd < 256; fd++)
                extra += fcntl(fd, F_GETFD) >= 0;
        (void)prctl(PR_GET_PDEATHSIG, &death_signal);
        (void)sigaction(SIGPIPE, NULL, &action);
        (void)sigprocmask(SIG_BLOCK, NULL, &blocked);
        int length =
                snprintf(line, sizeof(line), "env=%d extra=%d death=%d pipe=%d blocked=%d null=%d",
                         environ[0] != NULL, extra, death_signal, action.sa_handler == SIG_IGN,
                         sigismember(&blocked, SIGUSR1),
                         fstat(0, &st) == 0 && S_ISCHR(st.st_mode) && isatty(0) == 0);
        if (write(3, line, (size_t)length) != length)
                return 1;
        return write(4, "four", 4) == 4 ? 7 : 1;
}

static void use_self(void) {
        int self = open("/proc/self/exe", O_PATH | O_CLOEXEC);

        assert_true(self >= 0);
        helper_replace(HELPER_READ, self);
}

static int read_line(int fd, char *line, size_t size) {
        ssize_t count = read(fd, line, size - 1);

        assert_true(count >= 0);
        line[count] = '\0';
        return close(fd);
}

static void child_gets_what_is_named_and_nothing_else(void **state) {
        const char *const argv[] = { "pawl-read", "--report", NULL };
        Helper helper = HELPER_INIT;
        Error err = ERROR_INIT;
        int first[2];
        int second[2];
        int status = 0;
        char line[256];

        (void)state;
        use_self();
        assert_int_equal(pipe2(first, O_CLOEXEC), 0);
        assert_int_equal(pipe2(second, O_CLOEXEC), 0);
        int leak = dup(2); /* not close-on-exec: must not arrive */
        int fds[] = { first[1], second[1] };
        sigset_t some;
        sigemptyset(&some);
        sigaddset(&some, SIGUSR1);
        sigprocmask(SIG_BLOCK, &some, NULL);
        (void)signal(SIGPIPE, SIG_IGN);

        assert_int_equal(helper_spawn(HELPER_READ, argv, fds, 2, &helper, &err), 0);
        assert_true(helper.pidfd >= 0);
        close(first[1]);
        close(second[1]);
        read_line(first[0], line, sizeof(line));
        assert_string_equal(line, "env=0 extra=0 death=9 pipe=0 blocked=0 null=1");
        read_line(second[0], line, sizeof(line));
        assert_string_equal(line, "four");
        assert_int_equal(helper_wait(&helper, &status, &err), 0);
        assert_int_equal(WEXITSTATUS(status), 7);
        assert_int_equal(helper.pidfd, -1);

        sigprocmask(SIG_UNBLOCK, &some, NULL);
        (void)signal(SIGPIPE, SIG_DFL);
        close(leak);
}

/* A source may lie where another's target is. */
static void descriptors_may_cross(void **state) {
        const char *const argv[] = { "pawl-read", "--report", NULL };
        Helper helper = HELPER_INIT;
        Error err = ERROR_INIT;
        int first[2];
        int second[2];
        int status = 0;
        char line[256];

        (void)state;
        pid_t pid = fork();
        if (pid == 0) {
                helper_replace(HELPER_READ, -1);
                (void)close_range(3, ~0u, 0);
                if (pipe2(first, O_CLOEXEC) < 0 || pipe2(second, O_CLOEXEC) < 0)
                        _exit(2);
                int high = fcntl(first[1], F_DUPFD_CLOEXEC, 30);
                /* Or its line would be a broken pipe. */
                (void)fcntl(first[0], F_DUPFD_CLOEXEC, 40);
                (void)dup2(second[1], 3);
                (void)dup2(high, 4);
                (void)close(second[1]);
                use_self();
                int fds[] = { 4, 3 };
                if (helper_spawn(HELPER_READ, argv, fds, 2, &helper, &err) < 0 ||
                    helper_wait(&helper, &status, &err) < 0)
                        _exit(3);
                (void)close(3);
                read_line(second[0], line, sizeof(line));
                _exit(string_equal(line, "four") ? 0 : 4);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
}

static void done_kills_and_reaps(void **state) {
        const char *const argv[] = { "pawl-read", "--sleep", NULL };
        Helper helper = HELPER_INIT;
        Error err = ERROR_INIT;

        (void)state;
        use_self();
        assert_int_equal(helper_spawn(HELPER_READ, argv, NULL, 0, &helper, &err), 0);
        pid_t pid = helper.pid;
        helper_done(&helper);
        assert_int_equal(kill(pid, 0), -1);
        helper_done(&helper);
        assert_int_equal(helper.pid, 0);
}

static void helper_dies_with_its_parent(void **state) {
        const char *const argv[] = { "pawl-read", "--sleep", NULL };
        int pipes[2];
        char byte;
        Error err = ERROR_INIT;

        (void)state;
        use_self();
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (pid == 0) {
                Helper helper = HELPER_INIT;
                _exit(helper_spawn(HELPER_READ, argv, &pipes[1], 1, &helper, &err) < 0);
        }
        close(pipes[1]);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        /* The end of file comes only when the sleeper, which holds the other end, is gone. */
        assert_int_equal(read(pipes[0], &byte, 1), 0);
        close(pipes[0]);
}

static void missing_helpers_are_named(void **state) {
        Error err = ERROR_INIT;

        (void)state;
        assert_true(helper_open_all("/proc/self", &err) < 0);
        assert_string_equal(err.message,
                            "cannot open /proc/self/pawl-read: No such file or directory");
}

static void what_cannot_be_executed_ends_with_127(void **state) {
        const char *const argv[] = { "pawl-http", NULL };
        Helper helper = HELPER_INIT;
        Error err = ERROR_INIT;
        int status = 0;

        (void)state;
        assert_true(helper_spawn(HELPER_RUN, argv, NULL, 0, &helper, &err) < 0);
        assert_string_equal(err.message, "helper pawl-run was not opened");
        helper_replace(HELPER_HTTP, open("/etc/passwd", O_PATH | O_CLOEXEC));
        assert_int_equal(helper_spawn(HELPER_HTTP, argv, NULL, 0, &helper, &err), 0);
        assert_int_equal(helper_wait(&helper, &status, &err), 0);
        assert_int_equal(WEXITSTATUS(status), 127);
}

int main(int argc, char **argv) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(child_gets_what_is_named_and_nothing_else),
                cmocka_unit_test(descriptors_may_cross),
                cmocka_unit_test(done_kills_and_reaps),
                cmocka_unit_test(helper_dies_with_its_parent),
                cmocka_unit_test(missing_helpers_are_named),
                cmocka_unit_test(what_cannot_be_executed_ends_with_127),
        };

        if (argc > 1 && string_equal(argv[1], "--report"))
                return report();
        if (argc > 1 && string_equal(argv[1], "--sleep"))
                return (int)sleep(60);
        return cmocka_run_group_tests(tests, NULL, NULL);
}
