/* SPDX-License-Identifier: Apache-2.0 */
#include "api/answer.h"

#include "base/clock.h"
#include "wire/envelope.h"

static const struct {
        const char *kind, *message;
} STOPS[] = {
        { "daemon-restart", "daemon is restarting" },
        { "system-restart", "system is restarting" },
};

static const char *get_type(const Answer *answer) {
        if (answer->status == 200 && !answer->is_error)
                return "sync";
        return answer->status == 202 ? "async" : "error";
}

static void put_warnings(json_t *object, const Answer *answer) {
        char when[CLOCK_TEXT_SIZE];

        if (answer->warning_count == 0 || answer->status > 202)
                return;
        json_put_string(object, "warning-timestamp",
                        clock_format_rfc3339(answer->warning_at, when));
        json_put(object, "warning-count", json_integer(answer->warning_count));
}

static void put_maintenance(json_t *object, const char *stop_kind) {
        for (size_t i = 0; stop_kind && i < ARRAY_COUNT(STOPS); i++) {
                if (__builtin_strcmp(STOPS[i].kind, stop_kind) != 0)
                        continue;
                json_t *maintenance = json_object();
                json_put_string(maintenance, "kind", STOPS[i].kind);
                json_put_string(maintenance, "message", STOPS[i].message);
                json_put(object, "maintenance", maintenance);
        }
}

json_t *answer_format(Answer *answer) {
        json_t *object = json_object();

        json_put_string(object, "type", get_type(answer));
        json_put(object, "status-code", json_integer(answer->status));
        json_put_string(object, "status", envelope_get_reason(answer->status));
        json_put(object, "result", answer->result ? take(answer->result) : json_null());
        json_put_string(object, "change", answer->change);
        json_put(object, "sources", take(answer->sources));
        put_warnings(object, answer);
        put_maintenance(object, answer->stop_kind);
        return object;
}

json_t *answer_format_error_result(const Error *error, json_t *owned_value) {
        json_t *result = json_object();

        json_put_string(result, "message", error->message);
        json_put_string(result, "kind", error_kind_get_info(error->kind)->api_kind);
        json_put(result, "value", owned_value);
        return result;
}
