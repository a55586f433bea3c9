/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call.h"

#include <inttypes.h>
#include <stdio.h>

#include "api/answer.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

ApiCall *call_new(Api *api, Request *owned_request) {
        ApiCall *call = memory_new(sizeof(*call));

        *call = (ApiCall){ .api = api, .request = owned_request };
        return call;
}

ApiCall *call_free(ApiCall *call) {
        if (!call)
                return NULL;
        for (size_t i = 0; i < ROUTE_VARIABLE_MAX; i++)
                free(call->variables[i]);
        free(call->snap);
        json_decref(call->error_value);
        free(call);
        return NULL;
}

void call_set_snap(ApiCall *call, const char *instance) {
        free(call->snap);
        call->snap = instance ? string_copy(instance) : NULL;
}

/* Warnings that nobody has seen lately; never a reason for an answer to fail. */
static void load_warnings(Api *api, Answer *answer) {
        static const char SQL[] =
                "SELECT count(*), coalesce(max(last_added), 0) FROM warning WHERE last_added + "
                "expire_after > ? AND (last_shown IS NULL OR last_shown + repeat_after < ?)";
        Error err = ERROR_INIT;
        autoquery query = QUERY_INIT;
        int64_t now = clock_get_wall();

        if (query_open(api->database, &query, &err, SQL, "ii", now, now) < 0 ||
            query_next(&query, &err) < 0) {
                log_warning("cannot count warnings: %s", err.message);
                return;
        }
        answer->warning_count = query_get_int(&query, 0);
        answer->warning_at = query_get_int(&query, 1);
}

static int send_envelope(ApiCall *owned_call, Answer *answer) {
        answer->stop_kind = owned_call->api->stop_kind;
        if (answer->status <= 202 && !answer->is_error)
                load_warnings(owned_call->api, answer);
        request_reply_json(take(owned_call->request), answer->status, answer_format(answer));
        call_free(owned_call);
        return 0;
}

int call_reply(ApiCall *owned_call, json_t *owned_result) {
        return send_envelope(owned_call, &(Answer){ .status = 200, .result = owned_result });
}

int call_reply_from(ApiCall *owned_call, json_t *owned_result, const char *source) {
        return send_envelope(owned_call, &(Answer){ .status = 200,
                                                    .result = owned_result,
                                                    .sources = json_pack("[s]", source) });
}

int call_reply_change(ApiCall *owned_call, int64_t change) {
        char id[24];

        (void)snprintf(id, sizeof(id), "%" PRId64, change);
        if (owned_call->api->runner)
                runner_wake(owned_call->api->runner);
        return send_envelope(owned_call, &(Answer){ .status = 202, .change = id });
}

/* What a client finds in `value` beside each kind of error. */
typedef enum ErrorValue {
        ERROR_VALUE_NONE,
        ERROR_VALUE_SNAP,
        ERROR_VALUE_EMPTY,
        ERROR_VALUE_CONFLICT
} ErrorValue;

static const ErrorValue ERROR_VALUES[ERROR_KIND_COUNT] = {
        [ERROR_CONFLICT] = ERROR_VALUE_CONFLICT,
        [ERROR_SNAP_NOT_FOUND] = ERROR_VALUE_SNAP,
        [ERROR_SNAP_NOT_INSTALLED] = ERROR_VALUE_SNAP,
        [ERROR_SNAP_ALREADY_INSTALLED] = ERROR_VALUE_SNAP,
        [ERROR_SNAP_LOCAL] = ERROR_VALUE_EMPTY,
        [ERROR_SNAP_NEEDS_DEVMODE] = ERROR_VALUE_SNAP,
        [ERROR_SNAP_NEEDS_CLASSIC] = ERROR_VALUE_SNAP,
        [ERROR_SNAP_NOT_CLASSIC] = ERROR_VALUE_SNAP,
        [ERROR_SNAP_NO_UPDATE] = ERROR_VALUE_EMPTY,
        [ERROR_SNAP_REVISION] = ERROR_VALUE_SNAP,
};

static json_t *format_conflict(ApiCall *call) {
        static const char SQL[] =
                "SELECT c.kind FROM change c JOIN change_snap s ON s.change = c.id "
                "WHERE s.instance = ? AND c.ready_at IS NULL ORDER BY c.id";
        Error ignored = ERROR_INIT;
        autofree char *kind = NULL;
        json_t *value = json_object();

        json_put_string(value, "snap-name", call->snap);
        if (call->snap &&
            database_find_text(call->api->database, &kind, &ignored, SQL, "s", call->snap) > 0)
                json_put_string(value, "change-kind", kind);
        return value;
}

static json_t *format_value(ApiCall *call, ErrorKind kind) {
        if (call->error_value)
                return take(call->error_value);
        switch (ERROR_VALUES[kind]) {
        case ERROR_VALUE_SNAP:
                return call->snap ? json_string(call->snap) : NULL;
        case ERROR_VALUE_EMPTY:
                return json_string("");
        case ERROR_VALUE_CONFLICT:
                return format_conflict(call);
        case ERROR_VALUE_NONE:
                break;
        }
        return NULL;
}

int call_reply_error(ApiCall *owned_call, const Error *error) {
        const ErrorKindInfo *kind = error_kind_get_info(error->kind);
        json_t *value = format_value(owned_call, error->kind);

        /* What is our fault; what we cannot do (501) or what the disk cannot is the client's news.
         */
        if (kind->http_status == 500)
                log_warning("%s %s: %s", owned_call->request->method, owned_call->request->path,
                            error->message);
        return send_envelope(owned_call,
                             &(Answer){ .status = kind->http_status,
                                        .result = answer_format_error_result(error, value) });
}

int call_reply_unsuccessful(ApiCall *owned_call, const char *message, json_t *owned_value) {
        json_t *result = json_object();

        json_put_string(result, "message", message);
        json_put_string(result, "kind", "unsuccessful");
        json_put(result, "value", owned_value);
        return send_envelope(owned_call,
                             &(Answer){ .status = 200, .is_error = true, .result = result });
}
