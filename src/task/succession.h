/* SPDX-License-Identifier: Apache-2.0
 *
 * Succession: what one daemon leaves to the next of its tasks.  The next ends the waits for another
 * boot or another daemon, and is cautious where the one before may have died of what it did; an end
 * in order says that no task is to blame for it.
 */
#pragma once

#include <stdbool.h>

#include "task/step.h"

typedef struct Succession {
        char *boot, *daemon; /* owned: who this one is; recorded by waits (TASK_WAIT_BOOT) */
        bool is_cautious;    /* see step_is_suspect */
} Succession;

/* Fills the facts of `world` too, which point into it. */
void succession_init(Succession *succession, StepWorld *world);
/* Once, before any step. */
int succession_take_over(Succession *succession, const StepWorld *world, Error *err);
/* At an end in order.  That it could not be said costs the tasks at work one of several lives. */
void succession_hand_over(const StepWorld *world);
void succession_done(Succession *succession);
