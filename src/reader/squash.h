/* SPDX-License-Identifier: Apache-2.0
 *
 * Squash: a squashfs file read through a descriptor, without mounting it and without trusting it.
 * The library beneath has crashed on damaged images: this is for a locked-in process only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Its config.h sets a macro of the C library's, which was read already. */
#pragma push_macro("_POSIX_C_SOURCE")
#undef _POSIX_C_SOURCE
#include <squashfuse.h>
#pragma pop_macro("_POSIX_C_SOURCE")

#include "base/error.h"

typedef struct Squash {
        sqfs fs;
        bool is_open;
        uint64_t size; /* of the file */
} Squash;

#define SQUASH_INIT ((Squash){ 0 })

typedef struct SquashEntry {
        mode_t mode;   /* type and permissions */
        uint64_t size; /* of a regular file */
        sqfs_inode inode;
} SquashEntry;

/* Borrows the descriptor. Fails on what is no squashfs of version 4, or a part of one. */
int squash_open(int fd, Squash *ret, Error *err);
void squash_close(Squash *image);
#define autosquash __attribute__((cleanup(squash_close))) Squash

typedef enum SquashFind {
        SQUASH_FOLLOW_LAST,
        SQUASH_KEEP_LAST
} SquashFind;

/* Looks `path` up, following symbolic links on the way (and at the end, if told) inside the image.
 * 1 = found, 0 = not there, or a link leads out of the image. */
int squash_find(Squash *image, const char *path, SquashFind how, SquashEntry *ret, Error *err);

/* NUL-terminated (not counted); a file over `max` bytes is ERROR_TOO_LARGE. */
int squash_read_file(Squash *image, const SquashEntry *file, size_t max, char **ret,
                     size_t *ret_length, Error *err);
int squash_read_link(Squash *image, const SquashEntry *link, char **ret, Error *err);

/* 1 = the entry has an attribute "security.…", named in `ret_name`. */
int squash_find_security(Squash *image, const SquashEntry *entry, char **ret_name, Error *err);

/* Called for each entry beneath a directory; `path` is relative to it. */
typedef int (*SquashVisit)(void *data, const char *path, const SquashEntry *entry, Error *err);

int squash_walk(Squash *image, const SquashEntry *directory, SquashVisit visit, void *data,
                Error *err);
int squash_get_root(Squash *image, SquashEntry *ret, Error *err);
