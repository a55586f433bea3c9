/* SPDX-License-Identifier: Apache-2.0
 *
 * Image: a package file on disk.  What is in it is known only from `pawl-read`, a locked-in child;
 * its answer is bounded in size and time and is checked here before anybody uses it.
 */
#pragma once

#include <stdint.h>
#include <uv.h>

#include "base/error.h"
#include "base/json.h"
#include "snap/places.h"

typedef enum ImageMode {
        IMAGE_MODE_MANIFEST, /* the manifest only: milliseconds */
        IMAGE_MODE_IMAGE,    /* the whole image is walked and hashed: seconds for a big one */
} ImageMode;

#define IMAGE_MANIFEST_LIMIT_MS 20000
#define IMAGE_WALK_LIMIT_MS     600000

/* Blocking: for workers and tests.  `*ret` is the report of ARCHITECTURE.md "pawl-read"; what
 * pawl-read refuses is the error it gave. */
int image_read(int image, ImageMode mode, json_t **ret, Error *err);

/* What pawl-read answered, as a value; its refusal is the error it gave. */
int image_parse_answer(const char *bytes, size_t length, json_t **ret, Error *err);

/* Blocking: one regular file of the image, as pawl-read sees it, into `target`. */
int image_copy_file(int image, const char *path, int target, Error *err);

typedef struct ImageRead ImageRead;
/* `report` is borrowed and NULL when it failed; the ImageRead is gone after the call. */
typedef void (*ImageReadDone)(void *context, json_t *report, const Error *err);

/* Mode manifest, without blocking the loop; `done` is called once, later, from the loop.  `image`
 * stays the caller's.  `*ret` only serves image_read_cancel. */
int image_read_start(uv_loop_t *loop, int image, ImageReadDone done, void *context, ImageRead **ret,
                     Error *err);
/* Ends it; `done` is not called. */
void image_read_cancel(ImageRead *read);

/* A file without a name in incoming/, mode 0600, for an upload: the returned descriptor reads and
 * writes. */
int image_new_upload(const Places *places, Error *err);
/* Write-only twin of it, to hand to whoever receives the bytes. */
int image_open_upload_writer(int upload, Error *err);
/* Gives an upload a durable name in incoming/ (content synced first). */
int image_keep_upload(const Places *places, int upload, char **ret_name, Error *err);
/* Forgets it again, when nothing will use it. */
void image_drop_upload(const Places *places, const char *name);
