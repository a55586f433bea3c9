/* SPDX-License-Identifier: Apache-2.0
 *
 * JSON by jansson with our limits: exact integers, no duplicate keys, no NUL, bounded size and
 * depth.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"

/* Parses one value; anything after it, a duplicate key, or a depth over API_JSON_DEPTH_MAX is an
 * error. */
int json_parse(const char *bytes, size_t length, json_t **ret, Error *err);

/* Compact, keys in insertion order; never fails for values built by us.  Free with free(). */
char *json_format(const json_t *value);
/* Compact with keys sorted: equal values have equal text. */
char *json_format_canonical(const json_t *value);

/* Members of an object; `fallback` when absent.  A member of another type counts as absent. */
const char *json_get_string(const json_t *object, const char *key, const char *fallback);
int64_t json_get_int(const json_t *object, const char *key, int64_t fallback);
bool json_get_bool(const json_t *object, const char *key, bool fallback);

/* Takes the value; omitted when it is NULL. */
void json_put(json_t *object, const char *key, json_t *owned_value);
/* Omitted when `value` is NULL or "". */
void json_put_string(json_t *object, const char *key, const char *value);

static inline void json_decref_cleanup_(json_t **value) {
        json_decref(*value);
}
#define autojson __attribute__((cleanup(json_decref_cleanup_))) json_t *
