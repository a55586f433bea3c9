/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/http.h"
#include "cli/terminal.h"

#define REPLY_TIMEOUT_MS 120000
#define PIECE_SIZE       65536
#define BOUNDARY_SIZE    61

/* One request on its way: what to send, and whether its reply has a bound in time. */
typedef struct Request {
        const char *method;
        const char *path;
        const char *content_type; /* NULL: none is sent */
        const char *body;         /* NULL: none, or `upload` */
        const Upload *upload;
        char boundary[BOUNDARY_SIZE];
} Request;

Client *client_new(const char *root, const char *program) {
        Client *client = memory_new(sizeof *client);
        client->root = string_copy(root);
        client->socket_path = string_format("%s/run/snapd.socket", root);
        client->program = program;
        client->fd = -1;
        return client;
}

static void failure_done(Failure *failure) {
        free(failure->kind);
        free(failure->message);
        json_decref(failure->value);
        *failure = (Failure){ 0 };
}

static void client_disconnect(Client *client) {
        if (client->fd >= 0)
                (void)close(client->fd);
        client->fd = -1;
}

Client *client_free(Client *client) {
        if (client == NULL)
                return NULL;
        client_disconnect(client);
        failure_done(&client->failure);
        json_decref(client->maintenance);
        free(client->root);
        free(client->socket_path);
        free(client);
        return NULL;
}

static int fail(Client *client, FailureWay way, const char *message, Error *err) {
        client->failure.way = way;
        free(client->failure.message);
        client->failure.message = string_copy(message);
        return error_set(err, ERROR_FAILED, "%s", message);
}

static int fail_transport(Client *client, const char *what, int number, Error *err) {
        client_disconnect(client);
        client->failure.number = number;
        autofree char *message =
                number == 0 ? string_copy(what) : string_format("%s: %s", what, strerror(number));
        return fail(client, FAILURE_TRANSPORT, message, err);
}

static int client_connect(Client *client, Error *err) {
        if (client->fd >= 0)
                return 0;
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        client->failure.is_connect = true;
        if (strlen(client->socket_path) >= sizeof address.sun_path)
                return fail_transport(client, client->socket_path, ENAMETOOLONG, err);
        memcpy(address.sun_path, client->socket_path, strlen(client->socket_path));
        autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
                return fail_transport(client, "socket", errno, err);
        if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
                return fail_transport(client, client->socket_path, errno, err);
        client->fd = take_fd(fd);
        client->failure.is_connect = false;
        return 0;
}

static int send_all(Client *client, const char *bytes, size_t length, Error *err) {
        while (length > 0) {
                ssize_t sent = send(client->fd, bytes, length, MSG_NOSIGNAL);
                if (sent < 0 && errno == EINTR)
                        continue;
                if (sent < 0) {
                        client->failure.number = errno;
                        return fail(client, FAILURE_TRANSPORT, "cannot send", err);
                }
                bytes += sent;
                length -= (size_t)sent;
        }
        return 0;
}

static int send_chunk(Client *client, const char *bytes, size_t length, Error *err) {
        char head[24];
        int size = snprintf(head, sizeof head, "%zx\r\n", length);
        if (send_all(client, head, (size_t)size, err) < 0 ||
            send_all(client, bytes, length, err) < 0)
                return -1;
        return send_all(client, "\r\n", 2, err);
}

/* A quote, backslash or line end in a file name would end the header. */
static char *quote_filename(const char *path) {
        const char *slash = strrchr(path, '/');
        autotext name = TEXT_INIT;
        for (const char *at = slash == NULL ? path : slash + 1; *at != '\0'; at++) {
                if (*at == '"' || *at == '\\')
                        text_append(&name, "\\");
                if (*at == '\r' || *at == '\n')
                        text_append(&name, *at == '\r' ? "%0D" : "%0A");
                else
                        text_append_bytes(&name, at, 1);
        }
        return text_take(&name);
}

static int send_file(Client *client, const UploadFile *file, const Upload *upload, Error *err) {
        struct stat status;
        uint64_t total = fstat(file->fd, &status) == 0 ? (uint64_t)status.st_size : 0;
        uint64_t sent = 0;
        autofree char *piece = memory_new(PIECE_SIZE);
        while (true) {
                ssize_t got = read(file->fd, piece, PIECE_SIZE);
                if (got < 0 && errno == EINTR)
                        continue;
                if (got < 0) {
                        autofree char *message = string_format("cannot read \"%s\": %s", file->path,
                                                               strerror(errno));
                        client_disconnect(client);
                        return fail(client, FAILURE_LOCAL, message, err);
                }
                if (got == 0)
                        return 0;
                if (send_chunk(client, piece, (size_t)got, err) < 0)
                        return -1;
                sent += (uint64_t)got;
                if (upload->progress != NULL)
                        upload->progress(upload->progress_data, sent, total);
        }
}

static int send_form(Client *client, const Request *request, Error *err) {
        const Upload *upload = request->upload;
        autotext fields = TEXT_INIT;
        for (size_t i = 0; i < upload->field_count; i++)
                text_append_format(
                        &fields,
                        "--%s\r\nContent-Disposition: form-data; name=\"%s\"\r\n\r\n%s\r\n",
                        request->boundary, upload->fields[i].name, upload->fields[i].value);
        if (send_chunk(client, fields.bytes, fields.length, err) < 0)
                return -1;
        for (size_t i = 0; i < upload->file_count; i++) {
                autofree char *name = quote_filename(upload->files[i].path);
                autofree char *head = string_format(
                        "--%s\r\nContent-Disposition: form-data; name=\"snap\"; filename=\"%s\"\r\n"
                        "Content-Type: application/octet-stream\r\n\r\n",
                        request->boundary, name);
                if (send_chunk(client, head, strlen(head), err) < 0 ||
                    send_file(client, &upload->files[i], upload, err) < 0 ||
                    send_chunk(client, "\r\n", 2, err) < 0)
                        return -1;
        }
        autofree char *end = string_format("--%s--\r\n", request->boundary);
        if (send_chunk(client, end, strlen(end), err) < 0)
                return -1;
        return send_all(client, "0\r\n\r\n", 5, err);
}

static int send_request(Client *client, const Request *request, Error *err) {
        autotext head = TEXT_INIT;
        text_append_format(&head, "%s %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: %s/%s\r\n",
                           request->method, request->path, client->program, PAWL_VERSION);
        if (client->may_interact)
                text_append(&head, "X-Allow-Interaction: true\r\n");
        if (request->content_type != NULL)
                text_append_format(&head, "Content-Type: %s\r\n", request->content_type);
        if (request->upload != NULL)
                text_append(&head, "Transfer-Encoding: chunked\r\n\r\n");
        else if (request->body != NULL)
                text_append_format(&head, "Content-Length: %zu\r\n\r\n%s", strlen(request->body),
                                   request->body);
        else
                text_append(&head, "\r\n");
        if (send_all(client, head.bytes, head.length, err) < 0)
                return -1;
        return request->upload == NULL ? 0 : send_form(client, request, err);
}

/* What has come, 0 at the end. */
static ssize_t receive_piece(Client *client, char *piece, size_t size, Error *err) {
        for (;;) {
                struct pollfd ready = { .fd = client->fd, .events = POLLIN };
                int count = poll(&ready, 1, REPLY_TIMEOUT_MS);
                if (count == 0)
                        return fail_transport(client, "no answer", ETIMEDOUT, err);
                if (count < 0 && errno != EINTR)
                        return fail_transport(client, "no answer", errno, err);
                ssize_t got = count < 0 ? -1 : recv(client->fd, piece, size, 0);
                if (got >= 0)
                        return got;
                if (errno != EINTR)
                        return fail_transport(client, "cannot receive", errno, err);
        }
}

static int receive_reply(Client *client, HttpParser *parser, Error *err) {
        char piece[16384];
        int outcome = 0;
        while (outcome == 0) {
                ssize_t got = receive_piece(client, piece, sizeof piece, err);
                if (got < 0)
                        return -1;
                size_t used = 0;
                outcome = got == 0 ? http_parser_finish(parser, err)
                                   : http_parser_feed(parser, piece, (size_t)got, &used, err);
                if (outcome < 0 && got == 0)
                        return fail_transport(client, "EOF", 0, err);
                /* Bytes that nobody asked for make the next reply doubtful. */
                parser->is_closing = parser->is_closing || (outcome == 1 && used < (size_t)got);
        }
        if (outcome < 0 || parser->is_closing)
                client_disconnect(client);
        if (outcome < 0) {
                autofree char *message = string_copy(err->message);
                return fail(client, FAILURE_REPLY, message, err);
        }
        return 0;
}

static int exchange_once(Client *client, const Request *request, HttpParser *parser, Error *err) {
        failure_done(&client->failure);
        (void)snprintf(client->failure.method, sizeof client->failure.method, "%s",
                       request->method);
        (void)snprintf(client->failure.path, sizeof client->failure.path, "%s", request->path);
        bool is_kept = client->fd >= 0;
        if (client_connect(client, err) < 0)
                return -1;
        int sent = send_request(client, request, err);
        if (sent < 0 && client->failure.way != FAILURE_TRANSPORT)
                return -1;
        /* A refusal may come before the whole of an upload went out, and the socket holds it still:
         * it says more than EPIPE does.  Such a connection is not used again. */
        int outcome = receive_reply(client, parser, err);
        if (sent < 0)
                client_disconnect(client);
        if (sent < 0 && outcome == 0)
                client->failure.way = FAILURE_NONE;
        bool is_stale = outcome < 0 && is_kept && client->failure.way == FAILURE_TRANSPORT &&
                        parser->stage == HTTP_STAGE_STATUS && parser->head_size == 0;
        return is_stale ? 1 : outcome;
}

/* 0 with a reply; a GET is repeated while nobody answers, as long as the client's patience goes. */
static int exchange(Client *client, const Request *request, HttpParser *parser, Error *err) {
        int64_t until = clock_get_boot() + (int64_t)client->patience_ms * 1000000;
        bool is_get = string_equal(request->method, "GET");
        while (true) {
                int outcome = exchange_once(client, request, parser, err);
                /* A kept connection that was closed meanwhile: nothing was answered, so a GET may
                 * go again. */
                if (outcome == 1 && is_get)
                        outcome = exchange_once(client, request, parser, err);
                if (outcome == 0)
                        return 0;
                if (!is_get || client->failure.way != FAILURE_TRANSPORT ||
                    clock_get_boot() >= until)
                        return -1;
                http_parser_done(parser);
                *parser = HTTP_PARSER_INIT;
                struct timespec pause = { .tv_nsec = CLIENT_RETRY_MS * 1000000L };
                (void)nanosleep(&pause, NULL);
        }
}

static void note_extras(Client *client, json_t *envelope) {
        json_decref(client->maintenance);
        client->maintenance = json_incref(json_object_get(envelope, "maintenance"));
        client->warning_count = json_get_int(envelope, "warning-count", 0);
        (void)snprintf(client->warning_time, sizeof client->warning_time, "%s",
                       json_get_string(envelope, "warning-timestamp", ""));
}

static int fail_api(Client *client, json_t *envelope, const HttpParser *parser, Error *err) {
        json_t *result = json_object_get(envelope, "result");
        const char *message = json_get_string(result, "message", "");
        client->failure.status = parser->status;
        client->failure.kind = string_copy(json_get_string(result, "kind", ""));
        client->failure.value = json_incref(json_object_get(result, "value"));
        if (*message != '\0')
                return fail(client, FAILURE_API, message, err);
        autofree char *text =
                string_format("server error: \"%s\"", json_get_string(envelope, "status", "?"));
        return fail(client, FAILURE_API, text, err);
}

/* The envelope of a reply that is no error. */
static int call(Client *client, const Request *request, json_t **ret_envelope, Error *err) {
        autohttp parser = HTTP_PARSER_INIT;
        if (exchange(client, request, &parser, err) < 0)
                return -1;
        autojson envelope = NULL;
        const char *body = parser.body.bytes == NULL ? "" : parser.body.bytes;
        if (json_parse(body, parser.body.length, &envelope, err) < 0) {
                autofree char *message =
                        string_format("cannot decode \"%.200s\": %s", body, err->message);
                return fail(client, FAILURE_REPLY, message, err);
        }
        if (!string_equal(client->program, "snap"))
                terminal_neutralise(envelope);
        note_extras(client, envelope);
        if (string_equal(json_get_string(envelope, "type", ""), "error"))
                return fail_api(client, envelope, &parser, err);
        *ret_envelope = take(envelope);
        return 0;
}

static int call_sync(Client *client, const Request *request, json_t **ret_result, Error *err) {
        autojson envelope = NULL;
        if (call(client, request, &envelope, err) < 0)
                return -1;
        const char *type = json_get_string(envelope, "type", "");
        if (!string_equal(type, "sync")) {
                autofree char *message = string_format("expected sync response, got \"%s\"", type);
                return fail(client, FAILURE_REPLY, message, err);
        }
        json_t *result = json_object_get(envelope, "result");
        *ret_result = result == NULL ? json_null() : json_incref(result);
        return 0;
}

static int call_async(Client *client, const Request *request, char **ret_change, Error *err) {
        autojson envelope = NULL;
        if (call(client, request, &envelope, err) < 0)
                return -1;
        const char *type = json_get_string(envelope, "type", "");
        const char *change = json_get_string(envelope, "change", "");
        if (!string_equal(type, "async")) {
                autofree char *message =
                        string_format("expected async response for \"%s\" on \"%s\", got \"%s\"",
                                      request->method, request->path, type);
                return fail(client, FAILURE_REPLY, message, err);
        }
        if (*change == '\0')
                return fail(client, FAILURE_REPLY, "async response without change reference", err);
        *ret_change = string_copy(change);
        return 0;
}

int client_get(Client *client, const char *path, json_t **ret_result, Error *err) {
        Request request = { .method = "GET", .path = path };
        return call_sync(client, &request, ret_result, err);
}

int client_post(Client *client, const char *path, const json_t *body, json_t **ret_result,
                Error *err) {
        autofree char *text = body == NULL ? string_copy("") : json_format(body);
        Request request = { .method = "POST", .path = path, .body = text };
        return call_sync(client, &request, ret_result, err);
}

int client_start(Client *client, const char *path, const json_t *body, char **ret_change,
                 Error *err) {
        autofree char *text = json_format(body);
        Request request = {
                .method = "POST", .path = path, .content_type = "application/json", .body = text
        };
        return call_async(client, &request, ret_change, err);
}

int client_start_untyped(Client *client, const char *path, const json_t *body, char **ret_change,
                         Error *err) {
        autofree char *text = json_format(body);
        Request request = { .method = "POST", .path = path, .body = text };

        return call_async(client, &request, ret_change, err);
}

int client_start_put(Client *client, const char *path, const json_t *body, char **ret_change,
                     Error *err) {
        autofree char *text = json_format(body);
        Request request = { .method = "PUT", .path = path, .body = text };

        return call_async(client, &request, ret_change, err);
}

/* 60 hexadecimal digits of chance: no file can hold it on purpose. */
static void fill_boundary(char boundary[BOUNDARY_SIZE]) {
        unsigned char bytes[(BOUNDARY_SIZE - 1) / 2];
        if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
                abort();
        for (size_t i = 0; i < sizeof bytes; i++)
                (void)snprintf(boundary + 2 * i, 3, "%02x", bytes[i]);
}

int client_upload(Client *client, const Upload *upload, char **ret_change, Error *err) {
        Request request = { .method = "POST", .path = "/v2/snaps", .upload = upload };
        fill_boundary(request.boundary);
        autofree char *type = string_format("multipart/form-data; boundary=%s", request.boundary);
        request.content_type = type;
        return call_async(client, &request, ret_change, err);
}

static char *escape_but(const char *value, const char *plain) {
        autotext text = TEXT_INIT;
        for (const unsigned char *at = (const unsigned char *)value; *at != '\0'; at++) {
                bool is_plain = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                                (*at >= '0' && *at <= '9') || strchr(plain, *at) != NULL;
                if (is_plain)
                        text_append_bytes(&text, at, 1);
                else
                        text_append_format(&text, "%%%02X", *at);
        }
        return text_take(&text);
}

char *client_escape(const char *value) {
        return escape_but(value, "-._~");
}

/* Where the last part of an already clean path begins. */
static size_t find_last_part(const char *clean, size_t length) {
        while (length > 0 && clean[length - 1] != '/')
                length--;
        return length;
}

char *client_clean_path(const char *path) {
        bool is_absolute = *path == '/';
        autofree char *clean = memory_new(strlen(path) + 3);
        size_t length = is_absolute, fixed = is_absolute;
        clean[0] = '/';
        while (*path != '\0') {
                size_t size = strcspn(path, "/");
                bool is_up = size == 2 && strncmp(path, "..", 2) == 0;
                bool is_here = size == 0 || (size == 1 && *path == '.');
                if (is_up && length > fixed) {
                        size_t start = find_last_part(clean, length);
                        length = start > fixed ? start - 1 : fixed;
                } else if (!is_here && !(is_up && is_absolute)) {
                        if (length > is_absolute)
                                clean[length++] = '/';
                        memcpy(clean + length, path, size);
                        length += size;
                        fixed = is_up ? length : fixed;
                }
                path += size + (path[size] == '/');
        }
        clean[length] = '\0';
        return length == 0 ? string_copy(".") : take(clean);
}

char *client_make_path(const Client *client, const char *base, const char *name) {
        if (!string_equal(client->program, "snap")) {
                autofree char *escaped = client_escape(name);
                return string_format("%s/%s", base, escaped);
        }
        autofree char *whole = string_format("%s/%s", base, name);
        autofree char *clean = client_clean_path(whole);
        return escape_but(clean, "-._~$&+,/:;=@");
}
