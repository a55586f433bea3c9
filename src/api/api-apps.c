/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "api/resources.h"
#include "base/text.h"
#include "snap/describe-snap.h"

/* "snap" or "snap.app" names this one? */
static bool name_matches(const char *name, size_t length, const json_t *app) {
        const char *snap = json_get_string(app, "snap", "");
        size_t snap_length = strlen(snap);

        if (length < snap_length || strncmp(name, snap, snap_length) != 0)
                return false;
        if (length == snap_length)
                return true;
        const char *app_name = json_get_string(app, "name", "");
        size_t rest = length - snap_length - 1;
        return name[snap_length] == '.' && strlen(app_name) == rest &&
               strncmp(name + snap_length + 1, app_name, rest) == 0;
}

/* Moves the apps that `name` means to `found`; how many those were. */
static size_t pick(const json_t *apps, const char *name, size_t length, json_t *found) {
        size_t i, count = 0;
        json_t *app;

        json_array_foreach(apps, i, app) if (name_matches(name, length, app)) {
                json_array_append(found, app);
                count++;
        }
        return count;
}

/* The first `length` bytes of `name` are SNAP or SNAP.APP. */
static int fail_not_found(ApiCall *call, const char *name, size_t length, Error *err) {
        size_t snap_length = strcspn(name, ".,");
        autofree char *snap = string_copy_length(name, snap_length);

        if (snap_length == length) {
                call_set_snap(call, snap);
                return error_set(err, ERROR_SNAP_NOT_FOUND, "snap \"%.60s\" not found", snap);
        }
        return error_set(err, ERROR_APP_NOT_FOUND, "snap \"%.60s\" has no app \"%.*s\"", snap,
                         (int)(length - snap_length - 1), name + snap_length + 1);
}

static int pick_all(ApiCall *call, const json_t *apps, const char *names, json_t *found,
                    Error *err) {
        for (const char *rest = names; *rest; rest += *rest == ',') {
                size_t length = strcspn(rest, ",");
                if (length > 0 && pick(apps, rest, length, found) == 0)
                        return fail_not_found(call, rest, length, err);
                rest += length;
        }
        return 0;
}

int apps_get(ApiCall *call, Error *err) {
        const char *names = request_get_query(call->request, "names", "");
        const char *select = request_get_query(call->request, "select", "");
        bool is_service = string_equal(select, "service");
        autojson apps = NULL;
        autojson found = NULL;

        if (*select && !is_service)
                return error_set(err, ERROR_BAD_REQUEST, "invalid select parameter: \"%.40s\"",
                                 select);
        if (describe_apps(call->api->database, NULL, is_service, &apps, err) < 0)
                return -1;
        if (!*names)
                return call_reply(call, take(apps));
        found = json_array();
        if (pick_all(call, apps, names, found, err) < 0)
                return -1;
        return call_reply(call, take(found));
}

/* Services are installed but nothing starts them yet; that is said, not pretended. */
int apps_post(ApiCall *call, Error *err) {
        const char *action = json_get_string(call->request->body, "action", "");
        const json_t *names = json_object_get(call->request->body, "names");
        static const char *const ACTIONS[] = { "start", "stop", "restart" };
        bool is_known = false;

        for (size_t i = 0; i < ARRAY_COUNT(ACTIONS); i++)
                is_known |= string_equal(ACTIONS[i], action);
        if (json_array_size(names) == 0)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot perform operation on services without a list of "
                                 "services to operate on");
        if (!is_known)
                return error_set(err, ERROR_BAD_REQUEST, "unknown action \"%.40s\"", action);
        return error_set(err, ERROR_NOT_IMPLEMENTED,
                         "cannot %s services: this daemon does not supervise services yet", action);
}
