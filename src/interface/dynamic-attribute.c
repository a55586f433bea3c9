/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/dynamic-attribute.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "interface/endpoint-check.h"
#include "interface/interface-kind.h"

#define PATH_DEPTH_MAX 8
#define NAME_SIZE_MAX  64
#define SAID_VALUE_MAX 60 /* of an attribute that the interface does not know */
#define SAID_SIZE_MAX  300

static const char NAME_BYTES[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

json_t *attributes_merge(const json_t *fixed, const json_t *dynamic) {
        json_t *all = fixed ? json_copy((json_t *)(uintptr_t)fixed) : json_object();
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)(uintptr_t)dynamic, key, value) {
                if (!json_object_get(all, key))
                        json_object_set(all, key, value);
        }
        return all;
}

int attributes_check_dynamic(bool is_plug, const char *interface, const json_t *dynamic,
                             Error *err) {
        const InterfaceKind *kind = interface_kind_find(interface);
        autojson policy = kind && is_plug ? json_loads(kind->policy, 0, NULL) : NULL;

        const char *alone =
                kind ? endpoint_must_be_alone(is_plug ? &kind->plug : &kind->slot, dynamic) : NULL;
        if (alone)
                return error_set(
                        err, ERROR_BAD_REQUEST,
                        "said in the package's snap.yaml or not at all, as its other plugs "
                        "and slots depend on it: %s",
                        alone);
        if (!policy || json_get_bool(json_object_get(policy, "plug"), "allow-installation", true))
                return 0;
        for (const InterfaceAttribute *a = kind->plug.attributes; a && a->name; a++)
                if (json_object_get(dynamic, a->name))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "\"%s\" of %s is said in the package's snap.yaml, where "
                                         "it can be looked at beforehand, and not by a hook",
                                         a->name, interface);
        return 0;
}

static bool is_known_to(const InterfaceKind *kind, bool is_plug, const char *name) {
        const InterfaceAttribute *a =
                kind ? (is_plug ? &kind->plug : &kind->slot)->attributes : NULL;

        for (; a && a->name; a++)
                if (string_equal(a->name, name))
                        return true;
        return false;
}

char *attributes_format_said(bool is_plug, const char *interface, const json_t *dynamic,
                             bool is_known) {
        const InterfaceKind *kind = interface_kind_find(interface);
        autotext text = TEXT_INIT;
        const char *name;
        json_t *value;

        json_object_foreach((json_t *)(uintptr_t)dynamic, name, value) {
                if (is_known_to(kind, is_plug, name) != is_known)
                        continue;
                char *told = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII);
                size_t shown =
                        is_known || strlen(told) <= SAID_VALUE_MAX ? strlen(told) : SAID_VALUE_MAX;
                text_append_format(&text, "%s%s=%.*s%s", text.length > 0 ? ", " : "", name,
                                   (int)shown, told, told[shown] ? "..." : "");
                free(told);
                /* Nothing that counts is hidden behind what does not. */
                if (!is_known && text.length > SAID_SIZE_MAX) {
                        text_append(&text, ", ...");
                        break;
                }
        }
        return text.length > 0 ? text_take(&text) : NULL;
}

char *merged_attributes(const char *const *arguments) {
        autojson fixed = NULL;
        autojson dynamic = NULL;
        Error ignored;

        for (size_t i = 0; i < 4; i++)
                if (!arguments[i])
                        return NULL;
        if (json_parse(arguments[2], strlen(arguments[2]), &fixed, &ignored) < 0 ||
            json_parse(arguments[3], strlen(arguments[3]), &dynamic, &ignored) < 0)
                return string_copy(arguments[2]);
        autojson all = attributes_merge(fixed, dynamic);
        bool is_plug = string_equal(arguments[0], "plug");
        if (attributes_check_dynamic(is_plug, arguments[1], dynamic, &ignored) < 0 ||
            endpoint_check(is_plug, arguments[1], all, &ignored) < 0)
                return string_copy(arguments[2]);
        return json_format(all);
}

/* --- both sides --- */

static int load_text(Database *database, const char *sql, const ConnectionName *name, char **ret,
                     Error *err) {
        return database_find_text(database, ret, err, sql, "ssss", name->plug_snap, name->plug,
                                  name->slot_snap, name->slot);
}

/* What is not live (any more) says nothing. */
static const char *const FIXED =
        "SELECT json_object('plug', json(coalesce((SELECT attributes FROM live_endpoint WHERE instance "
        "= ?1 AND side = 'plug' AND name = ?2), '{}')), 'slot', json(coalesce((SELECT attributes FROM "
        "live_endpoint WHERE instance = ?3 AND side = 'slot' AND name = ?4), '{}')))";
static const char *const CONNECTED =
        "SELECT json_object('plug', json(plug_attributes), 'slot', json(slot_attributes)) FROM "
        "connection WHERE plug_snap = ?1 AND plug = ?2 AND slot_snap = ?3 AND slot = ?4";

static int load_dynamic(Database *database, const ConnectionName *name, int64_t task, char **ret,
                        Error *err) {
        if (!task)
                return load_text(database, CONNECTED, name, ret, err);
        return database_find_text(
                database, ret, err,
                "SELECT json_object('plug', json(coalesce(data->'plug_dynamic', "
                "'{}')), 'slot', json(coalesce(data->'slot_dynamic', '{}'))) FROM "
                "task WHERE id = ? AND kind = 'connect'",
                "i", task);
}

static json_t *pack_side(const json_t *fixed, const json_t *dynamic, const char *side) {
        json_t *own = json_object_get(fixed, side), *set = json_object_get(dynamic, side);

        return json_pack("{s:o, s:o}", "fixed", own ? json_incref(own) : json_object(), "dynamic",
                         set ? json_incref(set) : json_object());
}

int attributes_load(Database *database, const ConnectionName *name, int64_t task, json_t **ret,
                    Error *err) {
        autofree char *fixed_text = NULL;
        autofree char *dynamic_text = NULL;
        autojson fixed = NULL;
        autojson dynamic = NULL;

        if (load_text(database, FIXED, name, &fixed_text, err) < 0 ||
            load_dynamic(database, name, task, &dynamic_text, err) < 0)
                return -1;
        const char *known = dynamic_text ? dynamic_text : "{}";
        if (json_parse(fixed_text, strlen(fixed_text), &fixed, err) < 0 ||
            json_parse(known, strlen(known), &dynamic, err) < 0)
                return -1;
        *ret = json_pack("{s:o, s:o}", "plug", pack_side(fixed, dynamic, "plug"), "slot",
                         pack_side(fixed, dynamic, "slot"));
        return 0;
}

/* --- one attribute --- */

/* The length of the next name of a path; 0 where it is none. */
static size_t measure_name(const char *path) {
        size_t length = strspn(path, NAME_BYTES);

        return length <= NAME_SIZE_MAX && (!path[length] || path[length] == '.') ? length : 0;
}

static int check_path(const char *path, Error *err) {
        const char *at = path;

        for (unsigned depth = 0; depth < PATH_DEPTH_MAX; depth++) {
                size_t length = measure_name(at);
                if (length == 0)
                        break;
                at += length;
                if (!*at)
                        return 0;
                at++;
        }
        return error_set(
                err, ERROR_BAD_REQUEST,
                "\"%.80s\" is no name of an attribute; write a or a.b, of letters, digits, "
                "\"-\" and \"_\"",
                path);
}

int attribute_find(const json_t *side, const char *path, const json_t **ret, Error *err) {
        autojson all =
                attributes_merge(json_object_get(side, "fixed"), json_object_get(side, "dynamic"));
        const json_t *value = all;

        if (check_path(path, err) < 0)
                return -1;
        while (value && *path) {
                size_t length = measure_name(path);
                autofree char *key = string_copy_length(path, length);
                value = json_object_get(value, key);
                path += length + (path[length] == '.');
        }
        *ret = value; /* of one of the two, which live on */
        return value != NULL;
}

/* Makes the mappings on the way, where it has something to put in. */
static void put_at(json_t *object, const char *path, json_t *owned_value) {
        size_t length = measure_name(path);
        autofree char *key = string_copy_length(path, length);

        if (path[length]) {
                json_t *inner = json_object_get(object, key);
                if (!json_is_object(inner) && !owned_value)
                        return;
                if (!json_is_object(inner))
                        json_object_set_new(object, key, inner = json_object());
                put_at(inner, path + length + 1, owned_value);
        } else if (owned_value) {
                json_object_set_new(object, key, owned_value);
        } else {
                (void)json_object_del(object, key);
        }
}

static int check_fixed(const json_t *side, const char *path, Error *err) {
        autofree char *first = string_copy_length(path, measure_name(path));

        if (!json_object_get(json_object_get(side, "fixed"), first))
                return 0;
        return error_set(
                err, ERROR_BAD_REQUEST,
                "attribute \"%s\" is said by the package's own snap.yaml and cannot be set", first);
}

static int check_size(const json_t *dynamic, Error *err) {
        autofree char *text = json_format(dynamic);

        if (strlen(text) <= DYNAMIC_ATTRIBUTES_SIZE_MAX)
                return 0;
        return error_set(err, ERROR_TOO_LARGE,
                         "more than %d bytes of attributes for one side of a connection",
                         DYNAMIC_ATTRIBUTES_SIZE_MAX);
}

static unsigned measure_depth(const json_t *value) {
        unsigned deepest = 0;
        const char *key;
        json_t *item;
        size_t i;

        if (!json_is_object(value) && !json_is_array(value))
                return 0;
        json_array_foreach(value, i, item) {
                unsigned depth = measure_depth(item);
                deepest = depth > deepest ? depth : deepest;
        }
        json_object_foreach((json_t *)(uintptr_t)value, key, item) {
                unsigned depth = measure_depth(item);
                deepest = depth > deepest ? depth : deepest;
        }
        return deepest + 1;
}

/* What lies deeper than JSON is read could be stored, but not be read again. */
static int check_depth(const json_t *dynamic, Error *err) {
        if (measure_depth(dynamic) <= DYNAMIC_ATTRIBUTES_DEPTH_MAX)
                return 0;
        return error_set(err, ERROR_TOO_LARGE, "attributes nested deeper than %d levels",
                         DYNAMIC_ATTRIBUTES_DEPTH_MAX);
}

/* As a text or a key of snap.yaml is. */
static bool is_clean(const json_t *value) {
        const char *key;
        json_t *item;
        size_t i;

        if (json_is_string(value))
                return string_is_clean_utf8(json_string_value(value), json_string_length(value));
        json_array_foreach(value, i, item) {
                if (!is_clean(item))
                        return false;
        }
        json_object_foreach((json_t *)(uintptr_t)value, key, item) {
                if (!string_is_clean_utf8(key, strlen(key)) || !is_clean(item))
                        return false;
        }
        return true;
}

static int check_value(const json_t *value, const char *path, Error *err) {
        if (is_clean(value))
                return 0;
        return error_set(err, ERROR_BAD_REQUEST,
                         "the value of \"%.80s\" has control characters, which attributes cannot "
                         "have",
                         path);
}

int attribute_set(json_t *side, const char *path, json_t *owned_value, Error *err) {
        autojson value = owned_value;
        autojson changed = json_deep_copy(json_object_get(side, "dynamic"));

        if (check_path(path, err) < 0 || check_fixed(side, path, err) < 0 ||
            check_value(value, path, err) < 0)
                return -1;
        put_at(changed, path, json_is_null(value) ? NULL : take(value));
        if (check_depth(changed, err) < 0 || check_size(changed, err) < 0)
                return -1;
        json_object_set(side, "dynamic", changed);
        return 0;
}
