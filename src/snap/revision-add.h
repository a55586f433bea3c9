/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of one revision: made when it is prepared, removed when that is undone or when it is
 * discarded, and put back when a discard is undone.  All of this runs inside the caller's
 * transaction.
 */
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "state/database.h"

typedef struct RevisionDraft {
        const char *instance;
        const char *revision;
        const char *file;     /* beneath images/, or a source (base/folder.h) */
        const json_t *report; /* pawl-read's, mode image */
} RevisionDraft;

/* The revision last in order, its apps, hooks and endpoints; the snap (not current) where it is the
 * first. */
int revision_add(Database *database, const RevisionDraft *draft, Error *err);
/* And the snap with the last of them.  A revision that is current is refused by the schema. */
int revision_remove(Database *database, const char *instance, const char *revision, Error *err);

/* Every row of the revision (and of the snap) as JSON, for revision_restore. */
int revision_save(Database *database, const char *instance, const char *revision, json_t **ret,
                  Error *err);
int revision_restore(Database *database, const json_t *saved, Error *err);
