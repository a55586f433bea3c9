/* SPDX-License-Identifier: Apache-2.0
 *
 * Connections, plugs and slots as the API's objects (/v2/connections, /v2/interfaces), read from
 * the repository's views.
 */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "state/database.h"

/* "" = any. */
typedef struct ConnectionFilter {
        const char *snap; /* "system", "core" and "snapd" are the system */
        const char *interface;
        bool is_all; /* also what is not connected, and undesired ones */
} ConnectionFilter;

/* {established, undesired?, plugs, slots}; ERROR_SNAP_NOT_FOUND. */
int describe_connections(Database *database, const ConnectionFilter *filter, json_t **ret,
                         Error *err);
/* Array of Plug (or Slot), sorted; those that are connected only unless `filter->is_all`. */
int describe_endpoints(Database *database, bool is_plug, const ConnectionFilter *filter,
                       json_t **ret, Error *err);
