/* SPDX-License-Identifier: Apache-2.0 */
#include "http/control.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "http/exchange.h"
#include "wire/frame.h"

static _Noreturn void end(const Error *why) {
        if (why && why->kind != ERROR_LOST)
                log_error("%s", why->message);
        _exit(why && why->kind != ERROR_LOST ? 1 : 0);
}

static void send_frame(Server *server, const char *text, size_t length, int fd) {
        Error err = ERROR_INIT;

        if (frame_send(server->control, text, length, &fd, fd >= 0 ? 1 : 0, &err) < 0)
                end(&err);
}

static void send_head(Server *server, json_t *owned_head) {
        autofree char *text = json_format(owned_head);

        json_decref(owned_head);
        send_frame(server, text, strlen(text), -1);
}

void control_send_closed(Server *server, uint64_t connection) {
        json_t *head = json_object();

        json_put(head, "op", json_string("closed"));
        json_put(head, "connection", json_integer((json_int_t)connection));
        send_head(server, head);
}

void control_send_idle(Server *server) {
        json_t *head = json_object();

        json_put(head, "op", json_string("idle"));
        send_head(server, head);
}

void control_send_upload(Server *server, json_t *owned_head) {
        send_head(server, owned_head);
}

void control_send_request(Server *server, json_t *owned_head, const char *body, size_t length) {
        autojson head = owned_head;
        autotext frame = TEXT_INIT;
        autofd int memory = -1;
        Error err = ERROR_INIT;

        json_put(head, "body", json_string(body ? "inline" : "none"));
        autofree char *text = json_format(head);
        size_t head_length = strlen(text);
        if (body && head_length + 1 + length > FRAME_INLINE_MAX) {
                memory = memfd_new_sealed("body", body, length, &err);
                if (memory < 0)
                        end(&err);
                json_put(head, "body", json_string("memfd"));
                free(text);
                text = json_format(head);
        }
        text_append(&frame, text);
        if (body && memory < 0) {
                text_append(&frame, "\n");
                text_append_bytes(&frame, body, length);
        }
        send_frame(server, frame.bytes, frame.length, memory);
}

static Exchange *find_exchange(Server *server, const json_t *head) {
        Client *client = server_find_client(server, (uint64_t)json_get_int(head, "connection", 0));
        Exchange *exchange = client ? client->exchange : NULL;

        /* A reply may cross with the news that its client left. */
        if (!exchange || exchange->number != (uint64_t)json_get_int(head, "request", 0))
                return NULL;
        return exchange;
}

static void take_connection(Server *server, const json_t *head, Frame *frame) {
        int fd = frame_take_fd(frame, 0);

        if (fd >= 0)
                server_add_client(server, (uint64_t)json_get_int(head, "connection", 0), fd);
}

static void take_upload(Server *server, const json_t *head, Frame *frame) {
        Exchange *exchange = find_exchange(server, head);

        if (exchange && frame->fd_count == 1)
                exchange_take_file(exchange, frame_take_fd(frame, 0),
                                   (uint64_t)json_get_int(head, "upload", 0));
}

/* The body lies behind the head, in a sealed memory file, or in a file: the last two are sent by
 * sendfile and never touch our memory. */
static struct MHD_Response *new_response(const json_t *head, Frame *frame) {
        const char *kind = json_get_string(head, "body", "none");
        const char *inline_body = memchr(frame->bytes, '\n', frame->length);
        struct stat st;

        if (string_equal(kind, "inline") && inline_body) {
                size_t offset = (size_t)(inline_body + 1 - frame->bytes);
                return MHD_create_response_from_buffer(
                        frame->length - offset, frame->bytes + offset, MHD_RESPMEM_MUST_COPY);
        }
        if (string_equal(kind, "none"))
                return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        autofd int fd = frame_take_fd(frame, 0);
        if (fd < 0 || fstat(fd, &st) < 0)
                return NULL;
        struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)st.st_size, fd);
        if (response)
                (void)take_fd(fd);
        return response;
}

static void take_reply(Server *server, const json_t *head, Frame *frame) {
        Exchange *exchange = find_exchange(server, head);
        struct MHD_Response *response = exchange ? new_response(head, frame) : NULL;
        json_t *headers = json_object_get(head, "headers");
        const char *name;
        json_t *value;

        if (!response)
                return;
        json_object_foreach(headers, name, value) {
                if (json_is_string(value))
                        (void)MHD_add_response_header(response, name, json_string_value(value));
        }
        exchange_take_response(exchange, (int)json_get_int(head, "status", 500), response);
}

static void take_stop(Server *server, const json_t *head, Frame *frame) {
        (void)server;
        (void)head;
        (void)frame;
        end(NULL);
}

static const struct {
        const char *op;
        void (*carry_out)(Server *server, const json_t *head, Frame *frame);
} OPS[] = {
        { "connection", take_connection },
        { "upload", take_upload },
        { "reply", take_reply },
        { "stop", take_stop },
};

void control_receive(Server *server) {
        autoframe frame = FRAME_INIT;
        autojson head = NULL;
        Error err = ERROR_INIT;

        if (frame_receive(server->control, &frame, &err) < 0)
                end(&err);
        const char *newline = memchr(frame.bytes, '\n', frame.length);
        size_t length = newline ? (size_t)(newline - frame.bytes) : frame.length;
        if (json_parse(frame.bytes, length, &head, &err) < 0)
                end(&err);
        const char *op = json_get_string(head, "op", "");
        for (size_t i = 0; i < ARRAY_COUNT(OPS); i++)
                if (string_equal(op, OPS[i].op))
                        OPS[i].carry_out(server, head, &frame);
}
