/* SPDX-License-Identifier: Apache-2.0
 *
 * Lease: "a program of this revision is running", kept by the kernel and not by the daemon: a
 * shared lock on R/run/pawl/lease/<instance>/<revision>/<uid> whose open file description lives in
 * the launcher until its last process ends.  One file a uid, or one user could lock out another.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

/* Returns the descriptor to hand to the launcher. */
int lease_open(const char *root, const char *instance, const char *revision, uid_t uid, Error *err);
/* Holds through a restart of the daemon.  What cannot be read counts as held. */
bool lease_is_held(const char *root, const char *instance, const char *revision);
