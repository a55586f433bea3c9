/* SPDX-License-Identifier: Apache-2.0
 *
 * The interfaces that this daemon knows, as the API's objects (GET /v2/interfaces?select=…).
 */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "state/database.h"

typedef struct InterfaceFilter {
        const char *names; /* "a,b"; "" = all */
        bool is_connected; /* those with a connection only; else all that this daemon knows */
        bool has_plugs, has_slots;
} InterfaceFilter;

int describe_interfaces(Database *database, const InterfaceFilter *filter, json_t **ret,
                        Error *err);
