/* SPDX-License-Identifier: Apache-2.0
 *
 * What a plug or slot may say (interfaces.md 5.3).  One that says something else does not take
 * part, and a warning tells why; the package it belongs to is installed all the same.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"

/* Of a plug or slot of a known interface; another interface is refused. */
int endpoint_check(bool is_plug, const char *interface, const json_t *attributes, Error *err);

/* "$SNAP/a", "$SNAP_DATA/a", "$SNAP_COMMON/a" or "a" → which of the three and "a" (maybe ""). */
typedef enum SharePlace {
        SHARE_PLACE_SNAP,
        SHARE_PLACE_DATA,
        SHARE_PLACE_COMMON,
        SHARE_PLACE_VIEW, /* no package's: never parsed */
} SharePlace;
bool share_path_parse(const char *path, SharePlace *ret_place, const char **ret_below);

/* For endpoint_fault(side, interface, attributes) in SQL: NULL or what is wrong. */
char *endpoint_fault(const char *const *arguments);
