/* SPDX-License-Identifier: Apache-2.0 */
#include "front/request.h"

#include <fcntl.h>
#include <string.h>

#include "base/text.h"
#include "front/front-internal.h"

/* By number only: the connection or its process may have gone when the answer comes. */
typedef struct Origin {
        Front *front;
        uint64_t principal;
        uint64_t connection;
        uint64_t request;
} Origin;

static void request_free(Request *request) {
        if (!request)
                return;
        if (request->peer.pidfd >= 0)
                (void)close(request->peer.pidfd);
        free(request->method);
        free(request->path);
        json_decref(request->query);
        json_decref(request->headers);
        json_decref(request->body);
        for (size_t i = 0; i < request->file_count; i++) {
                free(request->files[i].filename);
                own_close_(&request->files[i].fd);
        }
        if (request->free_origin)
                request->free_origin(request->origin);
        free(request);
}
DEFINE_AUTOPTR(Request, request_free);

Request *request_new(Principal *principal, Connection *connection, const Message *message,
                     Error *err) {
        autoptr(Request) request = memory_new(sizeof(*request));
        Origin *origin = memory_new(sizeof(*origin));
        json_t *body = message->body;

        *origin = (Origin){
                .front = principal->front,
                .principal = principal->id,
                .connection = connection->number,
                .request = connection->request,
        };
        request->origin = origin;
        request->free_origin = free;
        request->peer = connection->peer;
        /* Its own, as the request may outlive the connection. */
        if (request->peer.pidfd >= 0)
                request->peer.pidfd = fcntl(request->peer.pidfd, F_DUPFD_CLOEXEC, 3);
        request->method = string_copy(message_get_method(message));
        request->path = string_copy(message_get_path(message));
        request->query = json_incref(json_object_get(message->head, "query"));
        request->headers = json_incref(json_object_get(message->head, "headers"));
        request->is_form = message->is_form;
        request->may_interact = message->may_interact;
        request->body = json_incref(message->is_form ? json_object_get(body, "fields") : body);
        if (connection_take_uploads(connection, message, request->files, &request->file_count,
                                    err) < 0)
                return NULL;
        return take(request);
}

const char *request_get_query(const Request *request, const char *key, const char *fallback) {
        const char *value =
                json_string_value(json_array_get(json_object_get(request->query, key), 0));

        return value ? value : fallback;
}

static json_t *new_head(int status, json_t *owned_headers) {
        json_t *head = json_object();

        json_put(head, "status", json_integer(status));
        json_put(head, "headers", owned_headers);
        return head;
}

static void reply(const Request *request, json_t *owned_head, const char *body, int owned_file) {
        const Origin *origin = request->origin;
        autojson head = owned_head;
        autofd int file = owned_file;
        Principal *principal = front_find_principal(origin->front, origin->principal);
        Connection *connection =
                principal ? principal_find_pending(principal, origin->connection, origin->request)
                          : NULL;

        if (connection)
                principal_send_reply(principal, connection, take(head), body, take_fd(file));
}

void request_reply_json(Request *owned_request, int status, json_t *owned_body) {
        autoptr(Request) request = owned_request;
        autojson body = owned_body;
        autofree char *text = json_format(body);
        json_t *headers = json_object();

        json_put(headers, "Content-Type", json_string("application/json"));
        reply(request, new_head(status, headers), text, -1);
}

/* The name goes into a header unquoted, as clients expect it: its last component, and only where
 * it is plain text. */
static void put_disposition(json_t *headers, const char *filename) {
        const char *slash = strrchr(filename, '/');
        const char *name = slash ? slash + 1 : filename;

        if (!string_is_clean_utf8(name, strlen(name)) || strpbrk(name, "\r\n\t"))
                return;
        json_put(headers, "Content-Disposition", json_sprintf("attachment; filename=%s", name));
}

void request_reply_file(Request *owned_request, int owned_fd, const char *content_type,
                        const char *filename) {
        autoptr(Request) request = owned_request;
        json_t *headers = json_object();

        json_put(headers, "Content-Type", json_string(content_type));
        if (filename)
                put_disposition(headers, filename);
        reply(request, new_head(200, headers), NULL, owned_fd);
}

void request_reply_text(Request *owned_request, json_t *owned_headers, const char *body) {
        autoptr(Request) request = owned_request;

        reply(request, new_head(200, owned_headers), body, -1);
}
