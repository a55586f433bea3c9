/* SPDX-License-Identifier: Apache-2.0
 *
 * Plugs and slots: what a package would use and what it offers.
 */
#include <string.h>

#include "base/json.h"
#include "base/name.h"
#include "base/text.h"
#include "reader/snap-yaml.h"

/* Plugs times apps grows with the square of the text: this many names are enough for everybody. */
#define BINDING_COUNT_MAX 50000

static json_t *new_endpoint(const char *interface) {
        return json_pack("{s:s, s:s, s:{}, s:[], s:[]}", "interface", interface, "label", "",
                         "attrs", "apps", "hooks");
}

static int read_text_of(const Node *value, const char *what, const char *side, const char *name,
                        json_t **ret, Error *err) {
        if (value->type != NODE_SCALAR || node_read_scalar(value).type != SCALAR_TEXT)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "%s %s \"%.100s\" is not a string (found %s)", what, side, name,
                                 node_get_type_name(value));
        *ret = json_string(value->text);
        return 0;
}

/* One key of the long form: interface, label, or an attribute. */
static int read_key(const Node *key, const Node *value, const char *side, const char *name,
                    json_t *endpoint, Error *err) {
        json_t *result = NULL;

        if (node_read_scalar(key).type != SCALAR_TEXT)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "%s \"%.100s\" has attribute key that is not a string (found %s)",
                                 side, name, node_get_type_name(key));
        if (*key->text == '$')
                return error_set(err, ERROR_BAD_REQUEST,
                                 "%s \"%.100s\" uses reserved attribute \"%.100s\"", side, name,
                                 key->text);
        if (string_equal(key->text, "interface")) {
                if (read_text_of(value, "interface name on", side, name, &result, err) < 0)
                        return -1;
                json_put(endpoint, "interface", result);
                return 0;
        }
        if (string_equal(key->text, "label")) {
                if (read_text_of(value, "label of", side, name, &result, err) < 0)
                        return -1;
                json_put(endpoint, "label", result);
                return 0;
        }
        if (node_to_json(value, &result, err) < 0)
                return error_prefix(err, "attribute \"%.100s\" of %s \"%.100s\"", key->text, side,
                                    name);
        json_put(json_object_get(endpoint, "attrs"), key->text, result);
        return 0;
}

static int read_endpoint(const Node *value, const char *side, const char *name, json_t **ret,
                         Error *err) {
        if (node_is_null(value)) {
                *ret = new_endpoint(name);
                return 0;
        }
        if (value->type == NODE_SCALAR && node_read_scalar(value).type == SCALAR_TEXT) {
                *ret = new_endpoint(value->text);
                return 0;
        }
        if (value->type != NODE_MAP)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "%s \"%.100s\" has malformed definition (found %s)", side, name,
                                 node_get_type_name(value));
        autojson endpoint = new_endpoint(name);
        for (size_t i = 0; i + 1 < value->count; i += 2) {
                if (read_key(value->items[i], value->items[i + 1], side, name, endpoint, err) < 0)
                        return -1;
        }
        *ret = take(endpoint);
        return 0;
}

static int read_side(const Node *value, const Field *field, const char *side, json_t **ret,
                     Error *err) {
        autojson endpoints = json_object();

        if (field_require(value, NODE_MAP, field, err) < 0)
                return -1;
        for (size_t i = 0; i + 1 < value->count; i += 2) {
                const char *name = value->items[i]->text;
                json_t *endpoint = NULL;
                if (read_endpoint(value->items[i + 1], side, name, &endpoint, err) < 0)
                        return -1;
                json_put(endpoints, name, endpoint);
        }
        *ret = take(endpoints);
        return 0;
}

int manifest_read_plugs(const Node *value, const Field *field, json_t **ret, Error *err) {
        return read_side(value, field, "plug", ret, err);
}

int manifest_read_slots(const Node *value, const Field *field, json_t **ret, Error *err) {
        return read_side(value, field, "slot", ret, err);
}

/* ---- binding ---- */

/* Which users (apps or hooks) an endpoint has. */
static void bind_named(json_t *endpoints, json_t *users, const char *user_key, const char *side) {
        const char *user_name;
        json_t *user;

        json_object_foreach(users, user_name, user) {
                const json_t *names = json_object_get(user, side);
                for (size_t i = 0; i < json_array_size(names); i++) {
                        const char *name = json_string_value(json_array_get(names, i));
                        json_t *endpoint = json_object_get(endpoints, name);
                        if (!endpoint) {
                                endpoint = new_endpoint(name);
                                json_put(endpoints, name, endpoint);
                        }
                        json_array_append_new(json_object_get(endpoint, user_key),
                                              json_string(user_name));
                }
        }
}

static json_t *list_keys(const json_t *object) {
        json_t *list = json_array();
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)(uintptr_t)object, key, value)
                json_array_append_new(list, json_string(key));
        return list;
}

/* One that nobody names is everybody's. */
static int bind_unnamed(json_t *endpoints, const json_t *manifest, Error *err) {
        size_t user_count = json_object_size(json_object_get(manifest, "apps")) +
                            json_object_size(json_object_get(manifest, "hooks"));
        size_t binding_count = 0;
        const char *name;
        json_t *endpoint;

        json_object_foreach(endpoints, name, endpoint) {
                if (json_array_size(json_object_get(endpoint, "apps")) > 0 ||
                    json_array_size(json_object_get(endpoint, "hooks")) > 0)
                        continue;
                binding_count += user_count;
                if (binding_count > BINDING_COUNT_MAX)
                        return error_set(err, ERROR_TOO_LARGE, "too many plugs and slots");
                json_put(endpoint, "apps", list_keys(json_object_get(manifest, "apps")));
                json_put(endpoint, "hooks", list_keys(json_object_get(manifest, "hooks")));
        }
        return 0;
}

static void drop_misnamed(json_t *endpoints, const char *side, json_t *bad) {
        void *next;
        const char *name;
        json_t *endpoint;

        json_object_foreach_safe(endpoints, next, name, endpoint) {
                const char *interface = json_get_string(endpoint, "interface", "");
                autofree char *reason = NULL;
                if (!name_is_hook(name))
                        reason = string_format("invalid %s name: \"%.100s\"", side, name);
                else if (!name_is_hook(interface))
                        reason = string_format("unknown interface \"%.100s\"", interface);
                if (!reason)
                        continue;
                json_put(bad, name, json_string(reason));
                json_object_del(endpoints, name);
        }
}

int manifest_bind_endpoints(json_t *manifest, Error *err) {
        static const char *const SIDES[][2] = { { "plugs", "plug" }, { "slots", "slot" } };
        json_t *bad = json_object();

        json_put(manifest, "bad-interfaces", bad);
        for (size_t i = 0; i < ARRAY_COUNT(SIDES); i++) {
                json_t *endpoints = json_object_get(manifest, SIDES[i][0]);
                bind_named(endpoints, json_object_get(manifest, "apps"), "apps", SIDES[i][0]);
                bind_named(endpoints, json_object_get(manifest, "hooks"), "hooks", SIDES[i][0]);
                if (bind_unnamed(endpoints, manifest, err) < 0)
                        return -1;
                drop_misnamed(endpoints, SIDES[i][1], bad);
        }
        return 0;
}

int manifest_check_endpoints(const json_t *manifest, Error *err) {
        const json_t *slots = json_object_get(manifest, "slots");
        const char *name;
        json_t *plug;

        json_object_foreach(json_object_get(manifest, "plugs"), name, plug) {
                if (json_object_get(slots, name))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "cannot have plug and slot with the same name: \"%s\"",
                                         name);
        }
        return 0;
}
