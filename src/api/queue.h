/* SPDX-License-Identifier: Apache-2.0
 *
 * Queue: requests that would meet another change, of clients that say they would rather wait:
 *
 *     "on-conflict": "fail" (as without it) | "queue"
 *     "conflict-timeout": seconds; without it as long as it takes
 *
 * members of the body (fields of a form) of every POST that makes a change of snaps; ours, not the
 * stock daemon's.  Such a request is stored in a change of its own whose one task makes the plan
 * when its turn has come, by calling the handler's own planning half again.
 */
#pragma once

#include "api/call.h"
#include "snap/plan.h"
#include "task/task.h"

/* The planning half of a handler: request body, snap and api of `call` are there, and no client. */
typedef int QueuePlan(ApiCall *call, int64_t *ret_change, Error *err);

QueuePlan snap_plan, snaps_plan, interfaces_plan, sideload_plan;

typedef struct QueueRequest {
        QueuePlan *plan; /* one of the above */
        const char *action;
        const char *const *instances;
        size_t count;
        /* NULL = the call's body.  Borrowed. */
        const json_t *body;
        /* Files in incoming/ that the request needs; NULL = none.  Borrowed. */
        const json_t *uploads;
} QueueRequest;

typedef int QueueCall(ApiCall *call, const QueueRequest *request, int64_t *ret_change, Error *err);

/* 1: it was queued as *ret_change.  0: nobody asked for that, or nothing is in the way. */
QueueCall queue_if_asked;
/* The plan itself met one, as it touches more snaps than the request names: 1 it was queued,
 * negative and `err` as it was: nobody asked for that. */
QueueCall queue_on_conflict;
/* 1: it would be queued now. */
int queue_is_needed(ApiCall *call, const char *const *instances, size_t count, Error *err);

/* The same for files whose manifests are read; they are kept for that time (sideload-queue.c). */
int sideload_queue(ApiCall *call, const InstallFile *files, size_t count, int64_t *ret_change,
                   Error *err);
/* What the form's fields say, but for the files. */
InstallRequest sideload_format_request(const json_t *fields);

/* Of the one task of a queued change; its context is a SnapContext. */
extern const TaskKind QUEUE_TASK_KIND;
