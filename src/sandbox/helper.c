/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/helper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/signals.h"

#define FIRST_FD         3
#define SPAWN_FD_MAX     32
#define EXIT_NOT_STARTED 127
#define END_MS_MAX       200 /* of one that was killed */

static const char *const NAMES[HELPER_PROGRAM_COUNT] = {
        [HELPER_READ] = "pawl-read",
        [HELPER_HTTP] = "pawl-http",
        [HELPER_RUN] = "pawl-run",
};

/* The one piece of state: what was found beside us at start. -1 is written by `programs_get`. */
static struct {
        bool is_ready;
        int fds[HELPER_PROGRAM_COUNT];
} programs;

/* Killed, and not let go by the kernel.  A worker that was forked has a copy of no use: they are
 * not its children, and are forgotten at the first look. */
static struct {
        pid_t pids[HELPER_LEFT_MAX];
        size_t count;
} left;

static int *programs_get(void) {
        if (!programs.is_ready) {
                for (size_t i = 0; i < HELPER_PROGRAM_COUNT; i++)
                        programs.fds[i] = -1;
                programs.is_ready = true;
        }
        return programs.fds;
}

int helper_open_all(const char *directory, Error *err) {
        autofd int parent = directory_open(directory, err);

        if (parent < 0)
                return error_prefix(err, "cannot find the helpers");
        for (size_t i = 0; i < HELPER_PROGRAM_COUNT; i++) {
                int fd = openat(parent, NAMES[i], O_PATH | O_CLOEXEC);
                if (fd < 0)
                        return error_set_errno(err, errno, "cannot open %s/%s", directory,
                                               NAMES[i]);
                helper_replace((HelperProgram)i, fd);
        }
        return 0;
}

void helper_replace(HelperProgram program, int owned_fd) {
        int *fds = programs_get();

        if (fds[program] >= 0)
                (void)close(fds[program]);
        fds[program] = owned_fd;
}

const char *helper_get_name(HelperProgram program) {
        return NAMES[program];
}

void helper_list_fds(int ret_fds[HELPER_PROGRAM_COUNT]) {
        memcpy(ret_fds, programs_get(), sizeof(programs.fds));
}

/* From here on in the child. Nothing here allocates or locks: the parent may be anybody's test. */

static void die(const char *what) {
        static const char BEFORE[] = "cannot start a helper: ";

        if (write(STDERR_FILENO, BEFORE, sizeof(BEFORE) - 1) > 0 &&
            write(STDERR_FILENO, what, strlen(what)) > 0)
                (void)!write(STDERR_FILENO, "\n", 1);
        _exit(EXIT_NOT_STARTED);
}

/* Copies above all targets first: a source may be another's target. */
static int place_descriptors(int program, const HelperOrder *order) {
        const int *fds = order->fds;
        size_t count = order->fd_count;
        int copies[SPAWN_FD_MAX];
        int above = FIRST_FD + (int)count;

        for (size_t i = 0; i < count; i++) {
                copies[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, above);
                if (copies[i] < 0)
                        die("a descriptor is not open");
        }
        program = fcntl(program, F_DUPFD_CLOEXEC, above);
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        if (program < 0 || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
            dup2(order->says_all ? STDERR_FILENO : null, STDOUT_FILENO) < 0)
                die("no descriptors");
        for (size_t i = 0; i < count; i++) {
                if (dup2(copies[i], FIRST_FD + (int)i) < 0)
                        die("no descriptors");
        }
        if (close_range((unsigned)above, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
                die("cannot close the other descriptors");
        return program;
}

static void become_helper(int program, const HelperOrder *order) {
        static const char *const NO_ENVIRONMENT[] = { NULL };
        const char *const *environment = order->environment ? order->environment : NO_ENVIRONMENT;

        program = place_descriptors(program, order);
        signals_reset();
        (void)syscall(__NR_execveat, program, "", order->argv, environment, AT_EMPTY_PATH);
        die("cannot execute it");
}

/* Nobody's child any more once reaped: the number is kept no longer. */
static size_t reap_left(void) {
        size_t count = 0;

        for (size_t i = 0; i < left.count; i++)
                if (waitpid(left.pids[i], NULL, WNOHANG) == 0)
                        left.pids[count++] = left.pids[i];
        left.count = count;
        return count;
}

int helper_spawn(HelperProgram program, const char *const argv[], const int *fds, size_t fd_count,
                 Helper *ret, Error *err) {
        return helper_start(
                &(HelperOrder){
                        .program = program, .argv = argv, .fds = fds, .fd_count = fd_count },
                ret, err);
}

int helper_start(const HelperOrder *order, Helper *ret, Error *err) {
        const char *name = NAMES[order->program];
        int file = programs_get()[order->program];
        pid_t parent = getpid();

        if (file < 0)
                return error_set(err, ERROR_FAILED, "helper %s was not opened", name);
        if (reap_left() == HELPER_LEFT_MAX)
                return error_set(err, ERROR_BUSY,
                                 "%d killed helpers wait for file systems that do not answer; see: "
                                 "ps -eo pid,stat,wchan,args",
                                 HELPER_LEFT_MAX);
        if (order->fd_count > SPAWN_FD_MAX)
                return error_set(err, ERROR_FAILED, "too many descriptors for a helper");
        /* Without fork handlers: libuv's one closes two numbered descriptors of its own, which in a
         * worker, where all but a few were closed, are somebody else's by now. */
        pid_t pid = _Fork();
        if (pid < 0)
                return error_set_errno(err, errno, "cannot start %s", name);
        if (pid == 0) {
                if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                        die("the parent is gone");
                become_helper(file, order);
        }
        Helper helper = { .pid = pid, .pidfd = (int)syscall(__NR_pidfd_open, pid, 0) };
        if (helper.pidfd < 0) {
                int number = errno;
                (void)kill(pid, SIGKILL);
                (void)waitpid(pid, NULL, 0);
                return error_set_errno(err, number, "cannot watch %s", name);
        }
        *ret = helper;
        return 0;
}

static bool has_ended(const Helper *helper) {
        struct pollfd end = { .fd = helper->pidfd, .events = POLLIN };

        int is_over = poll(&end, 1, END_MS_MAX);
        while (is_over < 0 && errno == EINTR)
                is_over = poll(&end, 1, END_MS_MAX);
        return is_over != 0;
}

void helper_done(Helper *helper) {
        int status;
        Error ignored;

        if (helper->pid <= 0)
                return;
        /* Not reaped yet, so the number is still its own. */
        (void)kill(helper->pid, SIGKILL);
        if (has_ended(helper) || reap_left() == HELPER_LEFT_MAX) {
                (void)helper_wait(helper, &status, &ignored);
                return;
        }
        left.pids[left.count++] = helper->pid;
        (void)close(helper->pidfd);
        *helper = HELPER_INIT;
}

int helper_wait(Helper *helper, int *ret_status, Error *err) {
        autofd int pidfd = take_fd(helper->pidfd);
        pid_t pid = helper->pid;
        pid_t ended;

        *helper = HELPER_INIT;
        if (pid <= 0)
                return error_set(err, ERROR_FAILED, "no helper to wait for");
        do {
                ended = waitpid(pid, ret_status, 0);
        } while (ended < 0 && errno == EINTR);
        if (ended < 0)
                return error_set_errno(err, errno, "cannot wait for a helper");
        return 0;
}
