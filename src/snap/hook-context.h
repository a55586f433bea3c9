/* SPDX-License-Identifier: Apache-2.0
 *
 * HookContext: what a hook that runs may ask and say by snapctl, kept in its task's job: in memory
 * only, and no longer than the worker that runs it.  What it said is stored with the task's Done,
 * or, when it fails, never.
 *
 *     {…, "cookie":"…", "instance":"x", "hook":"prepare-plug-p",
 *      "side":"plug", "endpoint":"p", "may_set":true, "attributes":{"plug":…, "slot":…}}
 *
 * The second line is of hooks of interfaces alone; "attributes" as attributes_load makes it.
 */
#pragma once

#include "task/task.h"

#define HOOK_COOKIE     "cookie"
#define HOOK_SIDE       "side"
#define HOOK_ENDPOINT   "endpoint"
#define HOOK_MAY_SET    "may_set"
#define HOOK_ATTRIBUTES "attributes"

/* To a job that names instance and hook: a cookie that nobody can guess, and the rest. */
int hook_context_add(const TaskStep *step, json_t *job, Error *err);
/* Stores what was said. */
int hook_context_commit(const TaskStep *step, const json_t *job, Error *err);
