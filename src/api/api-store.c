/* SPDX-License-Identifier: Apache-2.0
 *
 * What would come from a store or from assertions.  There is neither yet: each answer is the one
 * that a client gets from a device where there is nothing to find.
 */
#include "api/resources.h"
#include "base/text.h"

int find_get(ApiCall *call, Error *err) {
        const char *name = request_get_query(call->request, "name", "");
        const char *select = request_get_query(call->request, "select", "");

        if (*name) {
                call_set_snap(call, name);
                return error_set(err, ERROR_SNAP_NOT_FOUND, "snap not found");
        }
        /* What could be refreshed: nothing, as every package here is a local one. */
        if (string_equal(select, "refresh"))
                return call_reply_from(call, json_array(), "store");
        return error_set(err, ERROR_NOT_IMPLEMENTED,
                         "cannot search: this daemon has no store yet; install from a "
                         "file, with --dangerous");
}

int sections_get(ApiCall *call, Error *err) {
        (void)err;
        return call_reply(call, json_array());
}

/* Sorted. */
static const char *const ASSERTION_TYPES[] = {
        "account",
        "account-key",
        "account-key-request",
        "authority-delegation",
        "base-declaration",
        "device-session-request",
        "model",
        "preseed",
        "repair",
        "serial",
        "serial-request",
        "snap-build",
        "snap-declaration",
        "snap-developer",
        "snap-revision",
        "store",
        "system-user",
        "validation",
        "validation-set",
};

int assertions_get(ApiCall *call, Error *err) {
        json_t *types = json_array();

        (void)err;
        for (size_t i = 0; i < ARRAY_COUNT(ASSERTION_TYPES); i++)
                json_array_append_new(types, json_string(ASSERTION_TYPES[i]));
        return call_reply(call, json_pack("{s:o}", "types", types));
}

/* None of any type: a stream of nothing, whose length clients read from a header. */
int assertion_type_get(ApiCall *call, Error *err) {
        bool is_json = string_equal(request_get_query(call->request, "json", "false"), "true");
        bool is_known = false;

        for (size_t i = 0; i < ARRAY_COUNT(ASSERTION_TYPES); i++)
                is_known |= string_equal(ASSERTION_TYPES[i], call->variables[0]);
        if (!is_known)
                return error_set(err, ERROR_BAD_REQUEST, "invalid assert type: \"%.60s\"",
                                 call->variables[0]);
        if (is_json)
                return call_reply(call, json_array());
        request_reply_text(take(call->request),
                           json_pack("{s:s, s:s}", "Content-Type",
                                     "application/x.ubuntu.assertion; bundle=y",
                                     "X-Ubuntu-Assertions-Count", "0"),
                           "");
        call_free(call);
        return 0;
}

int model_get(ApiCall *call, Error *err) {
        call->error_value = json_string("model");
        return error_set(err, ERROR_ASSERTION_NOT_FOUND, "no model assertion yet");
}

int serial_get(ApiCall *call, Error *err) {
        call->error_value = json_string("serial");
        return error_set(err, ERROR_ASSERTION_NOT_FOUND, "no serial assertion yet");
}
