/* SPDX-License-Identifier: Apache-2.0
 *
 * Running: programs of a package that hold a lease.  Who they are is looked up only to say it.
 */
#pragma once

#include <stdbool.h>

#include "snap/places.h"

/* Whether programs of such a package stand in the way of its refresh: of a base none are its own.
 */
bool running_counts(const char *type);
/* ERROR_BUSY: `snap "x" has running apps, pids: 12,34`; returns -1. */
int running_explain(const Places *places, const char *instance, const char *revision, Error *err);
