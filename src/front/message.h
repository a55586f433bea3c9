/* SPDX-License-Identifier: Apache-2.0
 *
 * Message: a frame from a `pawl-http`, parsed and checked in itself.  Whether its numbers mean
 * anything is the principal's to judge.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/limits.h"
#include "wire/frame.h"

typedef enum MessageOp {
        MESSAGE_REQUEST,
        MESSAGE_UPLOAD,
        MESSAGE_CLOSED,
        MESSAGE_IDLE,
} MessageOp;

typedef struct MessageFile {
        const char *filename; /* borrowed from the body */
        uint64_t size;
        uint64_t upload;
} MessageFile;

typedef struct Message {
        MessageOp op;
        uint64_t connection;
        uint64_t request;
        bool is_form;
        bool may_interact;
        json_t *head; /* owned; method, path, query, headers are checked members of it */
        json_t *body; /* owned; NULL without one; of a form {"fields":…,"files":…} */
        MessageFile files[HTTP_UPLOAD_COUNT_MAX];
        size_t file_count;
} Message;

#define MESSAGE_INIT ((Message){ 0 })

/* Takes descriptors out of the frame.  Any failure means that the sender is broken or hostile. */
int message_parse(Frame *frame, Message *ret, Error *err);
void message_done(Message *message);
#define automessage __attribute__((cleanup(message_done))) Message

const char *message_get_method(const Message *message);
const char *message_get_path(const Message *message);
