/* SPDX-License-Identifier: Apache-2.0
 *
 * The order in which services start: `after` and `before`, without a circle.
 */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "reader/snap-yaml.h"

static int check_reference(const json_t *manifest, const json_t *app, const char *name,
                           Error *err) {
        const json_t *other = json_object_get(json_object_get(manifest, "apps"), name);

        if (!other)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "before/after references a missing application \"%.100s\"", name);
        if (*json_get_string(other, "daemon", "") == '\0')
                return error_set(err, ERROR_BAD_REQUEST,
                                 "before/after references a non-service application \"%.100s\"",
                                 name);
        if (!string_equal(json_get_string(app, "daemon-scope", ""),
                          json_get_string(other, "daemon-scope", "")))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "before/after references service with different daemon-scope "
                                 "\"%.100s\"",
                                 name);
        return 0;
}

int manifest_check_app_order(const json_t *manifest, const json_t *app, Error *err) {
        static const char *const SIDES[] = { "after", "before" };

        for (size_t i = 0; i < ARRAY_COUNT(SIDES); i++) {
                const json_t *names = json_object_get(app, SIDES[i]);
                if (json_array_size(names) > 0 && *json_get_string(app, "daemon", "") == '\0')
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "must be a service to define before/after ordering");
                for (size_t j = 0; j < json_array_size(names); j++) {
                        const char *name = json_string_value(json_array_get(names, j));
                        if (check_reference(manifest, app, name, err) < 0)
                                return -1;
                }
        }
        return 0;
}

/* ---- circles: apps that wait for nobody are taken away until none is left ---- */

/* {app: {app it waits for: true}} */
static json_t *list_waits(json_t *apps) {
        json_t *waits = json_object();
        const char *name;
        json_t *app;

        json_object_foreach(apps, name, app) json_put(waits, name, json_object());
        json_object_foreach(apps, name, app) {
                const json_t *after = json_object_get(app, "after");
                const json_t *before = json_object_get(app, "before");
                for (size_t i = 0; i < json_array_size(after); i++)
                        json_put(json_object_get(waits, name),
                                 json_string_value(json_array_get(after, i)), json_true());
                for (size_t i = 0; i < json_array_size(before); i++)
                        json_put(json_object_get(waits,
                                                 json_string_value(json_array_get(before, i))),
                                 name, json_true());
        }
        return waits;
}

static bool is_waiting(json_t *waits, json_t *own) {
        const char *name;
        json_t *flag;

        json_object_foreach(own, name, flag) {
                if (json_object_get(waits, name))
                        return true;
        }
        return false;
}

static bool remove_ready(json_t *waits) {
        bool has_removed = false;
        const char *name;
        json_t *own;
        void *next;

        json_object_foreach_safe(waits, next, name, own) {
                if (is_waiting(waits, own))
                        continue;
                json_object_del(waits, name);
                has_removed = true;
        }
        return has_removed;
}

int manifest_check_order_cycles(const json_t *manifest, Error *err) {
        autojson waits = list_waits(json_object_get(manifest, "apps"));
        autotext names = TEXT_INIT;
        const char *name;
        json_t *own;

        while (remove_ready(waits)) {
        }
        if (json_object_size(waits) == 0)
                return 0;
        json_object_foreach(waits, name, own)
                text_append_format(&names, "%s%s", names.length > 0 ? ", " : "", name);
        return error_set(err, ERROR_BAD_REQUEST,
                         "applications are part of a before/after cycle: %.200s", names.bytes);
}
