/* SPDX-License-Identifier: Apache-2.0
 *
 * Launch: the daemon's side of every pawl-run (wire/launch.h).  It finds what is asked for in the
 * state, mounts images on first need in the daemon's private mount namespace, has them cloned with
 * locked flags, and answers with a plan; "go" is said only while the plan is still true.
 */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "base/error.h"
#include "state/database.h"

typedef struct Launch Launch;

typedef struct LaunchConfig {
        uv_loop_t *loop;      /* borrowed */
        Database *database;   /* borrowed; only which policies are needed is written */
        const char *root;     /* absolute and without links, "" = the machine's own */
        int user_listener;    /* taken: SEQPACKET, anybody */
        int service_listener; /* taken: SEQPACKET, root only; -1 = none */
        const char
                *launcher; /* this build's pawl-run; NULL = none for older and newer ones to run */
        unsigned idle_ms;  /* without launches for so long: images and cloner go; 0 = 10 s */
} LaunchConfig;

/* First thing in main, before any thread or child: a mount namespace of the daemon's own, in which
 * nothing that it mounts reaches the host. */
int launch_prepare_namespace(Error *err);
/* Fails without closing the listeners.  May wait for launches of another generation's daemon, for
 * two seconds at the most (launch/takeover.h). */
int launch_new(const LaunchConfig *config, Launch **ret, Error *err);
/* After a commit: what waits is looked at again. */
void launch_wake(Launch *launch);
/* Ends the cloner and unmounts; programs that run are not touched.  Runs the loop's close callbacks
 * no further: call it with the loop stopped, then uv_run(UV_RUN_NOWAIT). */
Launch *launch_free(Launch *launch);
