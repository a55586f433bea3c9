/* SPDX-License-Identifier: Apache-2.0
 *
 * Copies a directory tree as it is: owners, modes, times, extended attributes, symbolic links, hard
 * links within the tree and holes; content is shared with the original where the file system can.
 * Sockets are left out (their other end is a process, not data).  Done by a user, what he may not
 * do is left undone: owners, labels, and what of others he may not read.
 */
#pragma once

#include "base/error.h"

/* Copies directory `name` beneath `from` to the new directory `to_name` in `to`, which must not
 * exist.  Never follows a link, never enters another mount.  Everything is synced but the entry
 * `to_name` itself: the caller renames it into place and syncs `to`.  After a failure what was
 * copied so far is left for the caller to remove.  Directories nested deeper than 1000 are refused.
 */
int tree_copy(int from, const char *name, int to, const char *to_name, Error *err);
