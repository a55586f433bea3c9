/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/cloner.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/text.h"
#include "job/job.h"
#include "wire/frame.h"

#define CLONE_COUNT_MAX 16
#define REPLY_SECONDS   2 /* it only clones; longer means it is stuck */

/* ── the child ── */

static int clone_paths(char *paths, int *ret_fds, size_t *ret_count, Error *err) {
        char *rest = NULL;

        for (char *path = strtok_r(paths, "\n", &rest); path; path = strtok_r(NULL, "\n", &rest)) {
                if (*ret_count == CLONE_COUNT_MAX)
                        return error_set(err, ERROR_TOO_LARGE, "too many clones at once");
                int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path,
                                      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
                if (fd < 0)
                        return error_set_errno(err, errno, "cannot clone %s", path);
                ret_fds[(*ret_count)++] = fd;
        }
        return 0;
}

static int serve_one(int socket, Error *err) {
        autoframe request = FRAME_INIT;
        Frame clones = FRAME_INIT; /* for its descriptors only */

        if (frame_receive(socket, &request, err) <= 0)
                return -1;
        Error failure = ERROR_INIT;
        int outcome = clone_paths(request.bytes, clones.fds, &clones.fd_count, &failure);
        autotext answer = TEXT_INIT;
        text_append(&answer, outcome < 0 ? failure.message : "ok");
        int sent = frame_send(socket, answer.bytes, answer.length, clones.fds,
                              outcome < 0 ? 0 : clones.fd_count, err);
        frame_done(&clones);
        return sent;
}

static _Noreturn void run_cloner(int socket) {
        Error err = ERROR_INIT;

        job_become_child(socket);
        /* No uid is mapped and none is needed: capabilities come with the namespace, and files are
         * still those of the uid that we had. */
        if (unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
                _exit(1);
        while (serve_one(socket, &err) >= 0)
                ;
        _exit(0); /* the daemon has closed its end */
}

/* ── the daemon ── */

static int start(Cloner *cloner, Error *err) {
        static const struct timeval limit = { .tv_sec = REPLY_SECONDS };
        sigset_t all, before;
        int pair[2];

        if (frame_open_pair(pair, err) < 0)
                return -1;
        (void)setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
        (void)sigfillset(&all);
        (void)sigprocmask(SIG_BLOCK, &all, &before);
        pid_t pid = fork();
        if (pid == 0)
                run_cloner(pair[1]);
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        (void)close(pair[1]);
        if (pid < 0) {
                (void)close(pair[0]);
                return error_set_errno(err, errno, "cannot start the cloner");
        }
        *cloner = (Cloner){ .socket = pair[0], .pid = pid };
        return 0;
}

void cloner_done(Cloner *cloner) {
        if (cloner->pid <= 0)
                return;
        (void)close(cloner->socket);
        (void)kill(cloner->pid, SIGKILL);
        while (waitpid(cloner->pid, NULL, 0) < 0 && errno == EINTR)
                ;
        *cloner = CLONER_INIT;
}

static int ask(Cloner *cloner, const Text *request, size_t count, int *ret_fds, Error *err) {
        autoframe reply = FRAME_INIT;

        if (frame_send(cloner->socket, request->bytes, request->length, NULL, 0, err) < 0)
                return -1;
        int received = frame_receive(cloner->socket, &reply, err);
        if (received == 0)
                return error_set(err, ERROR_FAILED, "the cloner does not answer");
        if (received < 0)
                return -1;
        if (!string_equal(reply.bytes, "ok") || reply.fd_count != count)
                return error_set(err, ERROR_FAILED, "%s", reply.bytes);
        for (size_t i = 0; i < count; i++)
                ret_fds[i] = frame_take_fd(&reply, i);
        return 0;
}

int cloner_clone(Cloner *cloner, const char *const *paths, size_t count, int *ret_fds, Error *err) {
        autotext request = TEXT_INIT;

        for (size_t i = 0; i < count; i++)
                text_append_format(&request, "%s\n", paths[i]);
        if (cloner->pid == 0 && start(cloner, err) < 0)
                return -1;
        if (ask(cloner, &request, count, ret_fds, err) < 0) {
                cloner_done(cloner); /* the next launch gets a fresh one */
                return error_prefix(err, "cannot hand out the package's files");
        }
        return 0;
}
