/* SPDX-License-Identifier: Apache-2.0
 *
 * Verify: what must hold of the state between any two transactions, as a numbered table.  Numbers
 * are never given to another invariant: they appear in logs and in bug reports.
 */
#pragma once

#include <stddef.h>

#include "state/database.h"

typedef struct Invariant {
        int id;
        bool is_cheap;       /* looks at unfinished things only: affordable at each commit */
        const char *meaning; /* what holds, one sentence */
        const char *sql;     /* rows that violate it, described in the first column */
} Invariant;

extern const Invariant INVARIANTS[];
extern const size_t INVARIANT_COUNT;

/* The file itself and every invariant; ERROR_CORRUPT names the first that does not hold and a row
 * that violates it. */
int state_verify(Database *database, Error *err);
/* Only what `is_cheap` says. */
int state_verify_cheap(Database *database, Error *err);
/* Pages and indexes; nothing of what they mean, so it works with any schema. */
int state_verify_file(Database *database, Error *err);
/* What the rows mean; for a file whose pages were just looked at. */
int state_verify_rows(Database *database, Error *err);
/* Foreign keys, after they were off. */
int state_verify_references(Database *database, Error *err);
