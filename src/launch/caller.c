/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/caller.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"

/* Linux 6.5; Debian 12's headers are 6.1. */
#ifndef SO_PEERPIDFD
#        define SO_PEERPIDFD 77
#endif

#define CGROUP_TEXT_MAX (64 * 1024)

int caller_cgroup_is_confined(const char *text) {
        return strstr(text, "/snap.") != NULL;
}

static int check_cgroup(const Caller *caller, Error *err) {
        autofree char *path = string_format("/proc/%d/cgroup", (int)caller->pid);
        autofree char *text = NULL;
        size_t length = 0;
        autofd int file = open(path, O_RDONLY | O_CLOEXEC);

        if (file < 0 || file_read_all(file, CGROUP_TEXT_MAX, &text, &length, err) < 0)
                return error_set(err, ERROR_FORBIDDEN, "cannot tell who asks for this launch");
        if (caller_cgroup_is_confined(text))
                return error_set(err, ERROR_FORBIDDEN,
                                 "a program of a package may not launch another");
        return 0;
}

static int check_namespace(const Caller *caller, Error *err) {
        autofree char *path = string_format("/proc/%d/ns/user", (int)caller->pid);
        struct stat theirs, ours;

        if (stat(path, &theirs) < 0 || stat("/proc/self/ns/user", &ours) < 0)
                return error_set(err, ERROR_FORBIDDEN, "cannot tell who asks for this launch");
        if (theirs.st_ino != ours.st_ino || theirs.st_dev != ours.st_dev)
                return error_set(err, ERROR_FORBIDDEN,
                                 "launches from inside another user namespace are refused; start "
                                 "it from outside of the container or sandbox");
        return 0;
}

static int check_label(int socket, Error *err) {
        char label[300] = "";
        socklen_t length = sizeof(label) - 1;

        if (getsockopt(socket, SOL_SOCKET, SO_PEERSEC, label, &length) == 0 &&
            string_has_prefix(label, "snap."))
                return error_set(err, ERROR_FORBIDDEN,
                                 "a program of a package may not launch another");
        return 0;
}

/* -1 where the kernel has none. */
static int open_peer(int socket) {
        int pidfd = -1;
        socklen_t length = sizeof(pidfd);

        return getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length) < 0 ? -1 : pidfd;
}

/* The number may have been given to another process between connect and here: what was read of
 * /proc is about the caller only if he still lives afterwards. */
bool caller_has_ended(int pidfd) {
        struct pollfd ended = { .fd = pidfd, .events = POLLIN };

        return pidfd >= 0 && poll(&ended, 1, 0) != 0;
}

bool caller_may_begin(uid_t uid, size_t own_count, size_t user_count) {
        size_t free_count = CALLER_SESSION_MAX - user_count;

        if (own_count >= LAUNCH_COUNT_PER_UID_MAX)
                return false;
        return uid == 0 || (user_count < CALLER_SESSION_MAX && own_count < free_count);
}

int caller_identify(int socket, Caller *ret, Error *err) {
        struct ucred credentials = { 0 };
        socklen_t length = sizeof(credentials);

        if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0 ||
            credentials.pid <= 0)
                return error_set(err, ERROR_FORBIDDEN, "cannot tell who asks for this launch");
        Caller caller = { .uid = credentials.uid, .gid = credentials.gid, .pid = credentials.pid };
        autofd int pidfd = open_peer(socket);
        if (check_label(socket, err) < 0 || check_namespace(&caller, err) < 0 ||
            check_cgroup(&caller, err) < 0)
                return -1;
        if (caller_has_ended(pidfd))
                return error_set(err, ERROR_FORBIDDEN, "who asked for this launch has ended");
        *ret = caller;
        return 0;
}
