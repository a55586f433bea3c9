/* SPDX-License-Identifier: Apache-2.0
 *
 * A change as a picture: one row a task, grouped by lane, a bar for doing and one for undoing, and
 * an arrow from each task to what waits for it.  SVG 1.1 that refers to nothing outside itself.
 */
#pragma once

#include "cli/timeline.h"

/* The document; free it. */
char *graph_draw(const json_t *change, const Timeline *timeline);
