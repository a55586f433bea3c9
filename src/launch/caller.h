/* SPDX-License-Identifier: Apache-2.0
 *
 * Caller: who is at the other end of a launch socket, by what the kernel says and nothing else.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

typedef struct Caller {
        uid_t uid;
        gid_t gid;
        pid_t pid;
} Caller;

/* Fails with ERROR_FORBIDDEN for whoever may not launch: a confined program (by cgroup or label),
 * somebody in a user namespace that is not ours, somebody whom we cannot see. */
int caller_identify(int socket, Caller *ret, Error *err);
/* True when a line of /proc/PID/cgroup lies within a package's group. */
int caller_cgroup_is_confined(const char *text);
