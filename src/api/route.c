/* SPDX-License-Identifier: Apache-2.0 */
#include "api/route.h"

#include <string.h>

#include "api/resources.h"
#include "base/text.h"

/* clang-format off */
#define GET(access, handler)  [ROUTE_GET] = { ACCESS_##access, handler }
#define POST(access, handler) [ROUTE_POST] = { ACCESS_##access, handler }
#define PUT(access, handler)  [ROUTE_PUT] = { ACCESS_##access, handler }

static const Route ROUTES[] = {
        { "/",                        { GET(OPEN, root_get) } },
        { "/v2/aliases",              { GET(OPEN, aliases_get) } },
        { "/v2/apps",                 { GET(OPEN, apps_get), POST(AUTH, apps_post) } },
        { "/v2/assertions",           { GET(OPEN, assertions_get) } },
        { "/v2/assertions/{type}",    { GET(OPEN, assertion_type_get) } },
        { "/v2/changes",              { GET(OPEN, changes_get) } },
        { "/v2/changes/{id}",         { GET(OPEN, change_get), POST(AUTH, change_post) } },
        { "/v2/connections",          { GET(OPEN, connections_get) } },
        { "/v2/debug",                { GET(OPEN, debug_get) } },
        { "/v2/find",                 { GET(OPEN, find_get) } },
        { "/v2/interfaces",           { GET(OPEN, interfaces_get), POST(AUTH, interfaces_post) } },
        { "/v2/model",                { GET(OPEN, model_get) } },
        { "/v2/model/serial",         { GET(OPEN, serial_get) } },
        { "/v2/notices",              { GET(OPEN, notices_get) } },
        { "/v2/pawl/explain/{name}",  { GET(OPEN, pawl_explain_get) } },
        { "/v2/pawl/interface-files", { GET(OPEN, pawl_interface_files_get) } },
        { "/v2/pawl/interfaces",      { GET(OPEN, pawl_interfaces_get) } },
        { "/v2/pawl/interfaces/{name}", { GET(OPEN, pawl_interface_get) } },
        { "/v2/pawl/policy/{name}",   { GET(OPEN, pawl_policy_get) } },
        { "/v2/pawl/verify",          { GET(ROOT, verify_get), POST(ROOT, verify_post) } },
        { "/v2/quotas",               { GET(OPEN, quotas_get) } },
        { "/v2/sections",             { GET(OPEN, sections_get) } },
        { "/v2/snapctl",              { POST(SNAP, snapctl_post) } },
        { "/v2/snaps",                { GET(OPEN, snaps_get), POST(AUTH, snaps_post) }, .takes_files = true },
        { "/v2/snaps/{name}",         { GET(OPEN, snap_get), POST(AUTH, snap_post) } },
        { "/v2/snaps/{name}/conf",    { GET(AUTH, snap_conf_get), PUT(AUTH, snap_conf_put) } },
        { "/v2/snapshots",            { GET(OPEN, snapshots_get) } },
        { "/v2/system-info",          { GET(OPEN, system_get) } },
        { "/v2/warnings",             { GET(OPEN, warnings_get), POST(AUTH, warnings_post) } },
};
/* clang-format on */

static const char *const METHODS
        [ROUTE_METHOD_COUNT] = { [ROUTE_GET] = "GET", [ROUTE_POST] = "POST", [ROUTE_PUT] = "PUT" };

const Route *route_get_table(size_t *ret_count) {
        *ret_count = ARRAY_COUNT(ROUTES);
        return ROUTES;
}

/* One segment of each: "{…}" takes any that is not empty. */
static bool segment_matches(const char *pattern, const char *path) {
        size_t pattern_length = strcspn(pattern, "/"), length = strcspn(path, "/");

        if (*pattern == '{')
                return length > 0;
        return pattern_length == length && strncmp(pattern, path, length) == 0;
}

static bool path_matches(const char *pattern, const char *path) {
        while (*pattern == '/' && *path == '/') {
                pattern++;
                path++;
                if (!segment_matches(pattern, path))
                        return false;
                pattern += strcspn(pattern, "/");
                path += strcspn(path, "/");
        }
        return !*pattern && !*path;
}

int route_find(const char *method, const char *path, const Route **ret, RouteMethod *ret_method,
               Error *err) {
        const Route *route = NULL;

        for (size_t i = 0; i < ARRAY_COUNT(ROUTES) && !route; i++)
                if (path_matches(ROUTES[i].pattern, path))
                        route = &ROUTES[i];
        if (!route)
                return error_set(err, ERROR_NOT_FOUND, "not found");
        for (RouteMethod i = 0; i < ROUTE_METHOD_COUNT; i++)
                if (string_equal(METHODS[i], method) && route->methods[i].access != ACCESS_NONE) {
                        *ret = route;
                        *ret_method = i;
                        return 0;
                }
        return error_set(err, ERROR_METHOD, "method \"%.20s\" not allowed", method);
}

void route_get_variables(const Route *route, const char *path,
                         char *ret_variables[ROUTE_VARIABLE_MAX]) {
        const char *pattern = route->pattern;
        size_t count = 0;

        while (*pattern == '/' && *path == '/') {
                pattern++;
                path++;
                size_t length = strcspn(path, "/");
                if (*pattern == '{' && count < ROUTE_VARIABLE_MAX)
                        ret_variables[count++] = string_copy_length(path, length);
                pattern += strcspn(pattern, "/");
                path += length;
        }
}
