/* SPDX-License-Identifier: Apache-2.0
 *
 * Worker: the child's side of an attempt.  What it says goes through a pipe as frames: a
 * WorkerFrame, then its bytes; exactly one RESULT or ERROR ends it.
 */
#pragma once

#include "base/limits.h"
#include "task/task.h"

typedef enum WorkerFrameType {
        WORKER_FRAME_PROGRESS, /* {"label":…,"done":…,"total":…} */
        WORKER_FRAME_LOG,      /* text */
        WORKER_FRAME_RESULT,   /* JSON */
        WORKER_FRAME_ERROR,    /* an Error as it is in memory: both sides are the same program */
        WORKER_FRAME_TYPE_COUNT,
} WorkerFrameType;

typedef struct WorkerFrame {
        uint32_t type;
        uint32_t length;
} WorkerFrame;

#define WORKER_TEXT_SIZE_MAX 1024 /* of a log line or a progress label */

typedef struct WorkerPlan {
        const TaskPart *part;
        void *context;
        const json_t *job;
        int pipe_fd;
        int lock_fd;
        const int *kept_fds; /* beside stdio, pipe and lock */
        size_t kept_fd_count;
        pid_t parent;
} WorkerPlan;

/* In the new child, all signals blocked; does not return. */
__attribute__((noreturn)) void worker_main(const WorkerPlan *plan);
