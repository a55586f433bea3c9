/* SPDX-License-Identifier: Apache-2.0
 *
 * Going: the launches between "go" and their exec.  Each holds a shared lock on
 * R/run/pawl/going/<uid> by a descriptor that closes with exec; a daemon with another policy waits
 * for all of them before it says that it is the one that runs.  A file for each uid, as with
 * leases: the holder may turn his lock into an exclusive one, which costs him alone.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/* A descriptor with the lock, to be sent with "go". */
int going_open(const char *root, uid_t uid, Error *err);
/* Until nobody goes any longer; who still holds a lock after `bound_ms` is killed, and only who
 * runs under the uid that it was given to.  Returns how many were. */
int going_wait(const char *root, unsigned bound_ms, Error *err);
