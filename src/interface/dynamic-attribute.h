/* SPDX-License-Identifier: Apache-2.0
 *
 * Dynamic attributes: what prepare hooks say of one connection beside what the packages' own files
 * say of the plug and the slot.  They are kept with the connection and count wherever the others
 * do; none hides one that a file has.
 */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "interface/connection-row.h"

/* All of `fixed`, and of `dynamic` what that one does not have; NULL = {}.  A new reference. */
json_t *attributes_merge(const json_t *fixed, const json_t *dynamic);

/* Both sides of a connection, as its hooks see them:
 *
 *     {"plug":{"fixed":{…},"dynamic":{…}}, "slot":{"fixed":{…},"dynamic":{…}}}
 *
 * The dynamic ones are those that the connect task `task` has gathered so far, or with 0 those of
 * the connection that is there. */
int attributes_load(Database *database, const ConnectionName *name, int64_t task, json_t **ret,
                    Error *err);

/* Of one side of the above, by "a" or "a.b": 1 found (borrowed), 0 there is none. */
int attribute_find(const json_t *side, const char *path, const json_t **ret, Error *err);
/* NULL or null takes it away.  Refused where the file says it already, where the path is no name,
 * for control characters as in a snap.yaml, and beyond DYNAMIC_ATTRIBUTES_SIZE_MAX. */
int attribute_set(json_t *side, const char *path, json_t *owned_value, Error *err);

/* What a plug must be allowed to be installed with (`super-privileged`) is what was looked at then:
 * its hooks add nothing to what the interface grants by. */
int attributes_check_dynamic(bool is_plug, const char *interface, const json_t *dynamic,
                             Error *err);

/* For people: "a=1, b=[2]" of what hooks said of a side, of the attributes that the interface knows
 * (whole) or of the others (cut); NULL where there is none.  ASCII. */
char *attributes_format_said(bool is_plug, const char *interface, const json_t *dynamic,
                             bool is_known);

/* For merged_attributes(side, interface, fixed, dynamic) in SQL.  Dynamic ones that do not suit the
 * plug or slot of a later revision, or the interface of another daemon, are as if not there. */
char *merged_attributes(const char *const *arguments);
