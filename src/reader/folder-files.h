/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of a directory that a package is tried from.  Whoever owns it may change it at any
 * moment: nothing said here holds later, only that no path is ever followed out of it.
 */
#pragma once

#include <linux/limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/error.h"

typedef struct FolderEntry {
        mode_t mode;
        uint64_t size;
        char path[PATH_MAX]; /* from the directory */
} FolderEntry;

/* 1 = found, 0 = not there, or a link leads out. */
int folder_find_entry(int folder, const char *path, bool follows_last, FolderEntry *ret,
                      Error *err);
/* NUL-terminated (not counted); a file over `max` bytes is ERROR_TOO_LARGE. */
int folder_read_file(int folder, const FolderEntry *file, size_t max, char **ret,
                     size_t *ret_length, Error *err);
int folder_read_link(int folder, const FolderEntry *link, char **ret, Error *err);

/* `path` is relative to `directory`. */
typedef int (*FolderVisit)(void *data, const char *path, const FolderEntry *entry, Error *err);
int folder_walk(int folder, const FolderEntry *directory, FolderVisit visit, void *data,
                Error *err);
