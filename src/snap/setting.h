/* SPDX-License-Identifier: Apache-2.0
 *
 * Setting: what is configured of the system itself ("refresh.retain"), as rows of the state.  A
 * value that makes no sense counts as none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "state/database.h"

/* How many revisions a refresh leaves, the new one included: 2 … 20. */
int setting_find_retained(Database *database, size_t *ret, Error *err);
/* "experimental.NAME" is true; 1 or 0. */
int setting_has_feature(Database *database, const char *name, Error *err);
