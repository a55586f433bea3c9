/* SPDX-License-Identifier: Apache-2.0
 *
 * Folder, opened by a worker: the file system on which a directory is that is tried may never
 * answer, and from there the kernel lets nobody go, killed or not.  So a child goes first.
 */
#pragma once

#include "base/error.h"

/* As folder_open, FOLDER_LIMIT_MS at the most (ERROR_LOST), and open for reading. */
int folder_open_within(const char *source, Error *err);
