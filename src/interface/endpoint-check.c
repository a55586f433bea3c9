/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/endpoint-check.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

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

static bool is_value(const json_t *value, const char *wanted) {
        autojson other = json_loads(wanted, JSON_DECODE_ANY, NULL);

        return other && json_equal(value, other);
}

static bool is_text(const char *text) {
        (void)text;
        return true;
}

static bool is_device_path(const char *path) {
        return string_has_prefix(path, "/dev/") && is_system_path(path);
}

/* As the bus has it (well-known, two parts at least), and not with a number at the end that looks
 * like one of several instances. */
static bool is_dbus_name(const char *name) {
        size_t part = 0, parts = 1;

        for (const char *at = name; *at; at++) {
                bool is_digit = *at >= '0' && *at <= '9';
                bool is_letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                                 *at == '_' || *at == '-';
                if (*at == '.' && part > 0) {
                        part = 0;
                        parts++;
                        continue;
                }
                if (!is_letter && (!is_digit || part == 0))
                        return false;
                part++;
        }
        const char *dash = strrchr(name, '-');
        bool has_number = dash && dash[1] && strspn(dash + 1, "0123456789") == strlen(dash + 1);
        return part > 0 && parts > 1 && strlen(name) <= 255 && !has_number;
}

static bool matches(const char *pattern, const char *text) {
        autofree char *whole = string_format("^(%s)$", pattern);
        regex_t compiled;

        if (regcomp(&compiled, whole, REG_EXTENDED | REG_NOSUB) != 0)
                return false; /* a test compiles the patterns of all interfaces */
        bool is_match = regexec(&compiled, text, 0, NULL, 0) == 0;
        regfree(&compiled);
        return is_match;
}

typedef bool (*TextRule)(const char *);

static bool is_right_text(const InterfaceAttribute *attribute, TextRule rule, const json_t *value) {
        const char *text = json_string_value(value);

        return text && rule(text) && (!attribute->pattern || matches(attribute->pattern, text));
}

static bool is_list(const InterfaceAttribute *attribute, TextRule rule, const json_t *value) {
        if (!json_is_array(value) || json_array_size(value) > PATH_COUNT_MAX)
                return false;
        for (size_t i = 0; i < json_array_size(value); i++)
                if (!is_right_text(attribute, rule, json_array_get(value, i)))
                        return false;
        return true;
}

static bool is_source(const json_t *value) {
        static const InterfaceAttribute plain = { .name = "" };
        const char *key;
        json_t *part;

        if (!json_is_object(value) || json_object_size(value) == 0)
                return false;
        json_object_foreach((json_t *)(uintptr_t)value, key, part) {
                if (!string_equal(key, "read") && !string_equal(key, "write"))
                        return false;
                if (!is_list(&plain, is_share_path, part))
                        return false;
        }
        return true;
}

static bool is_choice(const InterfaceAttribute *attribute, const json_t *value) {
        const char *text = json_string_value(value);

        for (const char *const *choice = attribute->choices; text && *choice; choice++)
                if (string_equal(*choice, text))
                        return true;
        return false;
}

static bool are_choices(const InterfaceAttribute *attribute, const json_t *value) {
        if (!json_is_array(value) || json_array_size(value) > PATH_COUNT_MAX)
                return false;
        for (size_t i = 0; i < json_array_size(value); i++)
                if (!is_choice(attribute, json_array_get(value, i)))
                        return false;
        return true;
}

/* What is wrong with one of them is said by check_entries(). */
static bool are_entries(const InterfaceAttribute *attribute, const json_t *value) {
        (void)attribute;
        return json_is_array(value) && json_array_size(value) <= PATH_COUNT_MAX;
}

static const InterfaceAttribute *find_attribute(const InterfaceAttribute *attribute,
                                                const char *name) {
        for (; attribute && attribute->name; attribute++)
                if (string_equal(attribute->name, name))
                        return attribute;
        return NULL;
}

static bool is_int(const InterfaceAttribute *attribute, const json_t *value) {
        json_int_t number = json_integer_value(value);

        return json_is_integer(value) && number >= attribute->minimum &&
               number <= attribute->maximum;
}

/* A type is a rule for one text, for a list of them, or something else. */
typedef struct TypeRow {
        TextRule text;
        TextRule list;
        bool (*other)(const InterfaceAttribute *, const json_t *);
        const char *rule; /* for people */
} TypeRow;

static bool is_source_attribute(const InterfaceAttribute *attribute, const json_t *value) {
        (void)attribute;
        return is_source(value);
}

static bool is_bool(const InterfaceAttribute *attribute, const json_t *value) {
        (void)attribute;
        return json_is_boolean(value);
}

static bool is_any(const InterfaceAttribute *attribute, const json_t *value) {
        (void)attribute;
        return value != NULL;
}

static const TypeRow TYPES[ATTRIBUTE_TYPE_COUNT] = {
        [ATTRIBUTE_TEXT] = { .text = is_text, .rule = "must be a text" },
        [ATTRIBUTE_TEXTS] = { .list = is_text, .rule = "must be a list of texts" },
        [ATTRIBUTE_CHOICE] = { .other = is_choice, .rule = "has a value that is not known" },
        [ATTRIBUTE_CHOICES] = { .other = are_choices,
                                .rule = "must be a list of values that are known" },
        [ATTRIBUTE_BOOL] = { .other = is_bool, .rule = "must be true or false" },
        [ATTRIBUTE_INT] = { .other = is_int, .rule = "must be a number" },
        [ATTRIBUTE_PATH] = { .text = is_system_path, .rule = "must be a clean absolute path" },
        [ATTRIBUTE_PATHS] = { .list = is_system_path,
                              .rule = "must be a list of clean absolute paths" },
        [ATTRIBUTE_DEVICE] = { .text = is_device_path, .rule = "must be a device below /dev" },
        [ATTRIBUTE_DEVICES] = { .list = is_device_path,
                                .rule = "must be a list of devices below /dev" },
        [ATTRIBUTE_DBUS_NAME] = { .text = is_dbus_name,
                                  .rule = "must be a D-Bus name that does not end with a number" },
        [ATTRIBUTE_HOME_PATHS] = { .list = is_home_path,
                                   .rule = "must be a list of clean paths that start with "
                                           "\"$HOME/\"" },
        [ATTRIBUTE_SYSTEM_PATHS] = { .list = is_system_path,
                                     .rule = "must be a list of clean absolute paths without "
                                             "variables" },
        [ATTRIBUTE_SHARE_PATH] = { .text = is_share_path,
                                   .rule = "must be a clean path of the snap" },
        [ATTRIBUTE_SHARE_PATHS] = { .list = is_share_path,
                                    .rule = "must be a list of clean paths of the snap" },
        [ATTRIBUTE_SHARE_SOURCE] = { .other = is_source_attribute,
                                     .rule = "must have lists of clean paths, read or write" },
        [ATTRIBUTE_ENTRIES] = { .other = are_entries, .rule = "must be a list of mappings" },
        [ATTRIBUTE_ANY] = { .other = is_any, .rule = "is missing" },
};

static bool is_right(const InterfaceAttribute *attribute, const json_t *value) {
        const TypeRow *type = &TYPES[attribute->type];

        if (type->text)
                return is_right_text(attribute, type->text, value);
        return type->list ? is_list(attribute, type->list, value) : type->other(attribute, value);
}

/* A list or a mapping that says nothing. */
static bool is_empty(const json_t *value) {
        return !value || (json_is_array(value) && json_array_size(value) == 0) ||
               (json_is_object(value) && json_object_size(value) == 0);
}

/* ── rules between attributes ── */

static bool is_such(const InterfaceRule *rule, const json_t *value) {
        const char *text = json_string_value(value);

        if (rule->pattern)
                return text && matches(rule->pattern, text);
        return !rule->value || is_value(value, rule->value);
}

static bool rule_applies(const InterfaceRule *rule, const json_t *attributes) {
        const json_t *value = json_object_get(attributes, rule->attribute);

        if (!json_is_array(value))
                return value && is_such(rule, value);
        for (size_t i = 0; i < json_array_size(value); i++)
                if (is_such(rule, json_array_get(value, i)))
                        return true;
        return !rule->pattern && !rule->value;
}

static bool has_value(const json_t *values, const json_t *value) {
        for (size_t i = 0; i < json_array_size(values); i++)
                if (json_equal(json_array_get(values, i), value))
                        return true;
        return false;
}

/* What is there is one of what it may be; all of a list are. */
static bool is_within(const char *limits, const json_t *attributes) {
        autojson all = json_loads(limits, 0, NULL);
        const char *name;
        json_t *values;

        json_object_foreach(all, name, values) {
                const json_t *value = json_object_get(attributes, name);
                for (size_t i = 0; i < json_array_size(value); i++)
                        if (!has_value(values, json_array_get(value, i)))
                                return false;
                if (value && !json_is_array(value) && !has_value(values, value))
                        return false;
        }
        return true;
}

static bool is_kept(const InterfaceRule *rule, const json_t *attributes) {
        for (const char *const *name = rule->excludes; name && *name; name++)
                if (json_object_get(attributes, *name))
                        return false;
        for (const char *const *name = rule->needs; name && *name; name++)
                if (is_empty(json_object_get(attributes, *name)))
                        return false;
        return !rule->limits || is_within(rule->limits, attributes);
}

static int check_rules(const InterfaceRule *rule, const json_t *attributes, Error *err) {
        for (; rule && rule->attribute; rule++)
                if (rule_applies(rule, attributes) && !is_kept(rule, attributes))
                        return error_set(err, ERROR_BAD_REQUEST, "%s", rule->message);
        return 0;
}

const char *endpoint_must_be_alone(const InterfaceSide *side, const json_t *attributes) {
        for (const InterfaceRule *rule = side->rules; rule && rule->attribute; rule++)
                if (rule->is_alone && rule_applies(rule, attributes))
                        return rule->message;
        return NULL;
}

/* ── attributes ── */

static int check_attributes(const InterfaceAttribute *attribute, const json_t *attributes,
                            Error *err);

static int check_entry(const InterfaceAttribute *entries, const json_t *entry, Error *err) {
        const char *key;
        json_t *value;

        if (!json_is_object(entry))
                return error_set(err, ERROR_BAD_REQUEST, "must be a mapping");
        if (check_attributes(entries->fields, entry, err) < 0)
                return -1;
        json_object_foreach((json_t *)(uintptr_t)entry, key, value) {
                if (!find_attribute(entries->fields, key))
                        return error_set(err, ERROR_BAD_REQUEST, "unknown key \"%.60s\"", key);
        }
        return check_rules(entries->rules, entry, err);
}

static int check_entries(const InterfaceAttribute *entries, const json_t *value, Error *err) {
        for (size_t i = 0; i < json_array_size(value); i++)
                if (check_entry(entries, json_array_get(value, i), err) < 0)
                        return error_prefix(err, "\"%s\", entry %zu", entries->name, i + 1);
        return 0;
}

static int check_attribute(const InterfaceAttribute *attribute, const json_t *value, Error *err) {
        bool is_void = attribute->is_required && is_empty(value);

        if (!value && !attribute->is_required)
                return 0;
        if (!is_void && is_right(attribute, value))
                return attribute->type == ATTRIBUTE_ENTRIES ? check_entries(attribute, value, err)
                                                            : 0;
        if (attribute->message)
                return error_set(err, ERROR_BAD_REQUEST, "%s", attribute->message);
        return error_set(err, ERROR_BAD_REQUEST, "\"%s\" %s%s", attribute->name,
                         TYPES[attribute->type].rule,
                         value && is_void ? ", and not an empty one" : "");
}

static int check_attributes(const InterfaceAttribute *attribute, const json_t *attributes,
                            Error *err) {
        for (; attribute && attribute->name; attribute++)
                if (check_attribute(attribute, json_object_get(attributes, attribute->name), err) <
                    0)
                        return -1;
        return 0;
}

/* ── a side ── */

static int check_presence(const InterfaceSide *side, const json_t *attributes, Error *err) {
        const char *const *name = side->requires_one_of;

        if (!name)
                return 0;
        for (; *name; name++)
                if (!is_empty(json_object_get(attributes, *name)))
                        return 0;
        return error_set(err, ERROR_BAD_REQUEST, "%s", side->requires_message);
}

static int check_known(const InterfaceSide *side, const json_t *attributes, Error *err) {
        const char *key;
        json_t *value;

        json_object_foreach((json_t *)(uintptr_t)attributes, key, value) {
                if (!find_attribute(side->attributes, key))
                        return error_set(err, ERROR_BAD_REQUEST, "unknown attribute \"%.60s\"",
                                         key);
        }
        return 0;
}

static int check_side(const InterfaceSide *side, const json_t *attributes, size_t count,
                      Error *err) {
        if ((side->has_only_known && check_known(side, attributes, err) < 0) ||
            check_attributes(side->attributes, attributes, err) < 0 ||
            check_rules(side->rules, attributes, err) < 0 ||
            check_presence(side, attributes, err) < 0)
                return -1;
        const char *message = count > 1 ? endpoint_must_be_alone(side, attributes) : NULL;
        return message ? error_set(err, ERROR_BAD_REQUEST, "%s", message) : 0;
}

int endpoint_check_among(bool is_plug, const char *interface, const json_t *attributes,
                         size_t count, Error *err) {
        const InterfaceKind *kind = interface_kind_find(interface);
        Error fault = ERROR_INIT;

        if (!kind)
                return error_set(err, ERROR_BAD_REQUEST, "unknown interface \"%.60s\"", interface);
        const InterfaceSide *side = is_plug ? &kind->plug : &kind->slot;
        if (check_side(side, attributes, count, &fault) == 0)
                return 0;
        return error_set(err, ERROR_BAD_REQUEST, "%s%s", side->message_prefix, fault.message);
}

int endpoint_check(bool is_plug, const char *interface, const json_t *attributes, Error *err) {
        return endpoint_check_among(is_plug, interface, attributes, 1, err);
}

size_t endpoint_count(const json_t *manifest, const char *interface) {
        static const char *const sides[] = { "plugs", "slots" };
        const char *name;
        json_t *endpoint;
        size_t count = 0;

        for (size_t i = 0; i < ARRAY_COUNT(sides); i++) {
                json_object_foreach(json_object_get(manifest, sides[i]), name, endpoint) {
                        count += string_equal(json_get_string(endpoint, "interface", name),
                                              interface);
                }
        }
        return count;
}

char *endpoint_fault(const char *const *arguments) {
        Error err = ERROR_INIT;
        autojson attributes = NULL;

        for (size_t i = 0; i < 4; i++)
                if (!arguments[i])
                        return string_copy("incomplete");
        size_t count = strtoul(arguments[3], NULL, 10);
        if (json_parse(arguments[2], strlen(arguments[2]), &attributes, &err) < 0 ||
            endpoint_check_among(string_equal(arguments[0], "plug"), arguments[1], attributes,
                                 count, &err) < 0)
                return string_copy(err.message);
        return NULL;
}

static bool has_alone(const InterfaceSide *side) {
        for (const InterfaceRule *rule = side->rules; rule && rule->attribute; rule++)
                if (rule->is_alone)
                        return true;
        return false;
}

char *interface_has_alone(const char *const *arguments) {
        const InterfaceKind *kind = arguments[0] ? interface_kind_find(arguments[0]) : NULL;

        return kind && (has_alone(&kind->plug) || has_alone(&kind->slot)) ? string_copy("1") : NULL;
}
