/* SPDX-License-Identifier: Apache-2.0
 *
 * Route: a path of the API, and for each method who may use it and what answers.  The table in
 * route.c is the whole API.
 */
#pragma once

#include "api/access.h"
#include "api/call.h"

typedef enum RouteMethod {
        ROUTE_GET,
        ROUTE_POST,
        ROUTE_PUT,
        ROUTE_METHOD_COUNT
} RouteMethod;

struct Route {
        const char *pattern; /* "/v2/snaps/{name}": a variable is one whole segment */
        struct {
                Access access;
                ApiHandler *handler;
        } methods[ROUTE_METHOD_COUNT];
        bool takes_files; /* POST may be a form with files */
};

/* All of them, for the test that walks the table. */
const Route *route_get_table(size_t *ret_count);

/* Fails with ERROR_NOT_FOUND or ERROR_METHOD.  `ret_variables` are owned strings; NULL = not
 * wanted. */
int route_find(const char *method, const char *path, const Route **ret, RouteMethod *ret_method,
               Error *err);
/* What `path` has at each {…} of the route's pattern; NULL-filled beyond. */
void route_get_variables(const Route *route, const char *path,
                         char *ret_variables[ROUTE_VARIABLE_MAX]);
