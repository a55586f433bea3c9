/* SPDX-License-Identifier: Apache-2.0
 *
 * Job: a function that may block, in a forked child of the daemon that keeps nothing but a pipe;
 * what it writes comes back through the loop.  It shares the daemon's mount namespace.
 */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "base/text.h"

/* In the child: fills `ret`, or fails; the answer is then "error KIND MESSAGE".  Where the request
 * has a place for a descriptor, it returns one. */
typedef int (*JobWork)(const void *input, Text *ret, Error *err);
/* In the loop: `err` is NULL when it went well; the text is changed freely. */
typedef void (*JobDone)(void *context, Text *result, const Error *err);

typedef struct JobRequest {
        uv_loop_t *loop;
        JobWork work;
        const void *input; /* read only by the child's copy */
        JobDone done;
        void *context;
        uint64_t limit_ms; /* afterwards it is killed and failed with ERROR_LOST; see job_is_left */
        int *ret_fd; /* NULL, or where the descriptor that `work` returned is put before `done` */
} JobRequest;

/* `done` is called exactly once unless this fails. */
int job_start(const JobRequest *request, Error *err);
/* Something was started with `context`, given up, and has not ended: it sleeps in a file system
 * that does not answer, from which the kernel lets nobody go.  Who asks before he starts another
 * leaves no more than one there; of one kind of work there are never more than JOB_LEFT_MAX. */
bool job_is_left(const void *context);
/* No `done` is called any more for what was started with `context`; it is killed. */
void job_cancel(const void *context);
/* At the end, before what they work on is taken away: kills them; no `done` is called any more. */
void job_end_all(void);
/* 0 in the daemon; 1 in the child, where no signal comes before job_become_child. */
int job_fork(pid_t *ret_pid, Error *err);
/* What a child forked from the daemon must do before anything else; keeps `keep` and stderr. */
void job_become_child(int keep);
