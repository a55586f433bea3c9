/* SPDX-License-Identifier: Apache-2.0
 *
 * /v2/pawl/verify, which is ours alone: GET compares the world with the state at once, without the
 * content of images; POST {"action":"verify"|"repair"} is a change that reads those too; "verify"
 * with "snaps": [NAME…] of these alone.
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
        const json_t *snaps = json_object_get(call->request->body, "snaps");
        bool is_repair = string_equal(action, "repair");
        int64_t change = 0;

        if (!is_repair && !string_equal(action, "verify"))
                return error_set(err, ERROR_BAD_REQUEST, "unknown action \"%.40s\"", action);
        if (snaps && (is_repair || !json_is_array(snaps)))
                return error_set(err, ERROR_BAD_REQUEST,
                                 is_repair ? "repair is of all snaps"
                                           : "\"snaps\" must be a list of names");
        if (is_repair && snap_repair(&context, err) < 0)
                return -1;
        if (plan_verify(&context, snaps, &change, err) < 0)
                return -1;
        return call_reply_change(call, change);
}
