/* SPDX-License-Identifier: Apache-2.0 */
#include "http/target.h"

#include <stdbool.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

static int hex_digit(char c) {
        static const char DIGITS[] = "0123456789abcdefABCDEF";
        const char *found = c ? strchr(DIGITS, c) : NULL;

        if (!found)
                return -1;
        int value = (int)(found - DIGITS);
        return value < 16 ? value : value - 6;
}

/* Percent-decodes; what comes out must be text without control characters. */
static int decode(const char *bytes, size_t length, bool is_query, char **ret, Error *err) {
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < length; i++) {
                char c = bytes[i];
                if (c == '%') {
                        int high = i + 2 < length ? hex_digit(bytes[i + 1]) : -1;
                        int low = high >= 0 ? hex_digit(bytes[i + 2]) : -1;
                        if (low < 0)
                                return error_set(err, ERROR_BAD_REQUEST, "bad escape in the URL");
                        c = (char)(high * 16 + low);
                        i += 2;
                } else if (c == '+' && is_query) {
                        c = ' ';
                }
                if ((unsigned char)c < 0x20 || c == 0x7f)
                        return error_set(err, ERROR_BAD_REQUEST, "control character in the URL");
                text_append_bytes(&text, &c, 1);
        }
        if (!string_is_clean_utf8(text.bytes ? text.bytes : "", text.length))
                return error_set(err, ERROR_BAD_REQUEST, "the URL is not UTF-8");
        *ret = text_take(&text);
        return 0;
}

/* Removes empty, "." and ".." segments; a slash at the end stays. */
static char *clean_path(const char *path) {
        autotext clean = TEXT_INIT;
        const char *at = path;

        while (*at) {
                at += strspn(at, "/");
                size_t length = strcspn(at, "/");
                if (length == 2 && strncmp(at, "..", 2) == 0) {
                        while (clean.length > 0 && clean.bytes[--clean.length] != '/')
                                ;
                        if (clean.bytes)
                                clean.bytes[clean.length] = '\0';
                } else if (length > 0 && !(length == 1 && *at == '.')) {
                        text_append(&clean, "/");
                        text_append_bytes(&clean, at, length);
                }
                at += length;
        }
        if (clean.length == 0 || string_has_suffix(path, "/"))
                text_append(&clean, "/");
        return text_take(&clean);
}

/* What may stand in a path as it is; everything else is escaped. */
static char *format_location(const char *path, const char *query) {
        static const char PLAIN[] = "-._~!$&'()*+,;=:@/";
        autotext text = TEXT_INIT;

        for (const char *c = path; *c; c++) {
                bool is_alnum = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
                                (*c >= 'A' && *c <= 'Z');
                if (is_alnum || strchr(PLAIN, *c))
                        text_append_bytes(&text, c, 1);
                else
                        text_append_format(&text, "%%%02X", (unsigned char)*c);
        }
        if (*query)
                text_append_format(&text, "?%s", query);
        return text_take(&text);
}

static int add_query_pair(json_t *query, const char *pair, size_t length, Error *err) {
        const char *equals = memchr(pair, '=', length);
        size_t key_length = equals ? (size_t)(equals - pair) : length;
        autofree char *key = NULL;
        autofree char *value = NULL;

        if (decode(pair, key_length, true, &key, err) < 0)
                return -1;
        if (equals && decode(equals + 1, length - key_length - 1, true, &value, err) < 0)
                return -1;
        json_t *list = json_object_get(query, key);
        if (!list) {
                list = json_array();
                json_put(query, key, list);
        }
        if (json_array_append_new(list, json_string(value ? value : "")) < 0)
                abort();
        return 0;
}

static int parse_query(const char *text, json_t **ret, Error *err) {
        autojson query = json_object();
        size_t count = 0;

        for (const char *at = text; *at; at += strspn(at, "&")) {
                size_t length = strcspn(at, "&");
                if (++count > TARGET_QUERY_COUNT_MAX)
                        return error_set(err, ERROR_BAD_REQUEST, "too many query parameters");
                if (length > 0 && add_query_pair(query, at, length, err) < 0)
                        return -1;
                at += length;
        }
        *ret = take(query);
        return 0;
}

/* "http://host/path" is allowed by the protocol; the host means nothing on this socket. */
static const char *skip_origin(const char *raw) {
        static const char SCHEME[] = "http://";

        if (!string_has_prefix(raw, SCHEME))
                return raw;
        const char *slash = strchr(raw + sizeof(SCHEME) - 1, '/');
        return slash ? slash : "/";
}

int target_parse(const char *raw, Target *ret, Error *err) {
        autojson query = NULL;
        autofree char *path = NULL;

        if (strlen(raw) > TARGET_LENGTH_MAX)
                return error_set(err, ERROR_TOO_LARGE, "the URL is longer than %d bytes",
                                 TARGET_LENGTH_MAX);
        raw = skip_origin(raw);
        if (*raw != '/')
                return error_set(err, ERROR_BAD_REQUEST, "the URL has no path");
        size_t path_length = strcspn(raw, "?#");
        const char *query_text = raw[path_length] == '?' ? raw + path_length + 1 : "";
        if (decode(raw, path_length, false, &path, err) < 0)
                return -1;
        if (parse_query(query_text, &query, err) < 0)
                return -1;
        autofree char *clean = clean_path(path);
        *ret = (Target){ 0 };
        if (!string_equal(clean, path))
                ret->location = format_location(clean, query_text);
        ret->path = take(clean);
        ret->query = take(query);
        return 0;
}

void target_done(Target *target) {
        free(target->path);
        json_decref(target->query);
        free(target->location);
        *target = (Target){ 0 };
}
