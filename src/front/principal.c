/* SPDX-License-Identifier: Apache-2.0 */
#include "front/principal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "front/front-internal.h"
#include "front/peer.h"
#include "wire/envelope.h"

/* Frames taken from one process before the loop looks at the others. */
#define FRAME_BATCH 16

static void forget_connections(Principal *principal) {
        for (size_t i = 0; i < HTTP_CONNECTION_COUNT_MAX; i++)
                principal->connections[i] = connection_free(principal->connections[i]);
        principal->connection_count = 0;
}

static void stop_talking(Principal *principal) {
        principal->control_watch = watch_free(principal->control_watch);
        own_close_(&principal->control);
        principal->control = -1;
        outbox_done(&principal->outbox);
        forget_connections(principal);
}

/* Its clients' sockets close with it.  The rest follows when the kernel says that it has ended: a
 * caller further up may still hold the principal. */
static void end(Principal *principal, const Error *why) {
        if (principal->state == PRINCIPAL_ENDING)
                return;
        if (why->kind != ERROR_LOST)
                log_warning("the pawl-http of uid %u is ended: %s", principal->uid, why->message);
        principal->state = PRINCIPAL_ENDING;
        (void)kill(principal->helper.pid, SIGKILL);
        stop_talking(principal);
}

static void on_control(void *context, int events);

static int watch_control(Principal *principal, bool wants_room, Error *err) {
        int events = wants_room ? UV_READABLE | UV_WRITABLE : UV_READABLE;

        if (principal->wants_room == wants_room)
                return 0;
        principal->wants_room = wants_room;
        return watch_start(principal->control_watch, events, on_control, principal, err);
}

static void flush(Principal *principal) {
        Error err = ERROR_INIT;
        int outcome = outbox_flush(&principal->outbox, principal->control, &err);

        if (outcome < 0 || watch_control(principal, outcome == 1, &err) < 0)
                end(principal, &err);
}

static void send_frame(Principal *principal, Text *frame, int owned_fd) {
        size_t length = frame->length;
        Error err = ERROR_INIT;

        if (outbox_add(&principal->outbox, text_take(frame), length, owned_fd, &err) < 0)
                end(principal, &err);
        else
                flush(principal);
}

static json_t *new_head(const char *op, uint64_t connection) {
        json_t *head = json_object();

        json_put(head, "op", json_string(op));
        if (connection > 0)
                json_put(head, "connection", json_integer((json_int_t)connection));
        return head;
}

static void send_head(Principal *principal, json_t *owned_head, int owned_fd) {
        autojson head = owned_head;
        autofree char *text = json_format(head);
        autotext frame = TEXT_INIT;

        text_append(&frame, text);
        send_frame(principal, &frame, owned_fd);
}

void principal_send_reply(Principal *principal, Connection *connection, json_t *owned_head,
                          const char *body, int owned_file) {
        autojson head = owned_head;
        autotext frame = TEXT_INIT;
        autofd int file = owned_file;
        size_t length = body ? strlen(body) : 0;
        bool is_inline = body && length < FRAME_INLINE_MAX;
        Error err = ERROR_INIT;

        json_put(head, "op", json_string("reply"));
        json_put(head, "connection", json_integer((json_int_t)connection->number));
        json_put(head, "request", json_integer((json_int_t)connection->request));
        connection_end_request(connection);
        if (body && !is_inline) {
                file = memfd_new_sealed("reply", body, length, &err);
                if (file < 0) {
                        end(principal, &err);
                        return;
                }
        }
        json_put(head, "body", json_string(is_inline ? "inline" : file >= 0 ? "file" : "none"));
        autofree char *text = json_format(head);
        text_append(&frame, text);
        if (is_inline) {
                text_append(&frame, "\n");
                text_append_bytes(&frame, body, length);
        }
        send_frame(principal, &frame, take_fd(file));
}

static Connection *find_connection(Principal *principal, uint64_t number) {
        for (size_t i = 0; i < HTTP_CONNECTION_COUNT_MAX; i++)
                if (principal->connections[i] && principal->connections[i]->number == number)
                        return principal->connections[i];
        return NULL;
}

Connection *principal_find_pending(Principal *principal, uint64_t number, uint64_t request) {
        Connection *connection = find_connection(principal, number);

        if (!connection || connection->state != CONNECTION_PENDING ||
            connection->request != request)
                return NULL;
        return connection;
}

void principal_add_connection(Principal *principal, uint64_t number, Peer *owned_peer,
                              int owned_client) {
        for (size_t i = 0; i < HTTP_CONNECTION_COUNT_MAX; i++) {
                if (principal->connections[i])
                        continue;
                principal->connections[i] = connection_new(number, owned_peer);
                principal->connection_count++;
                send_head(principal, new_head("connection", number), owned_client);
                return;
        }
        abort();
}

static void refuse_upload(Principal *principal, Connection *connection, const Error *why) {
        autojson envelope = envelope_new_error(why);
        autofree char *text = json_format(envelope);
        json_t *head = json_object();
        json_t *headers = json_object();

        json_put(headers, "Content-Type", json_string("application/json"));
        json_put(head, "status", json_integer(error_kind_get_info(why->kind)->http_status));
        json_put(head, "headers", headers);
        principal_send_reply(principal, connection, head, text, -1);
}

/* A file without a name: nothing is left of it when everybody who holds it is gone.  The process
 * gets a descriptor that can only write, we keep one that can only read. */
static int open_upload(int directory, int *ret_reader, Error *err) {
        char path[40];
        autofd int writer = openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

        if (writer < 0)
                return error_set_errno(err, errno, "cannot make a file for the upload");
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", writer);
        *ret_reader = open(path, O_RDONLY | O_CLOEXEC);
        if (*ret_reader < 0)
                return error_set_errno(err, errno, "cannot reopen the file for the upload");
        return take_fd(writer);
}

static size_t count_uploads(const Principal *principal) {
        size_t count = 0;

        for (size_t i = 0; i < HTTP_CONNECTION_COUNT_MAX; i++)
                if (principal->connections[i])
                        count += principal->connections[i]->upload_count;
        return count;
}

static int take_upload(Principal *principal, const Message *message, Error *err) {
        Connection *connection = find_connection(principal, message->connection);
        Error refusal = ERROR_INIT;
        int reader = -1;
        int writer = -1;

        if (!connection)
                return error_set(err, ERROR_BAD_REQUEST, "upload for a connection it has not");
        if (connection_begin_upload(connection, message->request, err) < 0)
                return -1;
        if (count_uploads(principal) >= HTTP_UPLOAD_OPEN_MAX)
                (void)error_set(&refusal, ERROR_BUSY, "too many uploads at once");
        else if (principal->setup->may_upload(principal->setup->context, &connection->peer,
                                              message_get_method(message),
                                              message_get_path(message), &refusal) >= 0)
                writer = open_upload(principal->setup->incoming_directory, &reader, &refusal);
        if (writer < 0) {
                refuse_upload(principal, connection, &refusal);
                return 0;
        }
        connection_add_upload(connection, ++principal->last_upload, reader);
        json_t *head = new_head("upload", connection->number);
        json_put(head, "request", json_integer((json_int_t)message->request));
        json_put(head, "upload", json_integer((json_int_t)principal->last_upload));
        send_head(principal, head, writer);
        return 0;
}

static int take_request(Principal *principal, const Message *message, Error *err) {
        Connection *connection = find_connection(principal, message->connection);

        if (!connection)
                return error_set(err, ERROR_BAD_REQUEST, "request of a connection it has not");
        if (connection_begin_request(connection, message->request, err) < 0)
                return -1;
        Request *request = request_new(principal, connection, message, err);
        if (!request)
                return -1;
        principal->setup->on_request(principal->setup->context, request);
        return 0;
}

static int take_closed(Principal *principal, const Message *message, Error *err) {
        for (size_t i = 0; i < HTTP_CONNECTION_COUNT_MAX; i++) {
                Connection *connection = principal->connections[i];
                if (!connection || connection->number != message->connection)
                        continue;
                principal->connections[i] = connection_free(connection);
                principal->connection_count--;
                return 0;
        }
        return error_set(err, ERROR_BAD_REQUEST, "it closed a connection it has not");
}

/* A connection that was passed meanwhile is on the way to it: then it is not idle. */
static int take_idle(Principal *principal, const Message *message, Error *err) {
        (void)message;
        (void)err;
        if (principal->connection_count > 0)
                return 0;
        principal->state = PRINCIPAL_STOPPING;
        send_head(principal, new_head("stop", 0), -1);
        return 0;
}

static int (*const OPS[])(Principal *principal, const Message *message, Error *err) = {
        [MESSAGE_REQUEST] = take_request,
        [MESSAGE_UPLOAD] = take_upload,
        [MESSAGE_CLOSED] = take_closed,
        [MESSAGE_IDLE] = take_idle,
};

/* 1 = one frame was taken, 0 = none is there. */
static int receive(Principal *principal, Error *err) {
        autoframe frame = FRAME_INIT;
        automessage message = MESSAGE_INIT;
        int received = frame_receive(principal->control, &frame, err);

        if (received <= 0)
                return received;
        if (principal->state == PRINCIPAL_STOPPING)
                return error_set(err, ERROR_BAD_REQUEST, "it speaks after it was stopped");
        if (message_parse(&frame, &message, err) < 0 ||
            OPS[message.op](principal, &message, err) < 0)
                return -1;
        return 1;
}

static void on_control(void *context, int events) {
        Principal *principal = context;
        Error err = ERROR_INIT;
        int outcome = 1;

        if (events & UV_WRITABLE)
                flush(principal);
        for (int i = 0; i < FRAME_BATCH && outcome == 1; i++) {
                /* Each frame may have ended it. */
                if (principal->state == PRINCIPAL_ENDING)
                        return;
                outcome = receive(principal, &err);
        }
        if (outcome < 0)
                end(principal, &err);
}

static void on_process_end(void *context, int events) {
        Principal *principal = context;

        (void)events;
        front_forget_principal(principal->front, principal);
}

static int start_process(Principal *principal, Error *err) {
        autofree char *uid = string_format("%u", HELPER_UID_HTTP + principal->slot);
        autofree char *idle_ms = string_format("%u", principal->view ? HTTP_VIEW_IDLE_MS
                                                                     : principal->setup->idle_ms);
        autofree char *timeout = string_format("%u", principal->setup->client_timeout_s);
        const char *argv[] = { "pawl-http", uid, idle_ms, timeout, NULL };
        int pair[2];

        if (frame_open_pair(pair, err) < 0)
                return -1;
        autofd int theirs = pair[1];
        principal->control = pair[0];
        if (fcntl(principal->control, F_SETFL, O_NONBLOCK) < 0)
                return error_set_errno(err, errno, "cannot make a socket non-blocking");
        return helper_spawn(HELPER_HTTP, argv, &theirs, 1, &principal->helper, err);
}

static int start(Principal *principal, Error *err) {
        uv_loop_t *loop = principal->setup->loop;

        if (start_process(principal, err) < 0 ||
            watch_new(loop, principal->control, &principal->control_watch, err) < 0 ||
            watch_start(principal->control_watch, UV_READABLE, on_control, principal, err) < 0 ||
            watch_new(loop, principal->helper.pidfd, &principal->end_watch, err) < 0)
                return -1;
        return watch_start(principal->end_watch, UV_READABLE, on_process_end, principal, err);
}

int principal_new(Front *front, const Peer *peer, unsigned slot, Principal **ret, Error *err) {
        Principal *principal = memory_new(sizeof(*principal));

        principal->front = front;
        principal->setup = front_get_setup(front);
        principal->id = front_next_number(front);
        principal->uid = peer->uid;
        principal->is_confined = peer->is_confined;
        principal->view = peer->view;
        principal->slot = slot;
        principal->control = -1;
        principal->helper = HELPER_INIT;
        if (start(principal, err) < 0) {
                (void)principal_free(principal);
                return -1;
        }
        *ret = principal;
        return 0;
}

Principal *principal_free(Principal *principal) {
        if (!principal)
                return NULL;
        stop_talking(principal);
        principal->end_watch = watch_free(principal->end_watch);
        helper_done(&principal->helper);
        free(principal);
        return NULL;
}
