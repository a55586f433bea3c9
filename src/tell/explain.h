/* SPDX-License-Identifier: Apache-2.0
 *
 * What the programs of an installed package may do, each rule with the plug or slot that gave it,
 * and what its plugs that are not connected would add (`pawl explain`).
 */
#pragma once

#include "base/json.h"
#include "state/database.h"

/* `program` is an app, "hook.NAME" or "" for all; ERROR_SNAP_NOT_INSTALLED, ERROR_APP_NOT_FOUND. */
int explain_snap(Database *database, const char *instance, const char *program, json_t **ret,
                 Error *err);
