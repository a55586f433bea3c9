/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/envelope.h"

#include "base/json.h"

static const struct {
        int status;
        const char *reason;
} REASONS[] = {
        { 200, "OK" },
        { 201, "Created" },
        { 202, "Accepted" },
        { 301, "Moved Permanently" },
        { 400, "Bad Request" },
        { 401, "Unauthorized" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 413, "Request Entity Too Large" },
        { 414, "Request URI Too Long" },
        { 500, "Internal Server Error" },
        { 501, "Not Implemented" },
        { 503, "Service Unavailable" },
        { 507, "Insufficient Storage" },
};

const char *envelope_get_reason(int status) {
        for (size_t i = 0; i < ARRAY_COUNT(REASONS); i++)
                if (REASONS[i].status == status)
                        return REASONS[i].reason;
        return "Unknown";
}

json_t *envelope_new_error_with_status(const Error *why, int status) {
        const ErrorKindInfo *kind = error_kind_get_info(why->kind);
        json_t *result = json_object();
        json_t *envelope = json_object();

        /* A message cut in the middle of a character would not be JSON. */
        json_t *message = json_string(why->message);
        json_put(result, "message", message ? message : json_string("unprintable message"));
        json_put_string(result, "kind", kind->api_kind);
        json_put(envelope, "type", json_string("error"));
        json_put(envelope, "status-code", json_integer(status));
        json_put(envelope, "status", json_string(envelope_get_reason(status)));
        json_put(envelope, "result", result);
        return envelope;
}

json_t *envelope_new_error(const Error *why) {
        return envelope_new_error_with_status(why, error_kind_get_info(why->kind)->http_status);
}
