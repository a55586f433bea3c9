/* SPDX-License-Identifier: Apache-2.0
 *
 * The processes of a launch:
 *
 *   outer ── waits, passes on signals that were sent to it, ends as the program ended
 *     └ keeper ── builds the view, then reaps; holds the lease until the last process is gone.
 *         │       For users it is PID 1 of the launch's PID namespace, for root a subreaper.
 *         └ program ── asks ready/go, confines itself, execs
 *
 * All three share the caller's process group, so that the terminal's signals reach the program by
 * themselves; the outer process passes on only what somebody sent to it by kill(2).
 */
#pragma once

#include <stdbool.h>

#include "launcher/session.h"

/* In the environment of a launcher that was started in another's place: the how many-th it is. */
#define INSTEAD           "PAWL_RUN_INSTEAD"
#define INSTEAD_COUNT_MAX 10 /* daemons that replace each other during one launch */

typedef struct LaunchOrder {
        const char *root;
        LaunchRequest request;
        char **words;     /* as it was started: what another launcher is started with */
        char **arguments; /* the caller's, NULL-terminated */
        const char *caller_directory;
        unsigned listen_count; /* descriptors from 3 on that the program inherits */
        bool is_traced;
        bool logs_denials;      /* the kernel logs what is refused, for `pawl why` */
        unsigned instead_count; /* how often pawld named another launcher */
} LaunchOrder;

/* Runs the program and ends as it ended; returns only when the launch must start over. */
void launch_run(const LaunchOrder *launch);
