/* SPDX-License-Identifier: Apache-2.0
 *
 * Job: a function that may block, in a forked child of the daemon that keeps nothing but a pipe;
 * what it writes comes back through the loop.  It shares the daemon's mount namespace.
 */
#pragma once

#include <uv.h>

#include "base/text.h"

/* In the child: fills `ret`, or fails; the answer's first line is then "error MESSAGE". */
typedef int (*JobWork)(const void *input, Text *ret, Error *err);
/* In the loop: `err` is NULL when it went well; the text is changed freely. */
typedef void (*JobDone)(void *context, Text *result, const Error *err);

typedef struct JobRequest {
        uv_loop_t *loop;
        JobWork work;
        const void *input; /* read only by the child's copy */
        JobDone done;
        void *context;
} JobRequest;

/* `done` is called exactly once unless this fails. */
int job_start(const JobRequest *request, Error *err);
/* At the end, before what they work on is taken away: kills them; no `done` is called any more. */
void job_end_all(void);
/* What a child forked from the daemon must do before anything else; keeps `keep` and stderr. */
void job_become_child(int keep);
