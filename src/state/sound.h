/* SPDX-License-Identifier: Apache-2.0
 *
 * Sound: the word of the process before that it ended the state in order, so that this one may
 * start without reading all of it.  Kept in a file beside the state; believed once, and only about
 * the very file that it speaks of.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* What was said, and never again: 0, or the time (wall clock) at which the state was last read
 * whole, when it ended in order after that and nobody has touched it since. */
int64_t sound_take(int directory);
/* After the state was closed.  Nothing depends on it: where it cannot be written, or is lost, the
 * next start reads everything. */
void sound_leave(int directory, int64_t checked_at);
