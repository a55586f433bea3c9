/* SPDX-License-Identifier: Apache-2.0
 *
 * Describe: installed snaps and their apps as the API's objects (/v2/snaps, /v2/apps), from rows
 * alone.
 */
#pragma once

#include "base/json.h"
#include "snap/places.h"

typedef enum DescribeSelect {
        DESCRIBE_SELECT_CURRENT, /* the current revision of each snap, disabled ones too */
        DESCRIBE_SELECT_ENABLED,
        DESCRIBE_SELECT_ALL, /* every revision */
} DescribeSelect;

/* 1 found (the current revision), 0 not installed. */
int describe_snap(const Places *places, Database *database, const char *instance, json_t **ret,
                  Error *err);
/* Array of Snap by name and order of installation; `names` NULL or an array of instance names to
 * keep. */
int describe_snaps(const Places *places, Database *database, DescribeSelect select,
                   const json_t *names, json_t **ret, Error *err);
/* Array of App of all installed snaps (of `instance` where not NULL), sorted by snap and app;
 * `services_only` leaves out what is no daemon. */
int describe_apps(Database *database, const char *instance, bool services_only, json_t **ret,
                  Error *err);
