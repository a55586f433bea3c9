/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"
#include "api/resources.h"
#include "api/route.h"

/* What the authority is asked for. */
static const char MANAGE[] = "io.snapcraft.snapd.manage";
static const char MANAGE_INTERFACES[] = "io.snapcraft.snapd.manage-interfaces";

static const char *get_action(const Route *route) {
        return route->methods[ROUTE_POST].handler == interfaces_post ? MANAGE_INTERFACES : MANAGE;
}

static int deny(AccessVerdict verdict, Error *err) {
        return error_set(err,
                         verdict == ACCESS_UNAUTHORIZED ? ERROR_ACCESS_DENIED : ERROR_FORBIDDEN,
                         "access denied");
}

static void run_handler(ApiCall *owned_call) {
        ApiHandler *handler = owned_call->route->methods[owned_call->method].handler;
        Error err = ERROR_INIT;

        if (handler(owned_call, &err) < 0)
                call_reply_error(owned_call, &err);
}

static void take_verdict(void *context, AuthorityVerdict verdict) {
        ApiCall *call = context;
        Error err = ERROR_INIT;

        if (verdict == AUTHORITY_YES) {
                run_handler(call);
                return;
        }
        if (verdict == AUTHORITY_CANCELLED)
                error_set(&err, ERROR_FORBIDDEN, "cancelled");
        else
                deny(ACCESS_UNAUTHORIZED, &err);
        call_reply_error(call, &err);
}

void api_serve(Api *api, Request *owned_request) {
        ApiCall *call = call_new(api, owned_request);
        const Request *request = call->request;
        RouteMethod method = ROUTE_GET;
        Error err = ERROR_INIT;

        if (route_find(request->method, request->path, &call->route, &method, &err) < 0) {
                call_reply_error(call, &err);
                return;
        }
        call->method = (int)method;
        route_get_variables(call->route, request->path, call->variables);
        AccessVerdict verdict = access_check(call->route->methods[method].access, &request->peer);
        if (verdict == ACCESS_GRANTED) {
                run_handler(call);
        } else if (verdict == ACCESS_ASK) {
                api->authority->ask(&(AuthorityQuestion){ .peer = &request->peer,
                                                          .action = get_action(call->route),
                                                          .may_interact = request->may_interact },
                                    take_verdict, call);
        } else {
                deny(verdict, &err);
                call_reply_error(call, &err);
        }
}

/* A stranger's gigabyte is refused before it is sent.  Whom only the authority could let in may
 * not send files yet: it would be asked once a file, before anything is known of the request. */
int api_check_upload(const Peer *peer, const char *method, const char *path, Error *err) {
        const Route *route = NULL;
        RouteMethod found = ROUTE_GET;

        if (route_find(method, path, &route, &found, err) < 0)
                return -1;
        AccessVerdict verdict = access_check(route->methods[found].access, peer);
        if (verdict == ACCESS_ASK)
                verdict = ACCESS_UNAUTHORIZED;
        if (verdict != ACCESS_GRANTED)
                return deny(verdict, err);
        if (!route->takes_files || found != ROUTE_POST)
                return error_set(err, ERROR_BAD_REQUEST, "%s takes no files", route->pattern);
        return 0;
}
