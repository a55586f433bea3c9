/* SPDX-License-Identifier: Apache-2.0
 *
 * ApiCall: one request on its way through api/, from the route table to its answer.  A handler gets
 * it by pointer and either fails (the dispatcher answers with the error) or hands it to exactly one
 * call_reply_*, now or later; that function ends the call.
 */
#pragma once

#include "api/access.h"
#include "api/api.h"

#define ROUTE_VARIABLE_MAX 2

typedef struct Route Route;

typedef struct ApiCall {
        Api *api;
        Request *request; /* owned */
        const Route *route;
        int method;
        char *variables[ROUTE_VARIABLE_MAX]; /* owned; what the path had at each {…} */
        char *snap;                          /* owned; what an error is about, or NULL */
        json_t *error_value;                 /* owned; `value` of an error result, or NULL */
} ApiCall;

/* Negative: failed, `call` is untouched.  0: answered, or will be; `call` is no longer the
 * caller's. */
typedef int ApiHandler(ApiCall *call, Error *err);

ApiCall *call_new(Api *api, Request *owned_request);
ApiCall *call_free(ApiCall *call);

/* Which snap an error of this call is about. */
void call_set_snap(ApiCall *call, const char *instance);

/* Each ends the call and returns 0, so that it can be a handler's last statement. */
int call_reply(ApiCall *owned_call, json_t *owned_result);
/* As call_reply with `sources`: [source]. */
int call_reply_from(ApiCall *owned_call, json_t *owned_result, const char *source);
/* 202; also wakes the runner. */
int call_reply_change(ApiCall *owned_call, int64_t change);
/* An error of HTTP status 200, as a program is told that it failed (/v2/snapctl). */
int call_reply_unsuccessful(ApiCall *owned_call, const char *message, json_t *owned_value);
int call_reply_error(ApiCall *owned_call, const Error *error);
