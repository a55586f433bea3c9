/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/run-command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/text.h"

#define SAID_SIZE_MAX 300

char *command_find(const char *name) {
        static const char *const places[] = { "/usr/sbin", "/usr/bin", "/sbin", "/bin" };

        for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
                autofree char *path = string_format("%s/%s", places[i], name);
                if (access(path, X_OK) == 0)
                        return take(path);
        }
        return NULL;
}

bool command_is_there(const char *name) {
        autofree char *path = command_find(name);

        return path != NULL;
}

static _Noreturn void run(const char *path, const char *const *words, int said) {
        char *environment[] = { (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, NULL };
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        sigset_t none;

        /* Not longer than the worker that wants it. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || (said >= 0 && dup2(said, 2) < 0))
                _exit(127);
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)execve(path, (char *const *)(uintptr_t)words, environment);
        _exit(127);
}

/* The first line of what it complained about, or "". */
static void read_said(int said, char ret[SAID_SIZE_MAX]) {
        ssize_t length = said < 0 ? -1 : pread(said, ret, SAID_SIZE_MAX - 1, 0);

        ret[length > 0 ? length : 0] = '\0';
        ret[strcspn(ret, "\n")] = '\0';
        for (char *at = ret; *at; at++)
                if ((unsigned char)*at < ' ' || (unsigned char)*at > '~')
                        *at = ' ';
}

/* Killed at the limit; where the kernel does not let it go either, it is left behind. */
static int wait_for(pid_t pid, int *ret_status) {
        autofd int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
        struct pollfd end = { .fd = pidfd, .events = POLLIN };

        int is_over = pidfd < 0 ? 1 : poll(&end, 1, COMMAND_LIMIT_MS);
        while (is_over < 0 && errno == EINTR)
                is_over = poll(&end, 1, COMMAND_LIMIT_MS);
        if (is_over == 0) {
                (void)kill(pid, SIGKILL);
                return -1;
        }
        while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR)
                ;
        return 0;
}

int command_run(const char *const *words, Error *err) {
        autofree char *path = command_find(words[0]);
        const char *first = words[1] ? words[1] : "";
        int status = 0;
        char said_text[SAID_SIZE_MAX];

        if (string_equal(first, "--") && words[2])
                first = words[2];
        if (!path)
                return error_set(err, ERROR_FAILED, "%s is not installed", words[0]);
        autofd int said = memfd_create("pawl-said", MFD_CLOEXEC);
        pid_t pid = fork();
        if (pid < 0)
                return error_set_errno(err, errno, "cannot start %s", words[0]);
        if (pid == 0)
                run(path, words, said);
        if (wait_for(pid, &status) < 0)
                return error_set(err, ERROR_LOST, "%s %s does not end (waited %d s)", words[0],
                                 first, COMMAND_LIMIT_MS / 1000);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        read_said(said, said_text);
        return error_set(err, ERROR_FAILED, "%s %s failed (status %d%s%s)", words[0], first,
                         WIFEXITED(status) ? WEXITSTATUS(status) : -1, *said_text ? "; " : "",
                         said_text);
}
