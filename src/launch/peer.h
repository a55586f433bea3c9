/* SPDX-License-Identifier: Apache-2.0
 *
 * Peer: who is at the other end of a launch socket, by what the kernel says and nothing else.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

typedef struct Peer {
        uid_t uid;
        gid_t gid;
        pid_t pid;
} Peer;

/* Fails with ERROR_FORBIDDEN for whoever may not launch: a confined program (by cgroup or label),
 * somebody in a user namespace that is not ours, somebody whom we cannot see. */
int peer_identify(int socket, Peer *ret, Error *err);
/* True when a line of /proc/PID/cgroup lies within a package's group. */
int peer_cgroup_is_confined(const char *text);
