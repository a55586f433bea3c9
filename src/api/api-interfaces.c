/* SPDX-License-Identifier: Apache-2.0 */
#include "api/queue.h"
#include "api/resources.h"
#include "base/text.h"
#include "interface/connect-plan.h"
#include "interface/describe-connection.h"
#include "interface/describe-interface.h"
#include "interface/repository.h"

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

/* What a body asks for, checked. */
typedef struct Asked {
        bool is_connect;
        DisconnectRequest request;
} Asked;

static int parse_request(const json_t *body, Asked *ret, Error *err) {
        const char *action = json_get_string(body, "action", "");

        *ret = (Asked){ .is_connect = string_equal(action, "connect"),
                        .request.is_forgotten = json_get_bool(body, "forget", false) };
        if (!*action)
                return error_set(err, ERROR_BAD_REQUEST, "interface action not specified");
        if (!ret->is_connect && !string_equal(action, "disconnect"))
                return error_set(err, ERROR_BAD_REQUEST, "unsupported interface action: \"%.40s\"",
                                 action);
        if (parse_end(body, "plug", &ret->request.plug, err) < 0)
                return -1;
        return parse_end(body, "slot", &ret->request.slot, err);
}

int interfaces_plan(ApiCall *call, int64_t *ret_change, Error *err) {
        Database *database = call->api->database;
        Asked asked;

        if (parse_request(call->request->body, &asked, err) < 0)
                return -1;
        if (!asked.is_connect)
                return plan_disconnect(database, &asked.request, ret_change, err);
        return plan_connect(database, &asked.request.plug, &asked.request.slot, ret_change, err);
}

static int queue_request(ApiCall *call, const Asked *asked, int64_t *ret_change, Error *err) {
        const char *snaps[] = { asked->request.plug.snap, asked->request.slot.snap };
        const char *instances[ARRAY_COUNT(snaps)];
        size_t count = 0;

        for (size_t i = 0; i < ARRAY_COUNT(snaps); i++)
                if (*snaps[i] && !repository_is_system_name(snaps[i]))
                        instances[count++] = snaps[i];
        return queue_if_asked(
                call,
                &(QueueRequest){ .plan = interfaces_plan,
                                 .action = asked->is_connect ? "connect" : "disconnect",
                                 .instances = instances,
                                 .count = count },
                ret_change, err);
}

int interfaces_post(ApiCall *call, Error *err) {
        int64_t change = 0;
        Asked asked;

        if (parse_request(call->request->body, &asked, err) < 0)
                return -1;
        call_set_snap(call,
                      *asked.request.plug.snap ? asked.request.plug.snap : asked.request.slot.snap);
        int queued = queue_request(call, &asked, &change, err);
        if (queued < 0 || (queued == 0 && interfaces_plan(call, &change, err) < 0))
                return -1;
        return call_reply_change(call, change);
}
