/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"

/* Checked on the text, before jansson recurses over it. */
static bool is_too_deep(const char *bytes, size_t length) {
        bool in_string = false;
        int depth = 0;

        for (size_t i = 0; i < length; i++) {
                char c = bytes[i];
                if (in_string && c == '\\')
                        i++;
                else if (c == '"')
                        in_string = !in_string;
                else if (!in_string && (c == '[' || c == '{') && ++depth > API_JSON_DEPTH_MAX)
                        return true;
                else if (!in_string && (c == ']' || c == '}'))
                        depth--;
        }
        return false;
}

int json_parse(const char *bytes, size_t length, json_t **ret, Error *err) {
        json_error_t where;

        if (is_too_deep(bytes, length))
                return error_set(err, ERROR_BAD_REQUEST, "JSON nested deeper than %d levels",
                                 API_JSON_DEPTH_MAX);
        /* jansson accepts "2\0": a NUL is never part of JSON text. */
        if (memchr(bytes, '\0', length))
                return error_set(err, ERROR_BAD_REQUEST, "JSON with a NUL byte");
        json_t *value = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
        if (!value)
                return error_set(err, ERROR_BAD_REQUEST, "invalid JSON at line %d column %d: %s",
                                 where.line, where.column, where.text);
        *ret = value;
        return 0;
}

static char *format_with(const json_t *value, size_t flags) {
        char *text = json_dumps(value, flags | JSON_COMPACT | JSON_ENCODE_ANY);

        if (!text)
                abort();
        return text;
}

char *json_format(const json_t *value) {
        return format_with(value, 0);
}

char *json_format_canonical(const json_t *value) {
        return format_with(value, JSON_SORT_KEYS);
}

const char *json_get_string(const json_t *object, const char *key, const char *fallback) {
        const char *value = json_string_value(json_object_get(object, key));

        return value ? value : fallback;
}

int64_t json_get_int(const json_t *object, const char *key, int64_t fallback) {
        const json_t *value = json_object_get(object, key);

        return json_is_integer(value) ? (int64_t)json_integer_value(value) : fallback;
}

bool json_get_bool(const json_t *object, const char *key, bool fallback) {
        const json_t *value = json_object_get(object, key);

        return json_is_boolean(value) ? json_is_true(value) : fallback;
}

void json_put(json_t *object, const char *key, json_t *owned_value) {
        if (owned_value && json_object_set_new(object, key, owned_value) < 0)
                abort();
}

void json_put_string(json_t *object, const char *key, const char *value) {
        if (value && *value)
                json_put(object, key, json_string(value));
}
