/* SPDX-License-Identifier: Apache-2.0
 *
 * Multipart: multipart/form-data as a stream, pulled one event at a time.  It holds a boundary, one
 * header line and one part's names, whatever the size of the body; file bytes are slices of the
 * caller's own buffer.  (MHD_PostProcessor cannot stop between a part's headers and its first byte,
 * which is where the daemon must be asked for a file.)
 */
#pragma once

#include <stddef.h>

#include "base/error.h"

#define MULTIPART_BOUNDARY_MAX     70 /* RFC 2046 */
#define MULTIPART_LINE_MAX         4096
#define MULTIPART_HEADER_COUNT_MAX 16 /* of one part */

/* What multipart_next found; none is negative. */
typedef enum MultipartEvent {
        MULTIPART_NEEDS_MORE, /* the input is used up */
        MULTIPART_PART,       /* a part begins: `name`, `filename` */
        MULTIPART_BYTES,      /* content of the part: `bytes`, `length`, never empty */
        MULTIPART_PART_END,
        MULTIPART_END, /* after the closing boundary; what follows is ignored */
} MultipartEvent;

typedef enum MultipartState {
        MULTIPART_STATE_PREAMBLE, /* before the first boundary */
        MULTIPART_STATE_BOUNDARY, /* after "--boundary": CRLF or "--" */
        MULTIPART_STATE_HEADERS,  /* lines until an empty one */
        MULTIPART_STATE_BODY,     /* until CRLF "--boundary" */
        MULTIPART_STATE_EPILOGUE, /* after "--boundary--" */
} MultipartState;

typedef struct Multipart {
        char delimiter[4 + MULTIPART_BOUNDARY_MAX + 1]; /* CRLF "--" boundary */
        size_t delimiter_length;
        size_t matched; /* of the delimiter, at the end of what was read */
        MultipartState state;
        char line[MULTIPART_LINE_MAX];
        size_t line_length;
        unsigned header_count;
        /* Of the current part; valid from MULTIPART_PART to MULTIPART_PART_END. */
        char *name;
        char *filename; /* NULL for a plain field */
        /* Of MULTIPART_BYTES: borrowed from the input or from `delimiter`. */
        const char *bytes;
        size_t length;
} Multipart;

/* From the value of Content-Type; ERROR_BAD_REQUEST without a usable boundary. */
int multipart_init(Multipart *multipart, const char *content_type, Error *err);
void multipart_done(Multipart *multipart);

/* Advances `*input`, `*left` and returns a MultipartEvent. */
int multipart_next(Multipart *multipart, const char **input, size_t *left, Error *err);
