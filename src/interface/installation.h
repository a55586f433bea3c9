/* SPDX-License-Identifier: Apache-2.0
 *
 * What the plugs and slots of a package mean for its installation: which of them it may have at all
 * (a refusal), and which are wrong and take no part (a warning).
 */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "state/database.h"

/* Of a package that nobody asserts, its slots against its type and the machine; of one that is in
 * the table `declaration`, both sides against all rules.  Wrong ones are not asked for. */
int installation_check(Database *database, const char *instance, const json_t *manifest,
                       Error *err);

/* "snap "x" has bad plugs or slots: …", owned; NULL where all are right. */
char *installation_format_bad(const char *instance, const json_t *manifest);
