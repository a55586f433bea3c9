/* SPDX-License-Identifier: Apache-2.0 */
#include "http/exchange.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "http/control.h"
#include "wire/envelope.h"

#define HEADER_VALUE_MAX 512
#define METHOD_MAX       32

Exchange *exchange_new(Server *server, Client *client, const char *raw_target) {
        Exchange *exchange = memory_new(sizeof(*exchange));

        exchange->server = server;
        exchange->client = client;
        exchange->number = ++server->last_request;
        exchange->form = FORM_INIT;
        /* One byte more than allowed, so that too long is still seen. */
        exchange->raw_target =
                string_copy_length(raw_target, strnlen(raw_target, TARGET_LENGTH_MAX + 1));
        return exchange;
}

void exchange_free(Exchange *exchange) {
        if (!exchange)
                return;
        free(exchange->raw_target);
        free(exchange->method);
        target_done(&exchange->target);
        json_decref(exchange->headers);
        form_done(&exchange->form);
        text_done(&exchange->body);
        if (exchange->response)
                MHD_destroy_response(exchange->response);
        free(exchange);
}

static void answer(Exchange *exchange, int status, struct MHD_Response *owned_response) {
        if (exchange->response)
                MHD_destroy_response(exchange->response);
        exchange->response = owned_response;
        exchange->status = status;
        exchange->state = EXCHANGE_ANSWERED;
        /* What was collected is of no use any more; a body that goes on is thrown away. */
        form_done(&exchange->form);
        text_done(&exchange->body);
}

static struct MHD_Response *new_response(const char *text) {
        struct MHD_Response *response = MHD_create_response_from_buffer(
                strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);

        if (!response)
                abort();
        return response;
}

static void refuse(Exchange *exchange, const Error *why, int status) {
        autojson envelope = envelope_new_error_with_status(why, status);
        autofree char *text = json_format(envelope);
        struct MHD_Response *response = new_response(text);

        (void)MHD_add_response_header(response, "Content-Type", "application/json");
        /* The daemon forgets files that it gave for this request when the connection ends. */
        if (exchange->has_asked)
                (void)MHD_add_response_header(response, "Connection", "close");
        answer(exchange, status, response);
}

static void refuse_as_kind(Exchange *exchange, const Error *why) {
        refuse(exchange, why, error_kind_get_info(why->kind)->http_status);
}

static void redirect(Exchange *exchange) {
        struct MHD_Response *response = new_response("");

        (void)MHD_add_response_header(response, "Location", exchange->target.location);
        answer(exchange, MHD_HTTP_MOVED_PERMANENTLY, response);
}

static const char *get_header(const Exchange *exchange, const char *name) {
        return MHD_lookup_connection_value(exchange->client->connection, MHD_HEADER_KIND, name);
}

/* The headers that the daemon wants to see; one that is no text is as good as absent. */
static json_t *collect_headers(const Exchange *exchange) {
        static const char *const NAMES[] = { "content-type", "range", "user-agent" };
        json_t *headers = json_object();

        for (size_t i = 0; i < ARRAY_COUNT(NAMES); i++) {
                const char *value = get_header(exchange, NAMES[i]);
                size_t length = value ? strlen(value) : 0;
                if (length > 0 && length <= HEADER_VALUE_MAX && string_is_clean_utf8(value, length))
                        json_put(headers, NAMES[i], json_string(value));
        }
        return headers;
}

/* The words that clients' bool parsers print and take. */
static bool is_true(const char *value) {
        static const char *const WORDS[] = { "1", "t", "T", "true", "TRUE", "True" };

        for (size_t i = 0; value && i < ARRAY_COUNT(WORDS); i++)
                if (string_equal(value, WORDS[i]))
                        return true;
        return false;
}

void exchange_begin(Exchange *exchange, const char *method) {
        static const char FORM_TYPE[] = "multipart/form-data";
        const char *type = get_header(exchange, "Content-Type");
        Error err = ERROR_INIT;

        exchange->state = EXCHANGE_READING;
        exchange->method = string_copy_length(method, strnlen(method, METHOD_MAX));
        if (!string_is_clean_utf8(exchange->method, strlen(exchange->method)))
                (void)error_set(&err, ERROR_BAD_REQUEST, "the method is not text");
        else if (target_parse(exchange->raw_target, &exchange->target, &err) == 0 &&
                 exchange->target.location)
                redirect(exchange);
        exchange->headers = collect_headers(exchange);
        exchange->may_interact = is_true(get_header(exchange, "X-Allow-Interaction"));
        if (err.message[0] == '\0' && exchange->state == EXCHANGE_READING && type &&
            strncasecmp(type, FORM_TYPE, sizeof(FORM_TYPE) - 1) == 0) {
                exchange->is_form = true;
                (void)form_init(&exchange->form, type, &err);
        }
        if (err.message[0])
                refuse(exchange, &err,
                       err.kind == ERROR_TOO_LARGE ? MHD_HTTP_URI_TOO_LONG : MHD_HTTP_BAD_REQUEST);
}

static json_t *new_head(const Exchange *exchange, const char *op) {
        json_t *head = json_object();

        json_put(head, "op", json_string(op));
        json_put(head, "connection", json_integer((json_int_t)exchange->client->number));
        json_put(head, "request", json_integer((json_int_t)exchange->number));
        json_put(head, "method", json_string(exchange->method));
        json_put(head, "path", json_string(exchange->target.path));
        return head;
}

static void ask_for_file(Exchange *exchange) {
        json_t *head = new_head(exchange, "upload");

        json_put(head, "filename", json_string(exchange->form.multipart.filename));
        exchange->state = EXCHANGE_ASKING;
        exchange->has_asked = true;
        control_send_upload(exchange->server, head);
}

static int feed_form(Exchange *exchange, const char *bytes, size_t *left, Error *err) {
        int outcome = form_feed(&exchange->form, &bytes, left, err);

        if (outcome == FORM_WANTS_FILE)
                ask_for_file(exchange);
        return outcome;
}

static int feed_plain(Exchange *exchange, const char *bytes, size_t *left, Error *err) {
        if (exchange->body.length + *left > HTTP_BODY_SIZE_MAX)
                return error_set(err, ERROR_TOO_LARGE, "request body larger than %d bytes",
                                 HTTP_BODY_SIZE_MAX);
        text_append_bytes(&exchange->body, bytes, *left);
        *left = 0;
        return 0;
}

void exchange_feed(Exchange *exchange, const char *bytes, size_t *left) {
        Error err = ERROR_INIT;
        int outcome = 0;

        if (exchange->state == EXCHANGE_ANSWERED)
                *left = 0;
        else if (exchange->is_form)
                outcome = feed_form(exchange, bytes, left, &err);
        else
                outcome = feed_plain(exchange, bytes, left, &err);
        if (outcome < 0) {
                *left = 0;
                refuse_as_kind(exchange, &err);
        }
}

/* The JSON that goes to the daemon, NULL for a request without a body. */
static int format_body(Exchange *exchange, char **ret, Error *err) {
        autojson body = NULL;

        if (exchange->is_form) {
                if (!exchange->form.is_complete)
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "multipart: the body ends before its last boundary");
                body = json_object();
                json_put(body, "fields", json_incref(exchange->form.fields));
                json_put(body, "files", json_incref(exchange->form.files));
        } else if (exchange->body.length > 0) {
                if (json_parse(exchange->body.bytes, exchange->body.length, &body, err) < 0)
                        return error_prefix(err, "cannot decode request body");
        }
        *ret = body ? json_format(body) : NULL;
        return 0;
}

void exchange_finish(Exchange *exchange) {
        Error err = ERROR_INIT;
        autofree char *body = NULL;

        if (exchange->state != EXCHANGE_READING)
                return;
        if (format_body(exchange, &body, &err) < 0) {
                refuse_as_kind(exchange, &err);
                return;
        }
        size_t length = body ? strlen(body) : 0;
        /* Numbers may grow when they are written again ("1e99"). */
        if (length > HTTP_BODY_REWRITTEN_SIZE_MAX) {
                (void)error_set(&err, ERROR_TOO_LARGE, "request body larger than %d bytes",
                                HTTP_BODY_REWRITTEN_SIZE_MAX);
                refuse_as_kind(exchange, &err);
                return;
        }
        json_t *head = new_head(exchange, "request");
        json_put(head, "query", json_incref(exchange->target.query));
        json_put(head, "headers", json_incref(exchange->headers));
        json_put(head, "interaction", json_boolean(exchange->may_interact));
        json_put(head, "form", json_boolean(exchange->is_form));
        exchange->state = EXCHANGE_WAITING;
        text_done(&exchange->body);
        control_send_request(exchange->server, head, body, length);
}

void exchange_take_file(Exchange *exchange, int owned_fd, uint64_t upload) {
        autofd int fd = owned_fd;

        if (exchange->state != EXCHANGE_ASKING)
                return;
        form_give_file(&exchange->form, take_fd(fd), upload);
        exchange->state = EXCHANGE_READING;
        MHD_resume_connection(exchange->client->connection);
}

void exchange_take_response(Exchange *exchange, int status, struct MHD_Response *owned_response) {
        if (!exchange_is_suspended(exchange)) {
                MHD_destroy_response(owned_response);
                return;
        }
        answer(exchange, status, owned_response);
        MHD_resume_connection(exchange->client->connection);
}
