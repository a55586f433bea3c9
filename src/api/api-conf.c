/* SPDX-License-Identifier: Apache-2.0
 *
 * Configuration (/v2/snaps/SNAP/conf): the system's own settings.  Packages have none yet.
 */
#include <string.h>

#include "api/resources.h"
#include "base/text.h"
#include "snap/plan.h"
#include "snap/setting.h"

/* Both names are the system's, to clients as to scripts. */
static bool is_system(const char *name) {
        return string_equal(name, "system") || string_equal(name, "core");
}

static int refuse_key(ApiCall *call, const char *name, const char *key, Error *err) {
        json_decref(call->error_value);
        call->error_value = json_pack("{s:s, s:s}", "SnapName", name, "Key", key);
        return error_set(err, ERROR_OPTION_NOT_FOUND,
                         "snap \"%.60s\" has no \"%.100s\" configuration option", name, key);
}

/* "a,b.c" of the document; each under the key as asked. */
static int pick(ApiCall *call, json_t *document, const char *keys, json_t **ret, Error *err) {
        autojson picked = json_object();

        for (const char *rest = keys; *rest; rest += *rest == ',') {
                size_t length = strcspn(rest, ",");
                autofree char *key = string_copy_length(rest, length);
                json_t *value = length ? setting_find_in(document, key) : NULL;
                rest += length;
                if (length && !value)
                        return refuse_key(call, "core", key, err);
                if (value)
                        json_put(picked, key, json_incref(value));
        }
        *ret = take(picked);
        return 0;
}

/* A document without keys is {}; a key that is asked for is not there. */
int snap_conf_get(ApiCall *call, Error *err) {
        const char *keys = request_get_query(call->request, "keys", "");
        autojson document = NULL;
        json_t *picked = NULL;

        if (!is_system(call->variables[0]))
                return *keys ? refuse_key(call, call->variables[0], keys, err)
                             : call_reply(call, json_object());
        if (setting_describe(call->api->database, &document, err) < 0)
                return -1;
        if (!*keys)
                return call_reply(call, take(document));
        if (pick(call, document, keys, &picked, err) < 0)
                return -1;
        return call_reply(call, picked);
}

static int refuse_package(ApiCall *call, const char *instance, Error *err) {
        int64_t one = 0;
        int found = database_find_int(call->api->database, &one, err,
                                      "SELECT 1 FROM snap WHERE instance = ?1 AND current IS NOT "
                                      "NULL",
                                      "s", instance);

        call_set_snap(call, instance);
        if (found == 0)
                return error_set(err, ERROR_SNAP_NOT_FOUND, "snap \"%.60s\" is not installed",
                                 instance);
        return found < 0 ? -1
                         : error_set(err, ERROR_NOT_IMPLEMENTED,
                                     "cannot configure snap \"%.60s\": this daemon has settings of "
                                     "the system only (\"system\")",
                                     instance);
}

int snap_conf_put(ApiCall *call, Error *err) {
        int64_t change = 0;

        if (!is_system(call->variables[0]))
                return refuse_package(call, call->variables[0], err);
        if (plan_set_settings(
                    &(PlanContext){ .database = call->api->database, .places = call->api->places },
                    call->request->body, &change, err) < 0)
                return -1;
        return call_reply_change(call, change);
}
