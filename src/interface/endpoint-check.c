/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/endpoint-check.h"

#include <string.h>

#include "base/text.h"
#include "interface/interface-kind.h"

#define PATH_COUNT_MAX 64 /* of one attribute */

/* Clean, without what a policy language could take for a pattern. */
static bool is_clean(const char *path) {
        if (strpbrk(path, "*?[]{}^\"\\\n\t~,") || strlen(path) > 1000)
                return false;
        for (const char *part = path; *part; part += *part == '/') {
                size_t length = strcspn(part, "/");

                if (length == 0 || (length == 1 && part[0] == '.') ||
                    (length == 2 && part[0] == '.' && part[1] == '.'))
                        return false;
                part += length;
                if (*part && !part[1])
                        return false; /* "/" at the end */
        }
        return true;
}

bool share_path_parse(const char *path, SharePlace *ret_place, const char **ret_below) {
        static const struct {
                const char *variable;
                SharePlace place;
        } places[] = {
                { "$SNAP_DATA", SHARE_PLACE_DATA },
                { "$SNAP_COMMON", SHARE_PLACE_COMMON },
                { "$SNAP", SHARE_PLACE_SNAP },
        };

        for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
                size_t length = strlen(places[i].variable);
                if (strncmp(path, places[i].variable, length) != 0 ||
                    (path[length] && path[length] != '/'))
                        continue;
                *ret_place = places[i].place;
                *ret_below = path + length + (path[length] == '/');
                return is_clean(*ret_below);
        }
        *ret_place = SHARE_PLACE_SNAP;
        *ret_below = path + (*path == '/');
        return **ret_below && !strchr(path, '$') && is_clean(*ret_below);
}

static bool is_share_path(const char *path) {
        SharePlace place;
        const char *below;

        return share_path_parse(path, &place, &below);
}

static bool is_home_path(const char *path) {
        return string_has_prefix(path, "$HOME/") && !strchr(path + 1, '$') && path[6] &&
               is_clean(path + 6);
}

static bool is_system_path(const char *path) {
        return path[0] == '/' && path[1] && !strchr(path, '$') && is_clean(path + 1);
}

static bool is_list(const json_t *value, bool (*is_right)(const char *)) {
        json_t *entry;
        size_t i;

        if (!json_is_array(value) || json_array_size(value) > PATH_COUNT_MAX)
                return false;
        json_array_foreach((json_t *)(uintptr_t)value, i,
                           entry) if (!json_is_string(entry) ||
                                      !is_right(json_string_value(entry))) return false;
        return true;
}

static bool is_source(const json_t *value) {
        const char *key;
        json_t *part;

        if (!json_is_object(value) || json_object_size(value) == 0)
                return false;
        json_object_foreach((json_t *)(uintptr_t)value, key, part) {
                if (!string_equal(key, "read") && !string_equal(key, "write"))
                        return false;
                if (!is_list(part, is_share_path))
                        return false;
        }
        return true;
}

static bool is_choice(const InterfaceAttribute *attribute, const char *value) {
        for (const char *const *choice = attribute->choices; *choice; choice++)
                if (string_equal(*choice, value))
                        return true;
        return false;
}

static bool is_right(const InterfaceAttribute *attribute, const json_t *value) {
        const char *text = json_string_value(value);

        switch (attribute->type) {
        case ATTRIBUTE_TEXT:
                return text != NULL;
        case ATTRIBUTE_CHOICE:
                return text && is_choice(attribute, text);
        case ATTRIBUTE_HOME_PATHS:
                return is_list(value, is_home_path);
        case ATTRIBUTE_SYSTEM_PATHS:
                return is_list(value, is_system_path);
        case ATTRIBUTE_SHARE_PATH:
                return text && is_share_path(text);
        case ATTRIBUTE_SHARE_PATHS:
                return is_list(value, is_share_path);
        case ATTRIBUTE_SHARE_SOURCE:
                return is_source(value);
        case ATTRIBUTE_TYPE_COUNT:
                break;
        }
        return false;
}

static const char *get_rule(AttributeType type) {
        static const char *const rules[ATTRIBUTE_TYPE_COUNT] = {
                [ATTRIBUTE_TEXT] = "must be a text",
                [ATTRIBUTE_CHOICE] = "has a value that is not known",
                [ATTRIBUTE_HOME_PATHS] = "must be a list of clean paths that start with \"$HOME/\"",
                [ATTRIBUTE_SYSTEM_PATHS] =
                        "must be a list of clean absolute paths without variables",
                [ATTRIBUTE_SHARE_PATH] = "must be a clean path of the snap",
                [ATTRIBUTE_SHARE_PATHS] = "must be a list of clean paths of the snap",
                [ATTRIBUTE_SHARE_SOURCE] = "must have lists of clean paths, read or write",
        };

        return (unsigned)type < ATTRIBUTE_TYPE_COUNT ? rules[type] : "is of no known type";
}

static int check_attribute(const InterfaceSide *side, const InterfaceAttribute *attribute,
                           const json_t *attributes, Error *err) {
        const json_t *value = json_object_get(attributes, attribute->name);

        if (!value && !attribute->is_required)
                return 0;
        if (value && is_right(attribute, value))
                return 0;
        if (attribute->message)
                return error_set(err, ERROR_BAD_REQUEST, "%s%s", side->message_prefix,
                                 attribute->message);
        return error_set(err, ERROR_BAD_REQUEST, "%s\"%s\" %s", side->message_prefix,
                         attribute->name, get_rule(attribute->type));
}

static int check_presence(const InterfaceSide *side, const json_t *attributes, Error *err) {
        const char *const *name = side->requires_one_of;

        if (!name)
                return 0;
        for (; *name; name++) {
                const json_t *value = json_object_get(attributes, *name);
                if (json_array_size(value) > 0 || json_object_size(value) > 0)
                        return 0;
        }
        return error_set(err, ERROR_BAD_REQUEST, "%s%s", side->message_prefix,
                         side->requires_message);
}

int endpoint_check(bool is_plug, const char *interface, const json_t *attributes, Error *err) {
        const InterfaceKind *kind = interface_kind_find(interface);

        if (!kind)
                return error_set(err, ERROR_BAD_REQUEST, "unknown interface \"%.60s\"", interface);
        const InterfaceSide *side = is_plug ? &kind->plug : &kind->slot;
        for (const InterfaceAttribute *a = side->attributes; a->name; a++)
                if (check_attribute(side, a, attributes, err) < 0)
                        return -1;
        return check_presence(side, attributes, err);
}

char *endpoint_fault(const char *const *arguments) {
        Error err = ERROR_INIT;
        autojson attributes = NULL;

        if (!arguments[0] || !arguments[1] || !arguments[2])
                return string_copy("incomplete");
        if (json_parse(arguments[2], strlen(arguments[2]), &attributes, &err) < 0 ||
            endpoint_check(string_equal(arguments[0], "plug"), arguments[1], attributes, &err) < 0)
                return string_copy(err.message);
        return NULL;
}
