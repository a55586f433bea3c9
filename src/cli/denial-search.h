/* SPDX-License-Identifier: Apache-2.0
 *
 * DenialSearch: of the lines of logs, the refusals that somebody asks for, each kind of them once.
 *
 * Logs are the whole machine's: records of packages, revisions or times that this daemon does not
 * know are another's.
 */
#pragma once

#include "base/json.h"
#include "denial/denial.h"

typedef struct Found {
        Denial denial;
        uint64_t count;
} Found;

typedef struct FoundList {
        Found *items; /* memory_new(maximum * …) */
        size_t count, maximum;
        bool is_full;
} FoundList;

#define DENIAL_PENDING_MAX 8

typedef struct DenialSearch {
        const char *snap, *program; /* "" = any; program is "x.app" */
        int64_t since;
        const json_t *snaps; /* {INSTANCE: {REVISION: installed at}}; NULL: what is of any counts */
        FoundList found;
        FoundList
                nameless; /* no record names their package: of a base's shell, say, or the host's */
        uint64_t strange; /* of what is not installed here, or was not yet */
        uint64_t lost;    /* records that the kernel left out */
        Denial pending[DENIAL_PENDING_MAX]; /* whose program another record may name */
        size_t pending_count;
} DenialSearch;

void denial_search_init(DenialSearch *search);
void denial_search_done(DenialSearch *search);
/* `context` is the search; for LogSource. */
void denial_search_line(void *context, char *line);
/* No line follows. */
void denial_search_end(DenialSearch *search);
