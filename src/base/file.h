/* SPDX-License-Identifier: Apache-2.0
 *
 * Files beneath a directory that is held open: a path given here is relative, and may not leave
 * that directory by "..", an absolute link or a mount (openat2 RESOLVE_BENEATH).  All descriptors
 * are CLOEXEC.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* Opens a directory by an absolute path, following links: for our own roots only. */
int directory_open(const char *path, Error *err);

/* openat2 with RESOLVE_BENEATH|RESOLVE_NO_MAGICLINKS; returns the descriptor.  `flags` as open(2).
 */
int file_open_beneath(int directory, const char *path, int flags, mode_t mode, Error *err);

/* Makes `path` and what is missing above it (new ones owned by us, with `mode`), syncing each
 * parent of a new directory; returns a descriptor of the last. */
int directory_make_beneath(int directory, const char *path, mode_t mode, Error *err);

/* Atomic and durable: temporary file beside it, fsync, rename, fsync of the directory.  A file that
 * already has this content and mode is left alone (and synced); returns 1 if it was written, 0 if
 * it was right.  The directory part of `path` must exist. */
int file_write_atomic(int directory, const char *path, const void *bytes, size_t length,
                      mode_t mode, Error *err);

/* Makes the symbolic link `path` → `target`, replacing what is there, durably; 1 = changed. */
int link_write_atomic(int directory, const char *path, const char *target, Error *err);

/* Whole content, NUL-terminated (not counted); more than `max` bytes is ERROR_TOO_LARGE. */
int file_read_all(int fd, size_t max, char **ret, size_t *ret_length, Error *err);

/* Removes a file or a whole tree beneath `directory`; what is not there is success.  Never follows
 * links and never crosses into another mount. */
int tree_remove(int directory, const char *path, Error *err);

/* Write all or fail; EINTR and short writes are handled. */
int fd_write_all(int fd, const void *bytes, size_t length, Error *err);
int fd_sync(int fd, const char *what, Error *err);

/* A sealed memfd (no write, grow, shrink, further seals) with these bytes, offset 0. */
int memfd_new_sealed(const char *name, const void *bytes, size_t length, Error *err);
/* As file_read_all for a memfd that must be sealed against writing and shrinking. */
int memfd_read_sealed(int fd, size_t max, char **ret, size_t *ret_length, Error *err);

/* True where a non-blocking probe shows that `path` exists beneath `directory` (any type). */
bool file_exists_beneath(int directory, const char *path);
