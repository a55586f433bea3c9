/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/run-command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "base/text.h"

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

static _Noreturn void run(const char *path, const char *const *words) {
        char *environment[] = { (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" }, NULL };
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        sigset_t none;

        if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
                _exit(127);
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)execve(path, (char *const *)(uintptr_t)words, environment);
        _exit(127);
}

int command_run(const char *const *words, Error *err) {
        autofree char *path = command_find(words[0]);
        int status = 0;

        if (!path)
                return error_set(err, ERROR_FAILED, "%s is not installed", words[0]);
        pid_t pid = fork();
        if (pid < 0)
                return error_set_errno(err, errno, "cannot start %s", words[0]);
        if (pid == 0)
                run(path, words);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
                return 0;
        return error_set(err, ERROR_FAILED, "%s %s failed (status %d)", words[0],
                         words[1] ? words[1] : "", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}
