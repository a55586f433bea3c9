/* SPDX-License-Identifier: Apache-2.0 */
#include "front/message.h"

#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

#define METHOD_MAX 32

void message_done(Message *message) {
        json_decref(message->head);
        json_decref(message->body);
        *message = MESSAGE_INIT;
}

const char *message_get_method(const Message *message) {
        return json_get_string(message->head, "method", "");
}

const char *message_get_path(const Message *message) {
        return json_get_string(message->head, "path", "");
}

static int refuse(Error *err, const char *what) {
        return error_set(err, ERROR_BAD_REQUEST, "bad frame: %s", what);
}

/* A number of ours is never 0. */
static int take_number(const json_t *object, const char *key, uint64_t *ret, Error *err) {
        int64_t number = json_get_int(object, key, 0);

        if (number <= 0)
                return refuse(err, key);
        *ret = (uint64_t)number;
        return 0;
}

static int check_words(const Message *message, Error *err) {
        const char *method = message_get_method(message);
        const char *path = message_get_path(message);

        if (*method == '\0' || strlen(method) > METHOD_MAX)
                return refuse(err, "method");
        if (*path != '/' || !string_is_clean_utf8(path, strlen(path)))
                return refuse(err, "path");
        return 0;
}

static bool is_map_of_strings(const json_t *object) {
        json_t *value;
        const char *key;

        if (!json_is_object(object))
                return false;
        json_object_foreach((json_t *)(uintptr_t)object, key, value) {
                if (!json_is_string(value))
                        return false;
        }
        return true;
}

static bool is_map_of_string_lists(const json_t *object) {
        json_t *list;
        json_t *value;
        const char *key;
        size_t i;

        if (!json_is_object(object))
                return false;
        json_object_foreach((json_t *)(uintptr_t)object, key, list) {
                if (!json_is_array(list) || json_array_size(list) == 0)
                        return false;
                json_array_foreach(list, i, value) {
                        if (!json_is_string(value))
                                return false;
                }
        }
        return true;
}

/* The body's text: behind the head, or in a memory file that cannot change any more. */
static int read_body(Frame *frame, size_t head_length, Message *message, Error *err) {
        const char *kind = json_get_string(message->head, "body", "");
        bool has_inline = head_length < frame->length;
        size_t fd_count = string_equal(kind, "memfd") ? 1 : 0;
        autofree char *text = NULL;
        size_t length = 0;

        if (frame->fd_count != fd_count || has_inline != string_equal(kind, "inline"))
                return refuse(err, "body");
        if (string_equal(kind, "none"))
                return 0;
        if (has_inline)
                return json_parse(frame->bytes + head_length + 1, frame->length - head_length - 1,
                                  &message->body, err);
        if (!string_equal(kind, "memfd"))
                return refuse(err, "body");
        autofd int fd = frame_take_fd(frame, 0);
        if (memfd_read_sealed(fd, HTTP_BODY_REWRITTEN_SIZE_MAX, &text, &length, err) < 0)
                return -1;
        return json_parse(text, length, &message->body, err);
}

static int take_file(Message *message, const json_t *file, Error *err) {
        MessageFile *to = &message->files[message->file_count];
        int64_t size = json_get_int(file, "size", -1);

        if (message->file_count == HTTP_UPLOAD_COUNT_MAX || size < 0)
                return refuse(err, "files");
        to->size = (uint64_t)size;
        to->filename = json_get_string(file, "filename", NULL);
        if (!to->filename || take_number(file, "upload", &to->upload, err) < 0)
                return refuse(err, "files");
        message->file_count++;
        return 0;
}

static int take_form(Message *message, Error *err) {
        const json_t *files = json_object_get(message->body, "files");
        json_t *file;
        size_t i;

        if (!is_map_of_strings(json_object_get(message->body, "fields")) || !json_is_array(files))
                return refuse(err, "form");
        json_array_foreach(files, i, file) {
                if (take_file(message, file, err) < 0)
                        return -1;
        }
        return 0;
}

static int parse_request(Frame *frame, size_t head_length, Message *message, Error *err) {
        message->is_form = json_get_bool(message->head, "form", false);
        message->may_interact = json_get_bool(message->head, "interaction", false);
        if (check_words(message, err) < 0)
                return -1;
        if (!is_map_of_string_lists(json_object_get(message->head, "query")))
                return refuse(err, "query");
        if (!is_map_of_strings(json_object_get(message->head, "headers")))
                return refuse(err, "headers");
        if (read_body(frame, head_length, message, err) < 0)
                return -1;
        return message->is_form ? take_form(message, err) : 0;
}

static int parse_upload(Frame *frame, size_t head_length, Message *message, Error *err) {
        if (frame->fd_count > 0 || head_length < frame->length)
                return refuse(err, "upload");
        return check_words(message, err);
}

static int parse_nothing(Frame *frame, size_t head_length, Message *message, Error *err) {
        (void)message;
        if (frame->fd_count > 0 || head_length < frame->length)
                return refuse(err, "too much");
        return 0;
}

static const struct {
        const char *name;
        bool has_connection;
        bool has_request;
        int (*parse)(Frame *frame, size_t head_length, Message *message, Error *err);
} OPS[] = {
        [MESSAGE_REQUEST] = { "request", true, true, parse_request },
        [MESSAGE_UPLOAD] = { "upload", true, true, parse_upload },
        [MESSAGE_CLOSED] = { "closed", true, false, parse_nothing },
        [MESSAGE_IDLE] = { "idle", false, false, parse_nothing },
};

int message_parse(Frame *frame, Message *ret, Error *err) {
        automessage message = MESSAGE_INIT;
        const char *newline = memchr(frame->bytes, '\n', frame->length);
        size_t head_length = newline ? (size_t)(newline - frame->bytes) : frame->length;
        size_t i = 0;

        if (json_parse(frame->bytes, head_length, &message.head, err) < 0)
                return -1;
        const char *op = json_get_string(message.head, "op", "");
        while (i < ARRAY_COUNT(OPS) && !string_equal(op, OPS[i].name))
                i++;
        if (i == ARRAY_COUNT(OPS))
                return refuse(err, "op");
        message.op = (MessageOp)i;
        if (OPS[i].has_connection &&
            take_number(message.head, "connection", &message.connection, err) < 0)
                return -1;
        if (OPS[i].has_request && take_number(message.head, "request", &message.request, err) < 0)
                return -1;
        if (OPS[i].parse(frame, head_length, &message, err) < 0)
                return -1;
        *ret = message;
        message = MESSAGE_INIT;
        return 0;
}
