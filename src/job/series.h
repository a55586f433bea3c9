/* SPDX-License-Identifier: Apache-2.0
 *
 * Series: a function over one input after another, in a forked child of the daemon that lives for
 * all of them and has locked itself in.  It starts when it is needed; what it says of one item
 * comes before it looks at the next, so when it dies it is known over which: that one is tried once
 * more, by another child, and the others never notice.
 *
 * The child keeps a socket and stderr; it must not touch what does not answer (a file system), as
 * its end is waited for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "base/text.h"

#define SERIES_SOCKET 3 /* the child's only descriptor besides stdin, stdout and stderr */

typedef struct Series Series;

typedef struct SeriesKind {
        /* In the child, before the first input; where it fails, each item fails so. */
        int (*enter)(Error *err);
        /* In the child: fills `ret`, at most FRAME_INLINE_MAX bytes. */
        int (*work)(const char *input, size_t length, Text *ret, Error *err);
        /* In the daemon, when the item's turn has come: what the child is given of it. */
        void (*describe)(const void *item, Text *ret);
        /* From the loop, once for each item: `err` is NULL when it went well. */
        void (*done)(void *context, void *item, const Text *result, const Error *err);
        /* From the loop, after some were done. */
        void (*rested)(void *context);
        uint64_t limit_ms; /* for one item */
} SeriesKind;

Series *series_new(uv_loop_t *loop, const SeriesKind *kind, void *context);
/* Those that are not done are forgotten, and the child ends; not later than the loop's handles. */
Series *series_free(Series *series);

/* What goes on is `done`'s, unless this fails.  In haste: before all that are not. */
int series_add(Series *series, void *item, bool is_hasty, Error *err);
/* It waits there already, and is wanted sooner. */
void series_hasten(Series *series, const void *item);
/* Ends the child, which the next item starts again; not while there are items. */
void series_rest(Series *series);
/* At the end: nothing is done any more. */
void series_stop(Series *series);
