/* SPDX-License-Identifier: Apache-2.0 */
#include "api/resources.h"
#include "base/text.h"
#include "interface/connect-plan.h"
#include "interface/describe-connection.h"
#include "interface/describe-interface.h"

int connections_get(ApiCall *call, Error *err) {
        const char *select = request_get_query(call->request, "select", "");
        ConnectionFilter filter = {
                .snap = request_get_query(call->request, "snap", ""),
                .interface = request_get_query(call->request, "interface", ""),
                .is_all = string_equal(select, "all"),
        };
        json_t *result = NULL;

        if (*select && !filter.is_all)
                return error_set(err, ERROR_BAD_REQUEST, "unsupported select qualifier");
        call_set_snap(call, filter.snap);
        if (describe_connections(call->api->database, &filter, &result, err) < 0)
                return -1;
        return call_reply(call, result);
}

/* As it was before there were kinds of questions: every plug and slot. */
static int reply_endpoints(ApiCall *call, Error *err) {
        const ConnectionFilter all = { .snap = "", .interface = "", .is_all = true };
        autojson result = json_object();
        json_t *list = NULL;

        if (describe_endpoints(call->api->database, true, &all, &list, err) < 0)
                return -1;
        json_put(result, "plugs", list);
        if (describe_endpoints(call->api->database, false, &all, &list, err) < 0)
                return -1;
        json_put(result, "slots", list);
        return call_reply(call, take(result));
}

static bool is_true(const ApiCall *call, const char *key) {
        return string_equal(request_get_query(call->request, key, ""), "true");
}

int interfaces_get(ApiCall *call, Error *err) {
        const char *select = request_get_query(call->request, "select", "");
        InterfaceFilter filter = {
                .names = request_get_query(call->request, "names", ""),
                .is_connected = string_equal(select, "connected"),
                .has_plugs = is_true(call, "plugs"),
                .has_slots = is_true(call, "slots"),
        };
        json_t *result = NULL;

        if (!*select)
                return reply_endpoints(call, err);
        if (!filter.is_connected && !string_equal(select, "all"))
                return error_set(err, ERROR_BAD_REQUEST, "unsupported select qualifier");
        if (describe_interfaces(call->api->database, &filter, &result, err) < 0)
                return -1;
        return call_reply(call, result);
}

/* --- connect and disconnect ------------------------------------------------------------------- */

static int parse_end(const json_t *body, const char *kind, EndpointRequest *ret, Error *err) {
        autofree char *key = string_format("%ss", kind);
        const json_t *list = json_object_get(body, key);

        if (json_array_size(list) > 1)
                return error_set(err, ERROR_NOT_IMPLEMENTED,
                                 "many-to-many operations are not implemented");
        if (json_array_size(list) == 0)
                return error_set(err, ERROR_BAD_REQUEST, "at least one plug and slot is required");
        const json_t *end = json_array_get(list, 0);
        *ret = (EndpointRequest){ .snap = json_get_string(end, "snap", ""),
                                  .name = json_get_string(end, kind, "") };
        return 0;
}

int interfaces_post(ApiCall *call, Error *err) {
        const json_t *body = call->request->body;
        const char *action = json_get_string(body, "action", "");
        bool is_connect = string_equal(action, "connect");
        DisconnectRequest request = { .is_forgotten = json_get_bool(body, "forget", false) };
        int64_t change = 0;

        if (!*action)
                return error_set(err, ERROR_BAD_REQUEST, "interface action not specified");
        if (!is_connect && !string_equal(action, "disconnect"))
                return error_set(err, ERROR_BAD_REQUEST, "unsupported interface action: \"%.40s\"",
                                 action);
        if (parse_end(body, "plug", &request.plug, err) < 0 ||
            parse_end(body, "slot", &request.slot, err) < 0)
                return -1;
        call_set_snap(call, *request.plug.snap ? request.plug.snap : request.slot.snap);
        Database *database = call->api->database;
        int outcome = is_connect
                              ? plan_connect(database, &request.plug, &request.slot, &change, err)
                              : plan_disconnect(database, &request, &change, err);
        return outcome < 0 ? -1 : call_reply_change(call, change);
}
