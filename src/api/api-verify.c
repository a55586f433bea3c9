/* SPDX-License-Identifier: Apache-2.0
 *
 * /v2/pawl/verify, which is ours alone: GET compares the world with the state at once, without the
 * content of images; POST {"action":"verify"|"repair"} is a change that reads those too.
 */
#include "api/resources.h"
#include "base/text.h"
#include "snap/snap-verify.h"

int verify_get(ApiCall *call, Error *err) {
        json_t *findings = NULL;

        if (snap_verify(call->api->places, call->api->database, &findings, err) < 0)
                return -1;
        return call_reply(call, findings);
}

int verify_post(ApiCall *call, Error *err) {
        const PlanContext context = { .database = call->api->database,
                                      .places = call->api->places };
        const char *action = json_get_string(call->request->body, "action", "");
        bool is_repair = string_equal(action, "repair");
        int64_t change = 0;

        if (!is_repair && !string_equal(action, "verify"))
                return error_set(err, ERROR_BAD_REQUEST, "unknown action \"%.40s\"", action);
        if (is_repair && snap_repair(&context, err) < 0)
                return -1;
        if (plan_verify(&context, &change, err) < 0)
                return -1;
        return call_reply_change(call, change);
}
