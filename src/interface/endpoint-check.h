/* SPDX-License-Identifier: Apache-2.0
 *
 * What a plug or slot may say: `attributes` of its interface's file (docs/interfaces.md).  One that
 * says something else does not take part, and a warning tells why; the package it belongs to is
 * installed all the same.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"
#include "interface/interface-kind.h"

/* Of a plug or slot of a known interface; another interface is refused. */
int endpoint_check(bool is_plug, const char *interface, const json_t *attributes, Error *err);
/* That, and whether a package may have it that has `count` plugs and slots of this interface. */
int endpoint_check_among(bool is_plug, const char *interface, const json_t *attributes,
                         size_t count, Error *err);
/* How many a package's manifest has. */
size_t endpoint_count(const json_t *manifest, const char *interface);
/* By these attributes of a side it has to be its package's only plug or slot of the interface:
 * the message of the rule that says so, or NULL. */
const char *endpoint_must_be_alone(const InterfaceSide *side, const json_t *attributes);

/* "$SNAP/a", "$SNAP_DATA/a", "$SNAP_COMMON/a" or "a" → which of the three and "a" (maybe ""). */
typedef enum SharePlace {
        SHARE_PLACE_SNAP,
        SHARE_PLACE_DATA,
        SHARE_PLACE_COMMON,
        SHARE_PLACE_VIEW, /* no package's: never parsed */
} SharePlace;
bool share_path_parse(const char *path, SharePlace *ret_place, const char **ret_below);

/* For endpoint_fault(side, interface, attributes, count) in SQL: NULL or what is wrong. */
char *endpoint_fault(const char *const *arguments);
/* For interface_has_alone(interface): NULL where that count does not matter to it. */
char *interface_has_alone(const char *const *arguments);
/* Of a row of the table `endpoint` that is called so. */
#define ENDPOINT_FAULT(e)                                                                 \
        "endpoint_fault(" e ".side, " e ".interface, " e ".attributes, "                  \
        "iif(interface_has_alone(" e ".interface), (SELECT count(*) FROM endpoint alike " \
        "WHERE alike.instance = " e ".instance AND alike.revision = " e ".revision AND "  \
        "alike.interface = " e ".interface), 1))"
