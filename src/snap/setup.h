/* SPDX-License-Identifier: Apache-2.0
 *
 * Setup: what a set of tasks is about, kept once, as the data of the set's prepare-snap task:
 *
 *     {"instance":"x", "incoming":"upload-…" or "source":"…:/home/…/x" (a directory that is tried),
 *      "flags":{"devmode":true}, "revert":true,
 *      "revision":"x2"      from the start where it exists already, else since prepare-snap is Done
 *      "file":"x_x2.snap", "old_dir":bool, "old_common":bool   since prepare-snap is Done}
 *
 * Besides: "is_running_ignored", "is_running_awaited" (setting.h), and "base_beside", the base that
 * is switched in the same transaction.
 *
 * Every other task of the set has {"instance":"x","setup":<id of that task>} and what its own undo
 * needs.  Where several sets are one transaction, one task pauses all of them and one switches all:
 * it has "with":[{"instance":"y","setup":…},…], and the tasks of the others in these places have
 * "leader":<its id> and nothing to do.
 */
#pragma once

#include "task/task.h"

/* The setup that `step` belongs to (its own data where it is the one that carries it); one without
 * a revision is an error. */
int setup_load_prepared(const TaskStep *step, json_t **ret, Error *err);
/* The same of `data`: the task's own, or one of its "with". */
int setup_load_member(const TaskStep *step, json_t *data, json_t **ret, Error *err);
/* As it is, prepared or not. */
int setup_load(const TaskStep *step, json_t *data, json_t **ret, Error *err);
/* Of what was made for its revision nothing may go while that is the current one: what should have
 * taken it back could not (a task that cannot be read). */
int setup_check_taken_back(const TaskStep *step, const json_t *setup, Error *err);
const char *setup_get_instance(const json_t *setup);
const char *setup_get_revision(const json_t *setup);
