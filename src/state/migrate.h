/* SPDX-License-Identifier: Apache-2.0
 *
 * Migrate: brings a database to the schema of this build, up by its own migrations or down by those
 * that a newer build left in the `migration` table.  Either way is one transaction: a kill leaves
 * the schema before or after.
 *
 * What a down-migration must do: leave exactly the older schema, and put every row that it takes
 * away into `parked` (schema = its own number, table_name = where the row was), from where its
 * up-migration takes it again.  Rows are counted before and after; a row that vanished stops the
 * walk.
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "state/database.h"

typedef struct Migration {
        const char *name;
        const char *up;
        const char *down; /* "" only for the first */
} Migration;

/* Migration i leads to schema i + 1; `user_version` is the schema. */
typedef struct SchemaSet {
        const Migration *migrations;
        size_t count;
} SchemaSet;

extern const SchemaSet schema_builtin;

/* As database_open with other schemas; for tests, and for an older daemon's view of a newer state.
 */
int database_open_with(const char *directory, const SchemaSet *schemas, Database **ret, Error *err);

/* Returns 0, or 1 when the schema changed.  When it fails the file is as it was. */
int schema_migrate(Database *database, const SchemaSet *schemas, Error *err);
