/* SPDX-License-Identifier: Apache-2.0
 *
 * Target: the request line's target, decoded: a path without dot segments or empty ones, and the
 * query as {"key":["value",…]}.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"

#define TARGET_LENGTH_MAX      (8 * 1024)
#define TARGET_QUERY_COUNT_MAX 128

typedef struct Target {
        char *path;
        json_t *query;
        char *location; /* where the same is found, cleaned; NULL when the path was clean */
} Target;

int target_parse(const char *raw, Target *ret, Error *err);
void target_done(Target *target);
