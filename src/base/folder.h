/* SPDX-License-Identifier: Apache-2.0
 *
 * Folder: a directory of somebody else's that a package is tried from, remembered by path and by
 * identity.  In the place of an image's file name stands its source, "FILE-SYSTEM:INODE:/PATH" (the
 * first is its own identity, which unlike the device's number outlives a reboot): no name of an
 * image has a colon.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/* Of a revision's `file`: a source, or the name of an image? */
bool folder_is_source(const char *file);
/* "/home/alice/x"; `source` must be one, as for all below. */
const char *folder_get_path(const char *source);
uint64_t folder_get_inode(const char *source);

/* Opens `path` for good (O_PATH), links in it followed, and says what it is: for what root named.
 */
int folder_find(const char *path, char **ret_source, Error *err);

typedef enum FolderOpen {
        FOLDER_OPEN_MAY_BLOCK, /* for workers: file systems that take their time answer too */
        FOLDER_OPEN_CACHED,    /* for the loop: ERROR_BUSY where the kernel would have to ask */
} FolderOpen;

/* The same directory again (O_PATH), no link followed on the way: whoever owns what lies above it
 * cannot put another one in its place.  Errors name the directory and what to do. */
int folder_open(const char *source, FolderOpen how, Error *err);
