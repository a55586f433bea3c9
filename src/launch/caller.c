/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/caller.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"

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

int caller_identify(int socket, Caller *ret, Error *err) {
        struct ucred credentials = { 0 };
        socklen_t length = sizeof(credentials);

        if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0 ||
            credentials.pid <= 0)
                return error_set(err, ERROR_FORBIDDEN, "cannot tell who asks for this launch");
        Caller caller = { .uid = credentials.uid, .gid = credentials.gid, .pid = credentials.pid };
        if (check_label(socket, err) < 0 || check_namespace(&caller, err) < 0 ||
            check_cgroup(&caller, err) < 0)
                return -1;
        *ret = caller;
        return 0;
}
