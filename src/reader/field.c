/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/field.h"

#include <string.h>

#include "base/json.h"
#include "reader/duration.h"

int field_read_all(const Field *fields, size_t count, const Node *map, json_t *object, Error *err) {
        for (size_t i = 0; i < count; i++) {
                const Node *value = node_find(map, fields[i].name);
                json_t *result = NULL;
                if (node_is_null(value))
                        continue;
                if (fields[i].read(value, &fields[i], &result, err) < 0)
                        return -1;
                json_put(object, fields[i].name, result);
        }
        return 0;
}

int field_require(const Node *value, NodeType type, const Field *field, Error *err) {
        static const char *const WANTED[] = {
                [NODE_SCALAR] = "a string", [NODE_LIST] = "a list", [NODE_MAP] = "a map"
        };

        if (value->type == type)
                return 0;
        return error_set(err, ERROR_BAD_REQUEST, "line %u: \"%s\" must be %s (found %s)",
                         value->line, field->name, WANTED[type], node_get_type_name(value));
}

int field_read_text(const Node *value, const Field *field, json_t **ret, Error *err) {
        if (field_require(value, NODE_SCALAR, field, err) < 0)
                return -1;
        *ret = json_string(value->text);
        return 0;
}

int field_read_text_list(const Node *value, const Field *field, json_t **ret, Error *err) {
        autojson list = json_array();

        if (field_require(value, NODE_LIST, field, err) < 0)
                return -1;
        for (size_t i = 0; i < value->count; i++) {
                if (field_require(value->items[i], NODE_SCALAR, field, err) < 0)
                        return -1;
                const char *text = node_is_null(value->items[i]) ? "" : value->items[i]->text;
                json_array_append_new(list, json_string(text));
        }
        *ret = take(list);
        return 0;
}

int field_read_integer_list(const Node *value, const Field *field, json_t **ret, Error *err) {
        autojson list = json_array();

        if (field_require(value, NODE_LIST, field, err) < 0)
                return -1;
        for (size_t i = 0; i < value->count; i++) {
                const Node *item = value->items[i];
                if (item->type != NODE_SCALAR || node_read_scalar(item).type != SCALAR_INT)
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "line %u: \"%s\" must be a list of numbers", item->line,
                                         field->name);
                json_array_append_new(list, json_integer(node_read_scalar(item).integer));
        }
        *ret = take(list);
        return 0;
}

int field_read_environment(const Node *value, const Field *field, json_t **ret, Error *err) {
        autojson list = json_array();

        if (field_require(value, NODE_MAP, field, err) < 0)
                return -1;
        for (size_t i = 0; i + 1 < value->count; i += 2) {
                const Node *key = value->items[i];
                const Node *item = value->items[i + 1];
                if (field_require(item, NODE_SCALAR, field, err) < 0)
                        return -1;
                /* What execve could not carry, or would carry as another variable. */
                if (key->length == 0 || strchr(key->text, '='))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "line %u: invalid environment variable name \"%.100s\"",
                                         key->line, key->text);
                json_array_append_new(
                        list, json_pack("[s, s]", key->text, node_is_null(item) ? "" : item->text));
        }
        *ret = take(list);
        return 0;
}

int field_read_duration(const Node *value, const Field *field, json_t **ret, Error *err) {
        int64_t nanoseconds = 0;

        if (field_require(value, NODE_SCALAR, field, err) < 0 ||
            duration_parse(value->text, &nanoseconds, err) < 0)
                return -1;
        *ret = json_integer(nanoseconds);
        return 0;
}
