/* SPDX-License-Identifier: Apache-2.0
 *
 * The kinds of tasks that packages need.  The daemon hands SNAP_TASK_KINDS to its runner, with a
 * SnapContext as the runner's context.
 */
#pragma once

#include "sandbox/helper.h"
#include "snap/places.h"
#include "snap/program.h"
#include "task/task.h"

typedef struct SnapContext {
        const Places *places;
        const Program
                *program; /* what runs; tests without a daemon have one that is the machine's */
} SnapContext;

/* Descriptors that workers of these kinds need (-1 among them = not open). */
#define SNAP_CONTEXT_FD_COUNT (PLACES_FD_COUNT + HELPER_PROGRAM_COUNT)
void snap_context_list_fds(const SnapContext *context, int ret_fds[SNAP_CONTEXT_FD_COUNT]);

extern const TaskKind SNAP_TASK_KINDS[];
extern const size_t SNAP_TASK_KIND_COUNT;
