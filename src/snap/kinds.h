/* SPDX-License-Identifier: Apache-2.0
 *
 * The kinds of tasks that packages need.  The daemon hands SNAP_TASK_KINDS to its runner, with a
 * SnapContext as the runner's context.
 */
#pragma once

#include "snap/places.h"
#include "task/task.h"

typedef struct SnapContext {
        const Places *places;
} SnapContext;

extern const TaskKind SNAP_TASK_KINDS[];
extern const size_t SNAP_TASK_KIND_COUNT;
