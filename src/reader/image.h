/* SPDX-License-Identifier: Apache-2.0
 *
 * Image: a squashfs file read through a descriptor, without mounting it and without trusting it.
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

typedef struct Image {
        sqfs fs;
        bool is_open;
        uint64_t size; /* of the file */
} Image;

#define IMAGE_INIT ((Image){ 0 })

typedef struct ImageEntry {
        mode_t mode;   /* type and permissions */
        uint64_t size; /* of a regular file */
        sqfs_inode inode;
} ImageEntry;

/* Borrows the descriptor. Fails on what is no squashfs of version 4, or a part of one. */
int image_open(int fd, Image *ret, Error *err);
void image_close(Image *image);
#define autoimage __attribute__((cleanup(image_close))) Image

typedef enum ImageFind {
        IMAGE_FOLLOW_LAST,
        IMAGE_KEEP_LAST
} ImageFind;

/* Looks `path` up, following symbolic links on the way (and at the end, if told) inside the image.
 * 1 = found, 0 = not there, or a link leads out of the image. */
int image_find(Image *image, const char *path, ImageFind how, ImageEntry *ret, Error *err);

/* NUL-terminated (not counted); a file over `max` bytes is ERROR_TOO_LARGE. */
int image_read_file(Image *image, const ImageEntry *file, size_t max, char **ret,
                    size_t *ret_length, Error *err);
int image_read_link(Image *image, const ImageEntry *link, char **ret, Error *err);

/* Whether the entry has an attribute beginning with `prefix`, whose name is then in `ret_name`. */
int image_find_attribute(Image *image, const ImageEntry *entry, const char *prefix, char **ret_name,
                         Error *err);

/* Called for each entry beneath a directory; `path` is relative to it. */
typedef int (*ImageVisit)(void *data, const char *path, const ImageEntry *entry, Error *err);

int image_walk(Image *image, const ImageEntry *directory, ImageVisit visit, void *data, Error *err);
int image_get_root(Image *image, ImageEntry *ret, Error *err);
