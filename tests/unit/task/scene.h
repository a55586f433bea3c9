/* SPDX-License-Identifier: Apache-2.0
 *
 * Scene: a state, a run directory and a runner with kinds of tasks that leave countable traces, for
 * the tests of this folder.
 *
 * A task's data is {"name":N, …}.  "note" keeps the row N in `setting` while it is done; "work"
 * keeps the file N as well.  Both insert: done twice they fail.
 */
#pragma once

#include "../scratch.h"
#include "../unit.h"
#include "base/text.h"
#include "task/change.h"
#include "task/runner.h"

typedef struct Scene {
        char directory[SCRATCH_SIZE];
        int directory_fd;
        Database *database;
        uv_loop_t loop;
        Runner *runner;
        int commits_seen; /* on_commit calls */
} Scene;

/* cmocka's setup and teardown: *state is a Scene with a directory and nothing open. */
int scene_new(void **state);
int scene_free(void **state);
void scene_open(Scene *scene); /* database and runner */
void scene_close(Scene *scene);

int64_t scene_add_change(Scene *scene, const char *instance);
/* Waits for the task before it in the same chain (0 = none). */
int64_t scene_add_task(Scene *scene, int64_t change, const char *kind, const char *name,
                       int64_t waits_for);
/* A change of "hello", in one transaction, of tasks each waiting for the one before: "kind name,
 * kind name, …". */
int64_t scene_add_chain(Scene *scene, const char *tasks);
/* Queued behind what touches "hello"; its plan is "work NAME-before" or, where the row "a" is there
 * then, "work NAME-after", and "note NAME-done". */
int64_t scene_add_queued(Scene *scene, const char *name, int64_t until);
void scene_abort(Scene *scene, int64_t change);
/* Turns the loop until the change is ready; fails the test after 20 s. */
void scene_run_until_ready(Scene *scene, int64_t change);
/* Turns it until `is_true`. */
void scene_run_until(Scene *scene, bool (*is_true)(Scene *scene, int64_t number), int64_t number);

/* Begin, and commit with the scope of the test's own writes. */
void scene_begin(Scene *scene, Transaction *transaction);
void scene_commit(Transaction *transaction);

/* Of all its tasks: "Done Undone …". */
void scene_assert_statuses(Scene *scene, int64_t change, const char *expected);
void scene_assert_trace(Scene *scene, const char *expected);
json_t *scene_describe(Scene *scene, int64_t change);
void scene_assert_change(Scene *scene, int64_t change, const char *status, const char *error_part);

char *scene_get_status(Scene *scene, int64_t task);
/* "+a +b -b …" in the order of commits; "!a" after a wait, "~a" cleaned. */
char *scene_get_trace(Scene *scene);
bool scene_has_row(Scene *scene, const char *name);
bool scene_has_file(Scene *scene, const char *name);
int64_t scene_count(Scene *scene, const char *sql);
