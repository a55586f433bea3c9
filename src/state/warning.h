/* SPDX-License-Identifier: Apache-2.0
 *
 * Warning: a sentence that `pawl warnings` shows until somebody has seen it, or it has expired.
 * Within a transaction.
 */
#pragma once

#include "state/database.h"

/* The same sentence again is the same warning, as of `now` (nanoseconds, clock_get_wall). */
int warning_add(Database *database, const char *message, int64_t now, Error *err);
/* Forgets those that begin so and were not said at `now`. */
int warning_forget_others(Database *database, const char *beginning, int64_t now, Error *err);
