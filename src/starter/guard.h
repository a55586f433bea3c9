/* SPDX-License-Identifier: Apache-2.0
 *
 * Guard: a pawld on trial is a child, so that whatever becomes of it somebody counts and starts the
 * next one, with or without a supervisor.
 */
#pragma once

#include "starter/choice.h"

typedef enum GuardEnd {
        GUARD_END,   /* as a daemon ends: `status` is the starter's own */
        GUARD_AGAIN, /* it failed on trial, or asked for another: choose again */
} GuardEnd;

/* Runs the first path that can be executed, with the signals that mean "end" passed on. */
GuardEnd guard_run(const Choice *choice, char *argv[], int *ret_status);
/* Executes the first path that can be; returns only when none could. */
void guard_execute(const Choice *choice, char *argv[]);
