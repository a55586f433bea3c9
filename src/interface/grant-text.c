/* SPDX-License-Identifier: Apache-2.0
 *
 * Variables in the texts of interfaces.  Values come from manifests: each use says which characters
 * it can bear, and a text whose value is another is left out rather than mended.
 */
#include <stdlib.h>
#include <string.h>

#include "interface/grant-internal.h"

#define TEXT_SIZE_MAX 4000

/* --- values --- */

static bool has_only(const char *value, const char *others) {
        for (; *value; value++) {
                bool is_plain = (*value >= 'a' && *value <= 'z') ||
                                (*value >= 'A' && *value <= 'Z') ||
                                (*value >= '0' && *value <= '9');
                if (!is_plain && !strchr(others, *value))
                        return false;
        }
        return true;
}

static bool has_parent(const char *value) {
        for (const char *at = strstr(value, ".."); at; at = strstr(at + 1, ".."))
                if ((at == value || at[-1] == '/') && (!at[2] || at[2] == '/'))
                        return true;
        return false;
}

static bool may_stand(const char *value, GrantUse use) {
        if (!string_is_clean_utf8(value, strlen(value)) || strpbrk(value, "\n\r\t"))
                return false;
        switch (use) {
        case GRANT_USE_PATH:
                return !strpbrk(value, "*?[]{}^\"\\,") && !has_parent(value);
        case GRANT_USE_WORD:
                return *value && has_only(value, "._:/@+-");
        case GRANT_USE_TEXT:
                return true;
        }
        return false;
}

/* "files.read" is the member read of the attribute files. */
static const json_t *find_attribute(const json_t *attributes, const char *name, size_t length) {
        while (attributes) {
                size_t part = strcspn(name, ".:)");
                autofree char *key = string_copy_length(name, part);

                attributes = json_object_get(attributes, key);
                if (part >= length || name[part] != '.')
                        return attributes;
                name += part + 1;
                length -= part + 1;
        }
        return NULL;
}

static const char *find_fallback(const InterfaceSide *side, const char *name, size_t length) {
        const char *colon = memchr(name, ':', length);

        length = colon ? (size_t)(colon - name) : length;
        for (const InterfaceAttribute *a = side->attributes; a && a->name; a++)
                if (strlen(a->name) == length && strncmp(a->name, name, length) == 0)
                        return a->fallback;
        return NULL;
}

/* --- one variable --- */

typedef struct Variable {
        const char *name; /* within the text: "PLUG(a)" */
        size_t length;
} Variable;

/* Where the next one is; names are as the build has checked them. */
static const char *find_variable(const char *text, Variable *ret) {
        const char *dollar = strchr(text, '$');

        if (!dollar)
                return NULL;
        ret->name = dollar + 1;
        ret->length = strspn(ret->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (ret->name[ret->length] == '(')
                ret->length += strcspn(ret->name + ret->length, ")") + 1;
        return dollar;
}

static bool variable_is(const Variable *variable, const char *name) {
        return strlen(name) == variable->length &&
               strncmp(variable->name, name, variable->length) == 0;
}

static const json_t *get_value(const GrantContext *context, const Variable *variable) {
        bool is_plug = string_has_prefix(variable->name, "PLUG(");

        if (!is_plug && !string_has_prefix(variable->name, "SLOT("))
                return NULL;
        return find_attribute(is_plug ? context->plug_attributes : context->slot_attributes,
                              variable->name + 5, variable->length - 6);
}

static char *format_label(const char *instance) {
        return *instance ? string_format("snap.%s.*", instance) : string_copy("unconfined");
}

static char *format_value(const json_t *value, size_t at) {
        if (json_is_array(value))
                value = json_array_get(value, at);
        if (json_is_integer(value))
                return string_format("%lld", (long long)json_integer_value(value));
        return json_is_string(value) ? string_copy(json_string_value(value)) : NULL;
}

/* "path:name" is the path's last part, "number:hex4" four hexadecimal digits; owned. */
static char *format_as(const Variable *variable, char *owned_value) {
        autofree char *value = owned_value;
        const char *colon = memchr(variable->name, ':', variable->length);

        if (!colon || !value)
                return take(value);
        if (string_has_prefix(colon, ":name")) {
                const char *slash = strrchr(value, '/');
                return string_copy(slash ? slash + 1 : value);
        }
        return string_format("%0*llx", colon[strlen(":hex")] - '0', strtoull(value, NULL, 10));
}

/* The name in it is of the snap whose attribute it is. */
static char *expand_fallback(const GrantContext *context, const char *fallback, bool is_own_side) {
        const char *instance = is_own_side ? context->instance : context->peer;

        if (string_equal(fallback, "$INSTANCE"))
                return string_copy(instance);
        if (string_equal(fallback, "$NAME"))
                return string_copy_length(instance, strcspn(instance, "_"));
        return string_copy(fallback);
}

/* Owned; NULL where there is no such value.  `ret_is_own` says that no package wrote it. */
static char *expand_variable(const GrantContext *context, const Variable *variable, size_t at,
                             bool *ret_is_own) {
        *ret_is_own = true;
        if (variable_is(variable, "HOME"))
                return string_copy("$HOME");
        if (variable_is(variable, "RUNTIME"))
                return string_copy("$RUNTIME");
        if (variable_is(variable, "NAME"))
                return string_copy(context->name);
        if (variable_is(variable, "INSTANCE"))
                return string_copy(context->instance);
        if (variable_is(variable, "OTHER"))
                return *context->peer ? string_copy(context->peer) : NULL;
        if (variable_is(variable, "SYSTEM"))
                return *context->peer ? NULL : string_copy("");
        if (variable_is(variable, "SELF"))
                return format_label(context->instance);
        if (variable_is(variable, "PEER"))
                return format_label(context->peer);
        *ret_is_own = false;
        const json_t *value = get_value(context, variable);
        if (value)
                return format_as(variable, format_value(value, at));
        bool is_plug = string_has_prefix(variable->name, "PLUG(");
        const char *fallback = find_fallback(is_plug ? &context->kind->plug : &context->kind->slot,
                                             variable->name + 5, variable->length - 6);
        if (!fallback)
                return NULL;
        *ret_is_own = true;
        return expand_fallback(context, fallback, is_plug == context->is_plug);
}

/* --- whole texts --- */

static char *expand_once(const GrantContext *context, const char *text, size_t at, GrantUse use) {
        autotext result = TEXT_INIT;
        Variable variable;
        const char *dollar;

        for (; (dollar = find_variable(text, &variable)); text = variable.name + variable.length) {
                bool is_own;
                autofree char *value = expand_variable(context, &variable, at, &is_own);
                if (!value ||
                    (!is_own && string_has_prefix(value, "$HOME/") && use != GRANT_USE_PATH))
                        return NULL;
                if (!is_own && (!may_stand(value, use) || result.length > TEXT_SIZE_MAX))
                        return NULL;
                text_append_bytes(&result, text, (size_t)(dollar - text));
                text_append(&result, value);
        }
        text_append(&result, text);
        return text_take(&result);
}

static size_t count_values(const GrantContext *context, const char *text) {
        Variable variable;

        for (; find_variable(text, &variable); text = variable.name + variable.length) {
                const json_t *value = get_value(context, &variable);
                if (json_is_array(value))
                        return json_array_size(value);
        }
        return 1;
}

json_t *grant_text_expand(const GrantContext *context, const char *text, GrantUse use) {
        size_t count = count_values(context, text);
        json_t *all = json_array();

        for (size_t i = 0; i < count; i++) {
                autofree char *one = expand_once(context, text, i, use);
                if (one)
                        json_array_append_new(all, json_string(one));
        }
        return all;
}
