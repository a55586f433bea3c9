/* SPDX-License-Identifier: Apache-2.0
 *
 * Attempt: the daemon's side of one worker process: starts it, listens, ends it, and says once how
 * it ended.
 */
#pragma once

#include <uv.h>

#include "base/limits.h"
#include "base/text.h"
#include "task/step.h"
#include "task/work-place.h"
#include "task/worker.h"

typedef enum AttemptEnd {
        ATTEMPT_RUNS,
        ATTEMPT_RESULT,  /* `result` */
        ATTEMPT_ERROR,   /* `error`: work failed and has taken back what it did */
        ATTEMPT_DEATH,   /* `error`: killed, crashed, or said nothing sensible */
        ATTEMPT_TIMEOUT, /* `error` */
} AttemptEnd;

typedef struct Attempt Attempt;

typedef struct AttemptOwner {
        uv_loop_t *loop;
        WorkPlace *place;
        const int *kept_fds;
        size_t kept_fd_count;
        void *context; /* for `work` */
        void *owner;   /* for `on_end` */
        /* The attempt has ended; free it. */
        void (*on_end)(void *owner, Attempt *attempt);
} AttemptOwner;

struct Attempt {
        const AttemptOwner *owner;
        Step step;
        json_t *job;
        pid_t pid;
        int pid_fd, pipe_fd;
        int handle_count; /* open handles of libuv; the last one frees */
        uv_poll_t pipe_poll, exit_poll;
        uv_timer_t timer;
        Text received;
        int64_t started_at;
        int time_limit_s;
        bool is_timed_out;
        AttemptEnd end;
        json_t *result;
        Error error;
        char *progress_label;
        int64_t progress_done, progress_total; /* total 0: none reported */
        char *log[TASK_LOG_LINES_MAX];         /* the newest, oldest first */
        size_t log_count;
};

/* Takes `owned_step` and `owned_job` also when it fails. */
int attempt_start(const AttemptOwner *owner, Step *owned_step, json_t *owned_job, Attempt **ret,
                  Error *err);
/* Ends the worker and its process group; on_end follows. */
void attempt_kill(Attempt *attempt);
/* Kills it where it still runs, and says nothing more.  The memory goes with the loop's next turn.
 */
Attempt *attempt_free(Attempt *attempt);
/* Puts what the worker has reported and is not stored yet (progress, lines of the log) into a task
 * as clients get it. */
void attempt_overlay(const Attempt *attempt, json_t *task);
