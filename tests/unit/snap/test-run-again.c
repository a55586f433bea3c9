/* SPDX-License-Identifier: Apache-2.0
 *
 * Two faults that other daemons had, aimed at: a task that has worked, and whose Done is not stored
 * when the daemon is killed, finds all that it needs when it is run again, and means the same.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"
#include "base/text.h"
#include "rig.h"

#define APP_MANIFEST(version)                                                                \
        "{\"name\":\"hello\",\"version\":\"" version "\",\"summary\":\"s\",\"description\":" \
        "\"d\",\"base\":\"testbase\",\"apps\":{\"hello\":{\"command\":\"bin/app\"}}}"

static char *directory, *paths[4];
static TaskKind kinds[64];
static const TaskKind *real;

static int make_packages(void **state) {
        static const char *const MANIFESTS[] = {
                "{\"name\":\"testbase\",\"version\":\"1\",\"type\":\"base\",\"summary\":\"b\","
                "\"description\":\"b\"}",
                APP_MANIFEST("1"),
                APP_MANIFEST("2"),
                APP_MANIFEST("3"),
        };

        (void)state;
        directory = rig_make_root();
        for (size_t i = 0; i < ARRAY_COUNT(MANIFESTS); i++) {
                autofree char *file = string_format("%zu.snap", i);
                rig_make_package(directory, file, MANIFESTS[i], 20000);
                paths[i] = string_format("%s/%s", directory, file);
        }
        return 0;
}

static int remove_packages(void **state) {
        (void)state;
        rig_kinds = NULL;
        rig_remove_tree(directory);
        free(directory);
        for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
                free(paths[i]);
        return 0;
}

typedef int Commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);

/* The rigs of this process have this commit in place of that kind's own. */
static void replace_commit(const char *kind, Commit *commit) {
        assert_true(SNAP_TASK_KIND_COUNT <= ARRAY_COUNT(kinds));
        memcpy(kinds, SNAP_TASK_KINDS, SNAP_TASK_KIND_COUNT * sizeof(TaskKind));
        for (size_t i = 0; i < SNAP_TASK_KIND_COUNT; i++) {
                if (!string_equal(kinds[i].name, kind))
                        continue;
                real = &SNAP_TASK_KINDS[i];
                kinds[i].run.commit = commit;
        }
        rig_kinds = kinds;
}

static void install(Rig *rig, size_t package) {
        autofree char *status = rig_install(rig, paths[package]);

        assert_string_equal(status, "Done");
}

static int die(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)step;
        (void)job;
        (void)result;
        (void)err;
        return raise(SIGKILL);
}

/* The image is in its place, the commit that says so never happens: who comes next must still have
 * the file that was sent. */
static void the_source_is_there_until_done_is_durable(void **state) {
        autofree char *root = rig_make_root();
        Error err = ERROR_INIT;
        int64_t change = 0;
        int status = 0;
        Rig rig;

        (void)state;
        rig_kinds = NULL;
        rig_must_open(root, &rig);
        install(&rig, 0);
        rig_close(&rig);
        pid_t daemon = fork();
        if (daemon == 0) {
                replace_commit("prepare-snap", die);
                rig_must_open(root, &rig);
                if (rig_plan_install(&rig, paths[1], &change, &err) == 0)
                        (void)rig_run(&rig, &err);
                _exit(0);
        }
        assert_int_equal(waitpid(daemon, &status, 0), daemon);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
        rig_must_open(root, &rig);
        assert_int_equal(rig_run(&rig, &err), 0);
        autofree char *outcome = rig_get_change_status(&rig, 2);
        assert_string_equal(outcome, "Done");
        rig_close(&rig);
        rig_remove_tree(root);
}

static int twice(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        if (real->run.commit(step, job, result, err) != TASK_OUTCOME_DONE)
                return -1;
        return real->run.commit(step, job, result, err);
}

/* As if its effect had been stored and its Done had not. */
static void a_discard_that_is_run_again_takes_no_other_revision(void **state) {
        const char *const instances[] = { "hello" };
        const RemoveRequest request = { .instances = instances, .count = 1, .revision = "x1" };
        autofree char *root = rig_make_root();
        autofree char *revisions = NULL;
        Error err = ERROR_INIT;
        int64_t change = 0;
        Rig rig;

        (void)state;
        replace_commit("discard-snap", twice);
        rig_must_open(root, &rig);
        for (size_t i = 0; i < 3; i++)
                install(&rig, i);
        PlanContext context = { .database = rig.database, .places = rig.places };
        assert_int_equal(plan_remove(&context, &request, &change, &err), 0);
        assert_int_equal(rig_run(&rig, &err), 0);
        autofree char *status = rig_get_change_status(&rig, change);
        assert_string_equal(status, "Done");
        assert_int_equal(database_find_text(rig.database, &revisions, &err,
                                            "SELECT group_concat(revision) FROM revision WHERE "
                                            "instance = 'hello'",
                                            ""),
                         1);
        assert_string_equal(revisions, "x2");
        rig_close(&rig);
        rig_remove_tree(root);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_source_is_there_until_done_is_durable),
                cmocka_unit_test(a_discard_that_is_run_again_takes_no_other_revision),
        };

        if (!rig_use_reader())
                return 77;
        return cmocka_run_group_tests(tests, make_packages, remove_packages);
}
