/* SPDX-License-Identifier: Apache-2.0
 *
 * Form: a multipart body on its way in.  Plain fields are kept (bounded together), file bytes go
 * straight to the descriptor that the daemon gave for them.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "http/multipart.h"

typedef struct Form {
        Multipart multipart;
        json_t *fields;     /* {"action":"install"}; the first of equal names counts */
        json_t *files;      /* [{"field":…,"filename":…,"size":…,"upload":…}] */
        size_t field_bytes; /* names and values of all plain fields */
        Text value;         /* of the current plain field */
        int file_fd;        /* owned; of the current file, -1 between files */
        uint64_t file_upload;
        uint64_t file_size;
        bool is_complete; /* the closing boundary was seen */
} Form;

#define FORM_INIT ((Form){ .file_fd = -1 })

/* form_feed stopped before a file's first byte: the caller asks for a descriptor, gives it by
 * form_give_file and goes on with the rest of the input. */
#define FORM_WANTS_FILE 1

int form_init(Form *form, const char *content_type, Error *err);
void form_done(Form *form);
/* 0 = the input is used up, or FORM_WANTS_FILE. */
int form_feed(Form *form, const char **input, size_t *left, Error *err);
void form_give_file(Form *form, int owned_fd, uint64_t upload);
