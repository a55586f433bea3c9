/* SPDX-License-Identifier: Apache-2.0 */
#include "api/resources.h"
#include "base/text.h"
#include "task/change.h"

static const struct {
        const char *name;
        ChangeSelect select;
} SELECTS[] = {
        { "in-progress", CHANGE_SELECT_IN_PROGRESS },
        { "ready", CHANGE_SELECT_READY },
        { "all", CHANGE_SELECT_ALL },
};

static int parse_select(const char *name, ChangeSelect *ret, Error *err) {
        for (size_t i = 0; i < ARRAY_COUNT(SELECTS); i++)
                if (string_equal(SELECTS[i].name, name)) {
                        *ret = SELECTS[i].select;
                        return 0;
                }
        return error_set(err, ERROR_BAD_REQUEST, "select should be one of: all,in-progress,ready");
}

int changes_get(ApiCall *call, Error *err) {
        const char *instance = request_get_query(call->request, "for", NULL);
        ChangeSelect select = CHANGE_SELECT_IN_PROGRESS;
        json_t *changes = NULL;

        if (parse_select(request_get_query(call->request, "select", "in-progress"), &select, err) <
                    0 ||
            change_list(call->api->database, select, instance && *instance ? instance : NULL,
                        &changes, err) < 0)
                return -1;
        return call_reply(call, changes);
}

static int require_change(ApiCall *call, int64_t *ret_change, json_t **ret, Error *err) {
        const char *id = call->variables[0];
        Error ignored = ERROR_INIT;
        int found = 0;

        /* An id that is not a number is simply not there. */
        if (string_parse_i64(id, ret_change, &ignored) == 0)
                found = change_describe(call->api->database, *ret_change, ret, err);
        if (found == 0)
                return error_set(err, ERROR_NOT_FOUND, "cannot find change with id \"%s\"", id);
        return found;
}

int change_get(ApiCall *call, Error *err) {
        autojson change = NULL;
        int64_t id = 0;

        if (require_change(call, &id, &change, err) < 0)
                return -1;
        /* Own parameter: who does not know it gets what the API has always said. */
        bool wants_timing = string_equal(request_get_query(call->request, "detail", ""), "timing");
        if (wants_timing && change_add_timing(call->api->database, change, err) < 0)
                return -1;
        if (call->api->runner)
                runner_overlay(call->api->runner, change);
        return call_reply(call, take(change));
}

static int abort_change(ApiCall *call, int64_t change, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;

        if (transaction_begin(call->api->database, &transaction, err) < 0 ||
            change_abort(call->api->database, change, err) < 0)
                return -1;
        return transaction_commit(&transaction, err);
}

int change_post(ApiCall *call, Error *err) {
        const char *action = json_get_string(call->request->body, "action", "");
        autojson change = NULL;
        json_t *after = NULL;
        int64_t id = 0;

        if (require_change(call, &id, &change, err) < 0)
                return -1;
        if (!string_equal(action, "abort"))
                return error_set(err, ERROR_BAD_REQUEST, "change action \"%s\" is unsupported",
                                 action);
        if (abort_change(call, id, err) < 0 || require_change(call, &id, &after, err) < 0)
                return -1;
        if (call->api->runner)
                runner_wake(call->api->runner);
        return call_reply(call, after);
}
