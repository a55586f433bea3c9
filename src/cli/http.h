/* SPDX-License-Identifier: Apache-2.0
 *
 * HttpParser: one HTTP/1.1 reply, fed in pieces of any size.  Everything a server may choose is
 * bounded; a reply that breaks the rules is refused, never guessed at.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"

#define HTTP_REPLY_HEAD_MAX (64 * 1024)
#define HTTP_REPLY_BODY_MAX (64 * 1024 * 1024)

/* What the next byte belongs to. */
typedef enum HttpStage {
        HTTP_STAGE_STATUS,     /* the status line */
        HTTP_STAGE_HEADER,     /* header lines, to the empty one */
        HTTP_STAGE_BODY,       /* `left` bytes of body */
        HTTP_STAGE_CHUNK_SIZE, /* a chunk's size line */
        HTTP_STAGE_CHUNK,      /* `left` bytes of a chunk */
        HTTP_STAGE_CHUNK_END,  /* the line end after a chunk */
        HTTP_STAGE_TRAILER,    /* lines after the last chunk, to the empty one */
        HTTP_STAGE_UNTIL_CLOSE,
        HTTP_STAGE_DONE,
} HttpStage;

typedef struct HttpParser {
        HttpStage stage;
        int status;
        bool is_chunked;
        bool has_length;
        bool is_closing; /* the connection cannot be used again */
        uint64_t left;
        size_t head_size; /* all line bytes so far, HTTP_REPLY_HEAD_MAX at most */
        Text line;        /* the line being gathered */
        Text body;
} HttpParser;

#define HTTP_PARSER_INIT ((HttpParser){ 0 })

void http_parser_done(HttpParser *parser);
#define autohttp __attribute__((cleanup(http_parser_done))) HttpParser

/* 1: the reply is whole (bytes after it are left; *ret_used says how many were taken); 0: more
 * needed. */
int http_parser_feed(HttpParser *parser, const char *bytes, size_t length, size_t *ret_used,
                     Error *err);
/* The connection was closed: fine only where the reply ends with it (1). */
int http_parser_finish(HttpParser *parser, Error *err);
