/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/signals.h"
#include "base/start.h"
#include "base/text.h"

#define FIRST_FD 3
/* For children that were killed a moment ago. */
#define REAP_LIMIT_MS 1000

int handover_init(Handover *handover, Error *err) {
        *handover = HANDOVER_INIT;
        handover->namespace_fd = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
        if (handover->namespace_fd < 0)
                return error_set_errno(err, errno, "cannot look at the mount namespace");
        return 0;
}

int handover_keep(Handover *handover, int fd, const char *path, bool is_own, Error *err) {
        const char *slash = strrchr(path, '/');
        int copy =
                handover->socket_count < HANDOVER_SOCKET_MAX ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;

        if (copy < 0)
                return error_set_errno(err, errno, "cannot keep the socket %s", path);
        handover->sockets[handover->socket_count].fd = copy;
        handover->sockets[handover->socket_count++].name = string_format(
                "%s%s", is_own ? START_SOCKET_OWN : START_SOCKET_GIVEN, slash ? slash + 1 : path);
        return 0;
}

void handover_done(Handover *handover) {
        for (int i = 0; i < handover->socket_count; i++) {
                (void)close(handover->sockets[i].fd);
                free(handover->sockets[i].name);
        }
        own_close_(&handover->namespace_fd);
        *handover = HANDOVER_INIT;
}

/* Whoever comes next has no idea of them. */
static void reap_children(void) {
        const struct timespec turn = { .tv_nsec = 1000000 };

        for (int i = 0; i < REAP_LIMIT_MS; i++) {
                pid_t ended = waitpid(-1, NULL, WNOHANG);
                if (ended < 0 && errno == ECHILD)
                        return;
                if (ended == 0)
                        (void)nanosleep(&turn, NULL);
        }
        log_warning("children of this pawld are still there when the next one starts");
}

/* The copies lie above their targets: each kept socket is moved to 3, 4, ... and stays open. */
static int place_sockets(const Handover *handover, Error *err) {
        autotext names = TEXT_INIT;
        char number[24];
        int copies[HANDOVER_SOCKET_MAX];

        for (int i = 0; i < handover->socket_count; i++) {
                copies[i] = fcntl(handover->sockets[i].fd, F_DUPFD_CLOEXEC,
                                  FIRST_FD + HANDOVER_SOCKET_MAX);
                if (copies[i] < 0)
                        return error_set_errno(err, errno, "cannot keep a socket");
                text_append_format(&names, "%s%s", i ? ":" : "", handover->sockets[i].name);
        }
        for (int i = 0; i < handover->socket_count; i++)
                if (dup2(copies[i], FIRST_FD + i) < 0)
                        return error_set_errno(err, errno, "cannot keep a socket");
        if (handover->socket_count == 0)
                return 0;
        autofree char *joined = text_take(&names);
        (void)snprintf(number, sizeof(number), "%d", handover->socket_count);
        (void)setenv("LISTEN_FDS", number, 1);
        (void)setenv("LISTEN_FDNAMES", joined, 1);
        (void)snprintf(number, sizeof(number), "%d", (int)getpid());
        (void)setenv("LISTEN_PID", number, 1);
        return 0;
}

/* True where our parent is the starter, and does the rest. */
static bool is_watched(void) {
        const char *text = getenv(START_WATCHED_VARIABLE);
        Error ignored = ERROR_INIT;
        uint64_t pid = 0;

        return text && string_parse_u64(text, INT32_MAX, &pid, &ignored) == 0 &&
               pid == (uint64_t)getppid();
}

int handover_start_again(Handover *handover, const char *host, char *const argv[], Error *err) {
        autofree char *starter = string_format("%s/pawl-start", host);

        reap_children();
        if (is_watched())
                _exit(START_AGAIN_STATUS);
        if (access(starter, X_OK) < 0)
                return error_set_errno(err, errno, "cannot start another pawld by %s", starter);
        if (handover->namespace_fd >= 0 && setns(handover->namespace_fd, CLONE_NEWNS) < 0)
                return error_set_errno(err, errno, "cannot leave the daemon's mount namespace");
        if (place_sockets(handover, err) < 0)
                return -1;
        (void)setenv(START_HOST_VARIABLE, host, 1);
        (void)unsetenv(START_DONE_VARIABLE);
        (void)unsetenv(START_WATCHED_VARIABLE);
        signals_reset();
        (void)execv(starter, argv);
        return error_set_errno(err, errno, "cannot execute %s", starter);
}
