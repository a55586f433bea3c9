/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/node.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"

#define NUMBER_LENGTH_MAX 64

static const struct {
        const char *text;
        ScalarType type;
        bool flag;
} WORDS[] = {
        { "", SCALAR_NULL, false },      { "~", SCALAR_NULL, false },
        { "null", SCALAR_NULL, false },  { "Null", SCALAR_NULL, false },
        { "NULL", SCALAR_NULL, false },  { "true", SCALAR_BOOL, true },
        { "True", SCALAR_BOOL, true },   { "TRUE", SCALAR_BOOL, true },
        { "yes", SCALAR_BOOL, true },    { "Yes", SCALAR_BOOL, true },
        { "YES", SCALAR_BOOL, true },    { "on", SCALAR_BOOL, true },
        { "On", SCALAR_BOOL, true },     { "ON", SCALAR_BOOL, true },
        { "false", SCALAR_BOOL, false }, { "False", SCALAR_BOOL, false },
        { "FALSE", SCALAR_BOOL, false }, { "no", SCALAR_BOOL, false },
        { "No", SCALAR_BOOL, false },    { "NO", SCALAR_BOOL, false },
        { "off", SCALAR_BOOL, false },   { "Off", SCALAR_BOOL, false },
        { "OFF", SCALAR_BOOL, false },
};

static const struct {
        const char *prefix;
        int base;
} BASES[] = { { "0x", 16 }, { "0b", 2 }, { "0o", 8 }, { "0", 8 } };

/* Copies without sign and underscores; false where that is no number to begin with. */
static bool strip_number(const Node *node, char digits[NUMBER_LENGTH_MAX], bool *ret_is_negative) {
        const char *text = node->text;
        size_t used = 0;

        if (node->length == 0 || node->length >= NUMBER_LENGTH_MAX)
                return false;
        *ret_is_negative = *text == '-';
        if (*text == '-' || *text == '+')
                text++;
        if (*text == '_')
                return false;
        for (; *text != '\0'; text++) {
                if (*text != '_')
                        digits[used++] = *text;
        }
        digits[used] = '\0';
        return used > 0;
}

/* 1 = a number that fits, 0 = none, 2 = a whole number that does not fit. */
static int read_integer(const char *digits, bool is_negative, int64_t *ret) {
        int base = 10;
        char *end;

        for (size_t i = 0; i < ARRAY_COUNT(BASES) && base == 10; i++) {
                size_t length = strlen(BASES[i].prefix);
                if (strncmp(digits, BASES[i].prefix, length) == 0 && digits[length] != '\0') {
                        base = BASES[i].base;
                        digits += length;
                }
        }
        /* strtoumax would take blanks and signs too. */
        if (digits[strspn(digits, "0123456789abcdefABCDEF")] != '\0')
                return 0;
        errno = 0;
        uintmax_t value = strtoumax(digits, &end, base);
        if (*end != '\0' || end == digits)
                return 0;
        if (errno == ERANGE || value > (uint64_t)INT64_MAX + is_negative)
                return 2;
        *ret = is_negative ? (int64_t)(0 - value) : (int64_t)value;
        return 1;
}

/* Digits, a point, an exponent; not strtod's "inf", "nan" and hexadecimal floats. */
static bool read_float(const char *digits, bool is_negative, double *ret) {
        size_t whole = strspn(digits, "0123456789");
        const char *at = digits + whole;
        size_t fraction = 0;

        if (*at == '.') {
                fraction = strspn(++at, "0123456789");
                at += fraction;
        }
        if (whole + fraction == 0)
                return false;
        if (*at == 'e' || *at == 'E') {
                at++;
                at += *at == '+' || *at == '-';
                size_t exponent = strspn(at, "0123456789");
                if (exponent == 0)
                        return false;
                at += exponent;
        }
        if (*at != '\0')
                return false;
        *ret = strtod(digits, NULL) * (is_negative ? -1 : 1);
        return true;
}

Scalar node_read_scalar(const Node *node) {
        Scalar scalar = { .type = SCALAR_TEXT };
        char digits[NUMBER_LENGTH_MAX];
        bool is_negative = false;

        if (!node->is_plain)
                return scalar;
        for (size_t i = 0; i < ARRAY_COUNT(WORDS); i++) {
                if (string_equal(node->text, WORDS[i].text)) {
                        scalar.type = WORDS[i].type;
                        scalar.flag = WORDS[i].flag;
                        return scalar;
                }
        }
        if (!strip_number(node, digits, &is_negative))
                return scalar;
        int outcome = read_integer(digits, is_negative, &scalar.integer);
        if (outcome == 1)
                scalar.type = SCALAR_INT;
        else if (outcome == 2 || read_float(digits, is_negative, &scalar.real))
                scalar.type = SCALAR_FLOAT;
        if (outcome == 2)
                scalar.real = strtod(digits, NULL) * (is_negative ? -1 : 1);
        return scalar;
}

bool node_is_null(const Node *node) {
        return !node || (node->type == NODE_SCALAR && node_read_scalar(node).type == SCALAR_NULL);
}

const char *node_get_type_name(const Node *node) {
        static const char *const NAMES[] = { [SCALAR_NULL] = "nothing",
                                             [SCALAR_BOOL] = "bool",
                                             [SCALAR_INT] = "int",
                                             [SCALAR_FLOAT] = "float",
                                             [SCALAR_TEXT] = "string" };

        if (node->type == NODE_LIST)
                return "list";
        return node->type == NODE_MAP ? "map" : NAMES[node_read_scalar(node).type];
}

const Node *node_find(const Node *map, const char *key) {
        for (size_t i = 0; i + 1 < map->count; i += 2) {
                if (string_equal(map->items[i]->text, key))
                        return map->items[i + 1];
        }
        return NULL;
}

static int scalar_to_json(const Node *node, json_t **ret, Error *err) {
        Scalar scalar = node_read_scalar(node);

        switch (scalar.type) {
        case SCALAR_BOOL:
                *ret = json_boolean(scalar.flag);
                return 0;
        case SCALAR_INT:
                *ret = json_integer(scalar.integer);
                return 0;
        case SCALAR_FLOAT:
                if (!isfinite(scalar.real))
                        return error_set(err, ERROR_BAD_REQUEST, "number out of range");
                *ret = json_real(scalar.real);
                return 0;
        case SCALAR_TEXT:
                *ret = json_string(node->text);
                return 0;
        case SCALAR_NULL:
                break;
        }
        return error_set(err, ERROR_BAD_REQUEST, "invalid scalar: no value");
}

static int list_to_json(const Node *node, json_t **ret, Error *err) {
        autojson list = json_array();

        for (size_t i = 0; i < node->count; i++) {
                json_t *item = NULL;
                if (node_to_json(node->items[i], &item, err) < 0)
                        return -1;
                json_array_append_new(list, item);
        }
        *ret = take(list);
        return 0;
}

static int map_to_json(const Node *node, json_t **ret, Error *err) {
        autojson map = json_object();

        for (size_t i = 0; i + 1 < node->count; i += 2) {
                const Node *key = node->items[i];
                json_t *item = NULL;
                if (node_read_scalar(key).type != SCALAR_TEXT)
                        return error_set(err, ERROR_BAD_REQUEST, "non-string key: %s", key->text);
                if (node_to_json(node->items[i + 1], &item, err) < 0)
                        return -1;
                json_put(map, key->text, item);
        }
        *ret = take(map);
        return 0;
}

/* Depth and size were bounded when the document was read, aliases expanded. */
int node_to_json(const Node *node, json_t **ret, Error *err) {
        static int (*const READERS[])(const Node *, json_t **, Error *) = {
                [NODE_SCALAR] = scalar_to_json,
                [NODE_LIST] = list_to_json,
                [NODE_MAP] = map_to_json,
        };

        return READERS[node->type](node, ret, err);
}
