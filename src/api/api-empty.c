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

/* A snap that was named has to be there, as where connections exist. */
int connections_get(ApiCall *call, Error *err) {
        const char *instance = request_get_query(call->request, "snap", "");
        int64_t one = 0;
        int found = 1;

        if (*instance)
                found = database_find_int(call->api->database, &one, err,
                                          "SELECT 1 FROM snap WHERE instance = ?", "s", instance);
        if (found < 0)
                return -1;
        if (found == 0) {
                call_set_snap(call, instance);
                return error_set(err, ERROR_SNAP_NOT_FOUND, "no snap named \"%.60s\" is installed",
                                 instance);
        }
        return call_reply(call, json_pack("{s:[], s:[], s:[]}", "established", "plugs", "slots"));
}

int interfaces_get(ApiCall *call, Error *err) {
        const char *select = request_get_query(call->request, "select", "");

        (void)err;
        if (*select)
                return call_reply(call, json_array());
        return call_reply(call, json_pack("{s:[], s:[]}", "plugs", "slots"));
}

/* A document without keys is {}; a key that is asked for is not there. */
int snap_conf_get(ApiCall *call, Error *err) {
        const char *keys = request_get_query(call->request, "keys", "");

        if (!*keys)
                return call_reply(call, json_object());
        call->error_value = json_pack("{s:s, s:s}", "SnapName", call->variables[0], "Key", keys);
        return error_set(err, ERROR_OPTION_NOT_FOUND,
                         "snap \"%.60s\" has no \"%.100s\" configuration option",
                         call->variables[0], keys);
}

int debug_get(ApiCall *call, Error *err) {
        const char *aspect = request_get_query(call->request, "aspect", "");

        if (string_equal(aspect, "seeding"))
                return call_reply(call, json_pack("{s:b}", "seeded", 1));
        return error_set(err, ERROR_BAD_REQUEST, "unknown debug aspect \"%.60s\"", aspect);
}
