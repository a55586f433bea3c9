/* SPDX-License-Identifier: Apache-2.0 */
#include "front/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"

/* Linux 6.5; Debian 12's headers are 6.1. */
#ifndef SO_PEERPIDFD
#        define SO_PEERPIDFD 77
#endif

#define CGROUP_SIZE_MAX 16384

void peer_done(Peer *peer) {
        own_close_(&peer->pidfd);
        *peer = PEER_INIT;
}

bool peer_is_snap_cgroup(const char *text) {
        for (const char *at = text; (at = strstr(at, "/snap.")); at++) {
                size_t length = strcspn(at + 1, "/\n");
                if (length > sizeof("snap.") - 1)
                        return true;
        }
        return false;
}

static int open_proc(pid_t pid) {
        char path[32];

        (void)snprintf(path, sizeof(path), "/proc/%d", (int)pid);
        return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Every doubt is a yes: being confined only takes rights away. */
static bool is_in_snap(int proc) {
        autofd int fd = openat(proc, "cgroup", O_RDONLY | O_CLOEXEC);
        autofree char *text = NULL;
        Error ignored;

        if (fd < 0 || file_read_all(fd, CGROUP_SIZE_MAX, &text, NULL, &ignored) < 0)
                return true;
        return peer_is_snap_cgroup(text);
}

static bool is_in_foreign_namespace(int proc) {
        struct stat theirs;
        struct stat ours;

        if (fstatat(proc, "ns/user", &theirs, 0) < 0 || stat("/proc/self/ns/user", &ours) < 0)
                return true;
        return theirs.st_ino != ours.st_ino || theirs.st_dev != ours.st_dev;
}

/* The number may have been given to another process between connect and here: what was read is
 * about the peer only if the peer still lives now. */
static bool has_ended(int pidfd) {
        struct pollfd ended = { .fd = pidfd, .events = POLLIN };

        return pidfd >= 0 && poll(&ended, 1, 0) != 0;
}

static bool is_confined(const Peer *peer) {
        autofd int proc = open_proc(peer->pid);

        return proc < 0 || is_in_snap(proc) || is_in_foreign_namespace(proc) ||
               has_ended(peer->pidfd);
}

int peer_get(int socket, Peer *ret, Error *err) {
        struct ucred credentials;
        socklen_t length = sizeof(credentials);
        int pidfd = -1;

        if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
                return error_set_errno(err, errno, "cannot tell who connected");
        length = sizeof(pidfd);
        if (getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length) < 0)
                pidfd = -1;
        *ret = (Peer){
                .pid = credentials.pid,
                .uid = credentials.uid,
                .gid = credentials.gid,
                .pidfd = pidfd,
        };
        ret->is_confined = is_confined(ret);
        return 0;
}

int peer_confine(Peer *peer, Error *err) {
        autofd int proc = open_proc(peer->pid);
        struct stat mounts;

        if (proc < 0 || fstatat(proc, "ns/mnt", &mounts, 0) < 0 || has_ended(peer->pidfd))
                return error_set(err, ERROR_FORBIDDEN, "cannot tell who connected");
        peer->is_confined = true;
        peer->view = mounts.st_ino;
        return 0;
}
