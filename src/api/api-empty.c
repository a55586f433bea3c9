/* SPDX-License-Identifier: Apache-2.0
 *
 * Resources of which this daemon has none yet, shown as the empty collections that they are.
 */
#include "api/resources.h"
#include "base/text.h"

int aliases_get(ApiCall *call, Error *err) {
        (void)err;
        return call_reply(call, json_object());
}

int quotas_get(ApiCall *call, Error *err) {
        (void)err;
        return call_reply(call, json_array());
}

int snapshots_get(ApiCall *call, Error *err) {
        (void)err;
        return call_reply(call, json_array());
}

int notices_get(ApiCall *call, Error *err) {
        (void)err;
        return call_reply(call, json_array());
}

int debug_get(ApiCall *call, Error *err) {
        const char *aspect = request_get_query(call->request, "aspect", "");

        if (string_equal(aspect, "seeding"))
                return call_reply(call, json_pack("{s:b}", "seeded", 1));
        return error_set(err, ERROR_BAD_REQUEST, "unknown debug aspect \"%.60s\"", aspect);
}
