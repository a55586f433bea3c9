/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/epoch.h"

#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define EPOCH_COUNT_MAX 10

json_t *epoch_new_default(void) {
        return json_pack("{s:[i], s:[i]}", "read", 0, "write", 0);
}

static int read_number(const char *text, uint64_t *ret, Error *err) {
        Error ignored;

        if ((text[0] == '0' && text[1] != '\0') ||
            string_parse_u64(text, UINT32_MAX, ret, &ignored) < 0)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "epoch numbers must be base 10 with no zero padding, but got "
                                 "\"%s\"",
                                 text);
        return 0;
}

/* `N*` also reads what N-1 wrote. */
static int read_short(const Node *value, json_t **ret, Error *err) {
        autofree char *text = string_copy(value->text);
        size_t length = strlen(text);
        uint64_t number = 0;
        bool is_starred = length > 0 && text[length - 1] == '*';

        if (is_starred)
                text[length - 1] = '\0';
        if (read_number(text, &number, err) < 0)
                return -1;
        if (is_starred && number == 0)
                return error_set(err, ERROR_BAD_REQUEST, "0* is an invalid epoch");
        json_int_t written = (json_int_t)number;
        *ret = is_starred ? json_pack("{s:[I, I], s:[I]}", "read", written - 1, written, "write",
                                      written)
                          : json_pack("{s:[I], s:[I]}", "read", written, "write", written);
        return 0;
}

static int read_list(const Node *value, json_t **ret, Error *err) {
        autojson list = json_array();
        uint64_t before = 0;

        if (value->type != NODE_LIST)
                return error_set(err, ERROR_BAD_REQUEST, "epoch list must be a list of numbers");
        if (value->count == 0)
                return error_set(err, ERROR_BAD_REQUEST, "epoch list cannot be explicitly empty");
        if (value->count > EPOCH_COUNT_MAX)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "epoch list must not have more than %d entries", EPOCH_COUNT_MAX);
        for (size_t i = 0; i < value->count; i++) {
                uint64_t number = 0;
                if (value->items[i]->type != NODE_SCALAR)
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "epoch list must be a list of numbers");
                if (read_number(value->items[i]->text, &number, err) < 0)
                        return -1;
                if (i > 0 && number <= before)
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "epoch list must be a strictly increasing sequence");
                before = number;
                json_array_append_new(list, json_integer((json_int_t)number));
        }
        *ret = take(list);
        return 0;
}

static bool do_intersect(const json_t *a, const json_t *b) {
        for (size_t i = 0; i < json_array_size(a); i++) {
                for (size_t j = 0; j < json_array_size(b); j++) {
                        if (json_equal(json_array_get(a, i), json_array_get(b, j)))
                                return true;
                }
        }
        return false;
}

int epoch_read(const Node *value, const Field *field, json_t **ret, Error *err) {
        autojson read = NULL;
        autojson written = NULL;

        if (value->type == NODE_SCALAR)
                return read_short(value, ret, err);
        if (field_require(value, NODE_MAP, field, err) < 0)
                return -1;
        const Node *read_node = node_find(value, "read");
        const Node *write_node = node_find(value, "write");
        if (!node_is_null(read_node) && read_list(read_node, &read, err) < 0)
                return -1;
        if (!node_is_null(write_node) && read_list(write_node, &written, err) < 0)
                return -1;
        /* One that is absent is as the other; both absent is epoch 0. */
        if (!read && !written) {
                *ret = epoch_new_default();
                return 0;
        }
        if (!read)
                read = json_deep_copy(written);
        if (!written)
                written = json_pack("[O]", json_array_get(read, json_array_size(read) - 1));
        if (!do_intersect(read, written))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "epoch read and write lists must have a non-empty intersection");
        *ret = json_pack("{s:O, s:O}", "read", read, "write", written);
        return 0;
}
