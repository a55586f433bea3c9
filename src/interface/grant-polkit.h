/* SPDX-License-Identifier: Apache-2.0
 *
 * The actions of polkit that a package brings, as grants: rows of GRANT_POLKIT_ACTION.
 */
#pragma once

#include "interface/grant.h"

/* Adds what the files of a plug say (reader/polkit-files.h); another's are passed over. */
int grant_polkit_add(GrantSet *set, const json_t *files, const char *plug, const char *prefix,
                     Error *err);
/* Whether all files of the plug are right, before it is connected. */
int grant_polkit_check(Database *database, const char *instance, const char *plug, Error *err);
