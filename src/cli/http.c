/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void http_parser_done(HttpParser *parser) {
        text_done(&parser->line);
        text_done(&parser->body);
}

static int parse_status(HttpParser *parser, const char *line, Error *err) {
        bool has_form = string_has_prefix(line, "HTTP/1.") && (line[7] == '0' || line[7] == '1') &&
                        line[8] == ' ' && strspn(line + 9, "0123456789") == 3 &&
                        (line[12] == ' ' || line[12] == '\0');
        if (!has_form)
                return error_set(err, ERROR_FAILED, "malformed HTTP status line");
        parser->status = (line[9] - '0') * 100 + (line[10] - '0') * 10 + (line[11] - '0');
        parser->is_closing = line[7] == '0';
        parser->stage = HTTP_STAGE_HEADER;
        return 0;
}

static int parse_length(HttpParser *parser, const char *value, Error *err) {
        uint64_t length;
        if (string_parse_u64(value, HTTP_REPLY_BODY_MAX, &length, err) < 0)
                return error_prefix(err, "reply's Content-Length");
        /* Two lengths that differ would let two readers see two replies. */
        if (parser->has_length && parser->left != length)
                return error_set(err, ERROR_FAILED, "reply has two different lengths");
        parser->has_length = true;
        parser->left = length;
        return 0;
}

static int parse_header(HttpParser *parser, char *line, Error *err) {
        char *colon = strchr(line, ':');
        if (colon == NULL || colon == line || colon[-1] == ' ')
                return error_set(err, ERROR_FAILED, "malformed HTTP header line");
        *colon = '\0';
        char *value = colon + 1 + strspn(colon + 1, " \t");
        for (size_t end = strlen(value); end > 0 && strchr(" \t", value[end - 1]) != NULL; end--)
                value[end - 1] = '\0';
        if (strcasecmp(line, "content-length") == 0)
                return parse_length(parser, value, err);
        if (strcasecmp(line, "transfer-encoding") == 0) {
                if (strcasecmp(value, "chunked") != 0)
                        return error_set(err, ERROR_FAILED, "unknown transfer encoding in a reply");
                parser->is_chunked = true;
        }
        if (strcasecmp(line, "connection") == 0 && strcasecmp(value, "close") == 0)
                parser->is_closing = true;
        return 0;
}

static int end_headers(HttpParser *parser, Error *err) {
        /* 100 Continue and its like precede the real reply. */
        if (parser->status >= 100 && parser->status < 200) {
                if (parser->has_length || parser->is_chunked)
                        return error_set(err, ERROR_FAILED, "interim reply with a body");
                parser->stage = HTTP_STAGE_STATUS;
                return 0;
        }
        if (parser->is_chunked && parser->has_length)
                return error_set(err, ERROR_FAILED, "reply is both chunked and of a length");
        if (parser->is_chunked)
                parser->stage = HTTP_STAGE_CHUNK_SIZE;
        else if (parser->status == 204 || parser->status == 304 ||
                 (parser->has_length && parser->left == 0))
                parser->stage = HTTP_STAGE_DONE;
        else if (parser->has_length)
                parser->stage = HTTP_STAGE_BODY;
        else
                parser->stage = HTTP_STAGE_UNTIL_CLOSE;
        parser->is_closing = parser->is_closing || parser->stage == HTTP_STAGE_UNTIL_CLOSE;
        return 0;
}

static int parse_chunk_size(HttpParser *parser, const char *line, Error *err) {
        size_t digits = strspn(line, "0123456789abcdefABCDEF");
        const char *rest = line + digits + strspn(line + digits, " \t");
        if (digits == 0 || digits > 8 || (*rest != '\0' && *rest != ';'))
                return error_set(err, ERROR_FAILED, "malformed chunk size in a reply");
        parser->left = strtoul(line, NULL, 16);
        if (parser->left > HTTP_REPLY_BODY_MAX - parser->body.length)
                return error_set(err, ERROR_TOO_LARGE, "reply is larger than %d bytes",
                                 HTTP_REPLY_BODY_MAX);
        parser->stage = parser->left == 0 ? HTTP_STAGE_TRAILER : HTTP_STAGE_CHUNK;
        return 0;
}

static int take_line(HttpParser *parser, char *line, Error *err) {
        switch (parser->stage) {
        case HTTP_STAGE_STATUS:
                return parse_status(parser, line, err);
        case HTTP_STAGE_HEADER:
                return *line == '\0' ? end_headers(parser, err) : parse_header(parser, line, err);
        case HTTP_STAGE_CHUNK_SIZE:
                return parse_chunk_size(parser, line, err);
        case HTTP_STAGE_CHUNK_END:
                if (*line != '\0')
                        return error_set(err, ERROR_FAILED, "chunk is longer than its size");
                parser->stage = HTTP_STAGE_CHUNK_SIZE;
                return 0;
        default: /* HTTP_STAGE_TRAILER: what trailers say is of no interest */
                if (*line == '\0')
                        parser->stage = HTTP_STAGE_DONE;
                return 0;
        }
}

/* Gathers one line; its end is LF, a CR before it belongs to the end. */
static int feed_line(HttpParser *parser, const char *bytes, size_t length, size_t *ret_used,
                     Error *err) {
        const char *end = memchr(bytes, '\n', length);
        size_t used = end == NULL ? length : (size_t)(end - bytes) + 1;
        parser->head_size += used;
        if (parser->head_size > HTTP_REPLY_HEAD_MAX)
                return error_set(err, ERROR_TOO_LARGE, "head of a reply is larger than %d bytes",
                                 HTTP_REPLY_HEAD_MAX);
        text_append_bytes(&parser->line, bytes, used);
        *ret_used = used;
        if (end == NULL)
                return 0;
        autofree char *line = text_take(&parser->line);
        size_t size = strlen(line);
        if (memchr(line, '\n', size) == NULL)
                return error_set(err, ERROR_FAILED, "NUL in the head of a reply");
        line[--size] = '\0';
        if (size > 0 && line[size - 1] == '\r')
                line[--size] = '\0';
        return take_line(parser, line, err);
}

static int feed_counted(HttpParser *parser, const char *bytes, size_t length, size_t *ret_used) {
        size_t used = length < parser->left ? length : (size_t)parser->left;
        text_append_bytes(&parser->body, bytes, used);
        parser->left -= used;
        *ret_used = used;
        if (parser->left == 0 && parser->stage == HTTP_STAGE_CHUNK)
                parser->stage = HTTP_STAGE_CHUNK_END;
        else if (parser->left == 0)
                parser->stage = HTTP_STAGE_DONE;
        return 0;
}

static int feed_until_close(HttpParser *parser, const char *bytes, size_t length, size_t *ret_used,
                            Error *err) {
        if (length > HTTP_REPLY_BODY_MAX - parser->body.length)
                return error_set(err, ERROR_TOO_LARGE, "reply is larger than %d bytes",
                                 HTTP_REPLY_BODY_MAX);
        text_append_bytes(&parser->body, bytes, length);
        *ret_used = length;
        return 0;
}

static int feed_some(HttpParser *parser, const char *bytes, size_t length, size_t *ret_used,
                     Error *err) {
        if (parser->stage == HTTP_STAGE_BODY || parser->stage == HTTP_STAGE_CHUNK)
                return feed_counted(parser, bytes, length, ret_used);
        if (parser->stage == HTTP_STAGE_UNTIL_CLOSE)
                return feed_until_close(parser, bytes, length, ret_used, err);
        return feed_line(parser, bytes, length, ret_used, err);
}

int http_parser_feed(HttpParser *parser, const char *bytes, size_t length, size_t *ret_used,
                     Error *err) {
        size_t used = 0;
        while (used < length && parser->stage != HTTP_STAGE_DONE) {
                size_t step = 0;
                if (feed_some(parser, bytes + used, length - used, &step, err) < 0)
                        return -1;
                used += step;
        }
        *ret_used = used;
        return parser->stage == HTTP_STAGE_DONE ? 1 : 0;
}

int http_parser_finish(HttpParser *parser, Error *err) {
        if (parser->stage == HTTP_STAGE_UNTIL_CLOSE)
                parser->stage = HTTP_STAGE_DONE;
        if (parser->stage == HTTP_STAGE_DONE)
                return 1;
        return error_set(err, ERROR_LOST, "server closed the connection within a reply");
}
