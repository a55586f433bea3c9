/* SPDX-License-Identifier: Apache-2.0
 *
 * Caller: who is at the other end of a launch socket, by what the kernel says and nothing else.
 */
#pragma once

#include <stdbool.h>
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
/* By a pidfd; -1: cannot be told, no. */
bool caller_has_ended(int pidfd);

/* Launches of all users but root that may be prepared at once. */
#define CALLER_SESSION_MAX 224
/* Whether he may begin one more while so many of his own and of all users' (root's not counted) are
 * prepared.  Nobody gets more than what he leaves free, so that half of the rest is always the next
 * one's; root's places are his alone. */
bool caller_may_begin(uid_t uid, size_t own_count, size_t user_count);
/* True when a line of /proc/PID/cgroup lies within a package's group. */
int caller_cgroup_is_confined(const char *text);
