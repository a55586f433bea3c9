/* SPDX-License-Identifier: Apache-2.0
 *
 * Small sections: links of the project, accounts the package wants, components it has.
 */
#include <string.h>

#include "base/json.h"
#include "base/name.h"
#include "base/text.h"
#include "reader/snap-yaml.h"

/* ---- links ---- */

int manifest_read_links(const Node *value, const Field *field, json_t **ret, Error *err) {
        autojson links = json_object();

        if (field_require(value, NODE_MAP, field, err) < 0)
                return -1;
        for (size_t i = 0; i + 1 < value->count; i += 2) {
                const Node *key = value->items[i];
                json_t *list = NULL;
                if (key->length == 0)
                        return error_set(err, ERROR_BAD_REQUEST, "links key cannot be empty");
                if (!name_is_link(key->text))
                        return error_set(err, ERROR_BAD_REQUEST, "links key is invalid: %.100s",
                                         key->text);
                Field one = { .name = key->text };
                if (field_read_text_list(value->items[i + 1], &one, &list, err) < 0)
                        return -1;
                json_put(links, key->text, list);
        }
        *ret = take(links);
        return 0;
}

static bool is_mail_address(const char *text) {
        const char *at = strchr(text, '@');

        return at && at > text && at[1] != '\0' && !strchr(at + 1, '@') &&
               !strpbrk(text, " \t\n<>");
}

static int check_link(const char *key, const char *link, Error *err) {
        size_t scheme = strspn(link, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+.-"
                                     "0123456789");

        if (*link == '\0')
                return error_set(err, ERROR_BAD_REQUEST, "empty \"%s\" link", key);
        if (string_has_prefix(link, "http:") || string_has_prefix(link, "https:"))
                return 0;
        bool is_mail = string_has_prefix(link, "mailto:");
        if (!is_mail && scheme > 0 && link[scheme] == ':')
                return error_set(err, ERROR_BAD_REQUEST,
                                 "\"%s\" link must have one of http|https schemes or it must be an "
                                 "email address: \"%.200s\"",
                                 key, link);
        const char *address = is_mail ? link + strlen("mailto:") : link;
        if (!is_mail_address(address))
                return error_set(err, ERROR_BAD_REQUEST, "invalid \"%s\" email address \"%.200s\"",
                                 key, address);
        return 0;
}

int manifest_check_links(const json_t *manifest, Error *err) {
        const char *key;
        json_t *list;

        json_object_foreach(json_object_get(manifest, "links"), key, list) {
                if (json_array_size(list) == 0)
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "\"%.100s\" links cannot be specified and empty", key);
                for (size_t i = 0; i < json_array_size(list); i++) {
                        const char *link = json_string_value(json_array_get(list, i));
                        if (check_link(key, link, err) < 0)
                                return -1;
                }
        }
        return 0;
}

/* ---- system-usernames ---- */

static int read_username(const Node *name, const Node *value, json_t **ret, Error *err) {
        const Node *scope = value;

        if (!node_is_null(value) && value->type == NODE_MAP)
                scope = node_find(value, "scope");
        else if (value->type != NODE_SCALAR)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "system username \"%.100s\" has malformed definition (found %s)",
                                 name->text, node_get_type_name(value));
        if (node_is_null(scope))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "system username \"%.100s\" does not specify a scope", name->text);
        if (scope->type != NODE_SCALAR)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "scope on system username \"%.100s\" is not a string (found %s)",
                                 name->text, node_get_type_name(scope));
        *ret = json_pack("{s:s}", "scope", scope->text);
        return 0;
}

int manifest_read_usernames(const Node *value, const Field *field, json_t **ret, Error *err) {
        autojson names = json_object();

        if (field_require(value, NODE_MAP, field, err) < 0)
                return -1;
        for (size_t i = 0; i + 1 < value->count; i += 2) {
                json_t *user = NULL;
                if (read_username(value->items[i], value->items[i + 1], &user, err) < 0)
                        return -1;
                json_put(names, value->items[i]->text, user);
        }
        *ret = take(names);
        return 0;
}

int manifest_check_usernames(const json_t *manifest, Error *err) {
        const char *name;
        json_t *user;

        json_object_foreach(json_object_get(manifest, "system-usernames"), name, user) {
                if (!name_is_system_user(name))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "invalid system username \"%.100s\"", name);
        }
        return 0;
}

/* ---- components ---- */

static const Field COMPONENT_FIELDS[] = {
        { "type", field_read_text },
        { "summary", field_read_text },
        { "description", field_read_text },
        { "hooks", manifest_read_hooks },
};

int manifest_read_components(const Node *value, const Field *field, json_t **ret, Error *err) {
        static const char *const TYPES[] = { "test", "standard", "kernel-modules" };
        autojson components = json_object();

        if (field_require(value, NODE_MAP, field, err) < 0)
                return -1;
        for (size_t i = 0; i + 1 < value->count; i += 2) {
                const char *name = value->items[i]->text;
                const Node *body = value->items[i + 1];
                autojson component = json_object();
                bool is_known = false;
                if (field_require(body, NODE_MAP, field, err) < 0 ||
                    field_read_all(COMPONENT_FIELDS, ARRAY_COUNT(COMPONENT_FIELDS), body, component,
                                   err) < 0)
                        return -1;
                const char *type = json_get_string(component, "type", "");
                for (size_t j = 0; j < ARRAY_COUNT(TYPES); j++)
                        is_known |= string_equal(type, TYPES[j]);
                if (!name_is_snap(name))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "invalid component name: \"%.100s\"", name);
                if (!is_known)
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "unknown component type \"%.100s\"", type);
                json_put(components, name, take(component));
        }
        *ret = take(components);
        return 0;
}
