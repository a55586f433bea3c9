/* SPDX-License-Identifier: Apache-2.0
 *
 * Mounts: the daemon's private mount namespace and the images in it, each mounted on first need at
 * R/run/pawl/mnt/<instance>/<revision>, ro,nosuid,nodev; nothing of it is in the host's table.  The
 * A package that is tried has its directory bound there, under the same flags, for as long as it is
 * where it was tried.  The directory mnt is a tmpfs with propagation, so that a cloner's copy of
 * the namespace follows.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "base/text.h"

typedef struct Mounts Mounts;

typedef struct ImageName {
        const char *instance;
        const char *revision;
        const char *file; /* beneath images/, or the source of a directory (base/folder.h) */
} ImageName;

typedef struct Image {
        char *instance;
        char *revision;
        char *path;     /* where it is mounted */
        char *listing;  /* lines "dir NAME", "file NAME", "link NAME TARGET", "etc NAME" */
        uint64_t inode; /* of the file that is (being) mounted */
        bool is_mounted;
        bool is_mounting;
        bool has_failed;
        bool was_lost;      /* given up the last time, so that nobody knows what came of it */
        bool was_looked_at; /* a directory: just now, for the next who asks */
        Error failure;
        struct Image *next;
        Mounts *mounts;
} Image;

/* `changed` is called from the loop when a mount has ended, well or not. */
int mounts_new(uv_loop_t *loop, const char *root, void (*changed)(void *context), void *context,
               Mounts **ret, Error *err);
Mounts *mounts_free(Mounts *mounts);
/* 1 there it is, 0 being mounted, negative: it cannot be (tried again at the next call). */
int mounts_require(Mounts *mounts, const ImageName *name, const Image **ret, Error *err);
/* Where message queues of the daemon's IPC namespace are mounted; NULL where the kernel has none.
 */
const char *mounts_get_queues(const Mounts *mounts);
/* Unmounts what no running program holds a lease of. */
void mounts_drop_unused(Mounts *mounts);
