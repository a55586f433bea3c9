/* SPDX-License-Identifier: Apache-2.0
 *
 * Setup: what a set of tasks is about, kept once, as the data of the set's prepare-snap task:
 *
 *     {"instance":"x", "incoming":"upload-…", "flags":{"devmode":true}, "revert":true,
 *      "revision":"x2"      from the start where it exists already, else since prepare-snap is Done
 *      "file":"x_x2.snap", "old_dir":bool, "old_common":bool   since prepare-snap is Done}
 *
 * Every other task of the set has {"instance":"x","setup":<id of that task>} and what its own undo
 * needs.
 */
#pragma once

#include "snap/kinds.h"

/* The setup that `step` belongs to (its own data where it is the one that carries it); one without
 * a revision is an error. */
int setup_load_prepared(const TaskStep *step, json_t **ret, Error *err);
const char *setup_get_instance(const json_t *setup);
const char *setup_get_revision(const json_t *setup);

/* The trios that kinds.c puts into its table. */
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

int pause_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int pause_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int link_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int link_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int unlink_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int unlink_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);

int switch_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);

int discard_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int discard_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int discard_clean_plan(const TaskStep *step, json_t **ret_job, Error *err);
int discard_clean_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                       Error *err);

int hook_plan(const TaskStep *step, json_t **ret_job, Error *err);
int hook_work(Worker *worker, void *context, const json_t *job, json_t **ret_result, Error *err);
int services_plan(const TaskStep *step, json_t **ret_job, Error *err);
int services_work(Worker *worker, void *context, const json_t *job, json_t **ret_result,
                  Error *err);

int verify_plan(const TaskStep *step, json_t **ret_job, Error *err);
int verify_work(Worker *worker, void *context, const json_t *job, json_t **ret_result, Error *err);
int verify_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
