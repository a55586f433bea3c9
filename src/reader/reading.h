/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading: what pawl-read says about an image or an interface's file, as ARCHITECTURE.md describes
 * it.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"

typedef enum ReadingMode {
        READING_MANIFEST, /* the manifest only: some hundred kilobytes are read at most */
        READING_IMAGE,    /* every entry looked at, and the digest */
} ReadingMode;

/* Never NULL: {"error":{"kind","message"[,"details":[…]]}} where something is wrong. */
json_t *reading_new(int image_fd, ReadingMode mode);

/* An interface's file, as reader/definition.h has it, or the same error. */
json_t *reading_new_definition(int file_fd, const char *name);

/* Writes one regular file of the image, by its path, to `target_fd`: what the daemon's own package
 * is unpacked with. */
int reading_copy_file(int image_fd, const char *path, int target_fd, Error *err);
