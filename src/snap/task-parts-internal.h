/* SPDX-License-Identifier: Apache-2.0
 *
 * The trios (task.h) of the kinds of tasks that packages need: what kinds.c puts into its table.
 * Each is written in the task-*.c of its name; who else needs one asks the runner.
 */
#pragma once

#include "snap/kinds.h"

int prerequisites_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);

int prepare_plan(const TaskStep *step, json_t **ret_job, Error *err);
int prepare_work(Worker *worker, void *context, const json_t *job, json_t **ret_result, Error *err);
int prepare_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int prepare_undo_plan(const TaskStep *step, json_t **ret_job, Error *err);
int prepare_undo_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                      Error *err);
int prepare_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int prepare_clean_plan(const TaskStep *step, json_t **ret_job, Error *err);
int prepare_clean_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                       Error *err);

int copy_data_plan(const TaskStep *step, json_t **ret_job, Error *err);
int copy_data_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                   Error *err);
int copy_data_undo_plan(const TaskStep *step, json_t **ret_job, Error *err);
int copy_data_undo_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                        Error *err);

/* Outcome DONE, or WAIT while programs of the current revisions of these run. */
int await_ended(const TaskStep *step, const char *const *instances, size_t count, Error *err);
int await_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int await_resume(const TaskStep *step, Error *err);

int pause_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int pause_resume(const TaskStep *step, Error *err);
int pause_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int link_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int link_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int unlink_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int unlink_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);

int switch_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);

int configure_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int configure_undo_commit(const TaskStep *step, const json_t *job, const json_t *result,
                          Error *err);

int discard_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int discard_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int discard_clean_plan(const TaskStep *step, json_t **ret_job, Error *err);
int discard_clean_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                       Error *err);

bool hook_is_blocked_by(const Task *task, const Task *running);
int hook_has_work(const TaskStep *step, Error *err);
int hook_plan(const TaskStep *step, json_t **ret_job, Error *err);
int hook_work(Worker *worker, void *context, const json_t *job, json_t **ret_result, Error *err);
int hook_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int hook_undo_has_work(const TaskStep *step, Error *err);
int hook_undo_plan(const TaskStep *step, json_t **ret_job, Error *err);
int services_has_work(const TaskStep *step, Error *err);
int services_plan(const TaskStep *step, json_t **ret_job, Error *err);
int services_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                  Error *err);

int verify_plan(const TaskStep *step, json_t **ret_job, Error *err);
int verify_work(Worker *worker, void *context, const json_t *job, json_t **ret_result, Error *err);
int verify_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);

int unpack_programs_plan(const TaskStep *step, json_t **ret_job, Error *err);
int unpack_programs_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                         Error *err);
int await_daemon_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int await_daemon_resume(const TaskStep *step, Error *err);

int end_apps_has_work(const TaskStep *step, Error *err);
int end_apps_plan(const TaskStep *step, json_t **ret_job, Error *err);
int end_apps_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                  Error *err);
