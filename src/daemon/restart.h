/* SPDX-License-Identifier: Apache-2.0
 *
 * Restart: the way from a change that wants another pawld to the end of this one's loop.  For a
 * moment clients hear of it; then the workers that run may end (no new one is started), then the
 * answers that are on their way are sent.  What is cut off, the next pawld does again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "front/front.h"
#include "state/database.h"
#include "task/runner.h"

typedef struct Restart {
        uv_timer_t timer; /* closed by who owns the loop */
        Runner *runner;   /* borrowed, as is the front, once it has begun */
        Front *front;
        bool is_deaf;     /* hears nobody new any more */
        int64_t until_ms; /* boot time; what is not over then is cut off */
} Restart;

void restart_init(Restart *restart, uv_loop_t *loop);
/* Once.  Stops the loop when all is said and done, after 31 s at the most. */
void restart_begin(Restart *restart, Runner *runner, Front *front);
/* No other pawld is wanted: tasks that wait for one (TASK_WAIT_DAEMON) learn that it will not come.
 */
int restart_end_waits(Database *database, Runner *runner, Error *err);
