/* SPDX-License-Identifier: Apache-2.0
 *
 * Refreshes that wait for programs: prepared, then held until the last has ended, whatever the
 * daemon does meanwhile.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "rig.h"
#include "task/change.h"

#define APP(name, version)                                     \
        "{\"name\":\"" name "\",\"version\":\"" version        \
        "\",\"summary\":\"s\",\"description\":\"d\",\"base\":" \
        "\"testbase\",\"apps\":{\"" name "\":{\"command\":\"bin/app\"}}}"

/* The event, not the slow look every 30 s. */
#define SOON_NS 27000000000LL

static char *directory, *base_path, *paths[2][2];

static char *make(const char *file, const char *manifest) {
        return rig_make_package_path(directory, file, manifest, 1000);
}

static int make_packages(void **state) {
        (void)state;
        directory = rig_make_root();
        base_path = make("base.snap", "{\"name\":\"testbase\",\"version\":\"1\",\"type\":\"base\","
                                      "\"summary\":\"b\",\"description\":\"b\"}");
        paths[0][0] = make("h1.snap", APP("hello", "1"));
        paths[0][1] = make("s1.snap", APP("second", "1"));
        paths[1][0] = make("h2.snap", APP("hello", "2"));
        paths[1][1] = make("s2.snap", APP("second", "2"));
        return 0;
}

static int remove_packages(void **state) {
        (void)state;
        rig_remove_tree(directory);
        free(directory);
        free(base_path);
        for (size_t i = 0; i < 4; i++)
                free(paths[i / 2][i % 2]);
        return 0;
}

static char *open_installed(Rig *rig) {
        char *root = rig_make_root();

        rig_must_open(root, rig);
        for (size_t i = 0; i < 3; i++) {
                autofree char *status = rig_install(rig, i ? paths[0][i - 1] : base_path);
                assert_string_equal(status, "Done");
        }
        return root;
}

/* A process that holds the lease as a launcher does, until it is killed. */
static pid_t start_program(const char *root, const char *instance) {
        Error err = ERROR_INIT;
        autofd int top = directory_open(root, &err);
        autofree char *beneath = string_format("run/pawl/lease/%s/x1", instance);
        autofd int made = directory_make_beneath(top, beneath, 0700, &err);
        autofd int lease = openat(made, "70001", O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
        pid_t pid;

        assert_int_equal(flock(lease, LOCK_SH | LOCK_NB), 0);
        pid = fork();
        if (pid == 0) {
                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                /* All but the lease: the state's lock is the daemon's. */
                (void)close_range(0, (unsigned)lease - 1, 0);
                (void)close_range((unsigned)lease + 1, ~0U, 0);
                for (;;)
                        (void)pause();
        }
        return pid;
}

static void end_program(pid_t pid) {
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* For two seconds: holds the lease, and others do who end at once. */
static pid_t start_restless_program(const char *root) {
        pid_t pid;
        int status;
        autofree char *path = string_format("%s/run/pawl/lease/hello/x1/70001", root);

        pid = fork();
        if (pid != 0) {
                /* It stands still once it holds it. */
                assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
                assert_true(WIFSTOPPED(status));
                assert_int_equal(kill(pid, SIGCONT), 0);
                return pid;
        }
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)close_range(0, ~0U, 0);
        if (flock(open(path, O_RDONLY | O_CLOEXEC), LOCK_SH | LOCK_NB) < 0)
                _exit(1);
        (void)raise(SIGSTOP);
        int64_t end = clock_get_boot() + 2000000000LL;
        while (clock_get_boot() < end) {
                if (fork() == 0) {
                        (void)usleep(20000);
                        _exit(0);
                }
                (void)usleep(5000);
                while (waitpid(-1, NULL, WNOHANG) > 0)
                        continue;
        }
        _exit(0);
}

static int64_t plan(Rig *rig, RunningApps choice, size_t count) {
        InstallRequest request = { .count = count,
                                   .is_one_lane = count > 1,
                                   .running_apps = choice };
        Error err = ERROR_INIT;
        int64_t change = 0;

        if (rig_plan_many(rig, &request, (const char *const *)paths[1], &change, &err) < 0)
                fail_msg("%s", err.message);
        return change;
}

static void run_to_wait(Rig *rig) {
        Error err = ERROR_INIT;

        if (rig_run_to_wait(rig, &err) < 0)
                fail_msg("%s", err.message);
}

static void run_to_end(Rig *rig) {
        int64_t begun = clock_get_boot();
        Error err = ERROR_INIT;

        if (rig_run(rig, &err) < 0)
                fail_msg("%s", err.message);
        assert_true(clock_get_boot() - begun < SOON_NS);
}

static const char *const CURRENT =
        "SELECT group_concat(instance||' '||current||' '||(paused_by NOTNULL), ', ') FROM (SELECT * "
        "FROM snap WHERE type = 'app' ORDER BY instance)";

static void assert_status(Rig *rig, int64_t change, const char *expected) {
        autofree char *status = rig_get_change_status(rig, change);

        assert_string_equal(status, expected);
}

/* What comes after it is still to be done. */
static void assert_waits(Rig *rig, int64_t change) {
        assert_status(rig, change, "Do");
        rig_assert_text(rig, "SELECT DISTINCT wait_name FROM task WHERE status = 'Wait'",
                        RUNNING_EVENT);
}

static void set(Rig *rig, const char *patch_text) {
        autojson patch = json_loads(patch_text, 0, NULL);
        PlanContext context = { rig->database, rig->places, NULL };
        Error err = ERROR_INIT;
        int64_t change = 0;

        if (plan_set_settings(&context, patch, &change, &err) < 0)
                fail_msg("%s", err.message);
}

static void it_goes_on_when_the_last_program_ends(void **state) {
        Rig rig;
        char *root = open_installed(&rig);
        pid_t first = start_program(root, "hello"), second = start_program(root, "hello");

        (void)state;
        int64_t change = plan(&rig, RUNNING_DEFER, 1);
        run_to_wait(&rig);
        assert_waits(&rig, change);
        rig_assert_text(&rig, CURRENT, "hello x1 0, second x1 0");
        autofree char *line =
                string_format("waits until programs have ended, of snap \"hello\", pids: %d,%d",
                              first < second ? first : second, first < second ? second : first);
        rig_assert_text(&rig, "SELECT text FROM task_log ORDER BY id DESC LIMIT 1", line);
        /* What was verified is there. */
        rig_shell(root, 0, "test -e var/lib/pawl/images/hello_x2.snap");
        end_program(first);
        for (int i = 0; i < 10; i++)
                (void)uv_run(&rig.loop, UV_RUN_NOWAIT);
        run_to_wait(&rig);
        assert_waits(&rig, change);
        end_program(second);
        run_to_end(&rig);
        assert_status(&rig, change, "Done");
        rig_assert_text(&rig, CURRENT, "hello x2 0, second x1 0");
        rig_close_and_remove(&rig, root);
}

static void it_survives_the_daemon(void **state) {
        Rig rig;
        char *root = open_installed(&rig);
        pid_t program = start_program(root, "hello");

        (void)state;
        int64_t change = plan(&rig, RUNNING_DEFER, 1);
        run_to_wait(&rig);
        rig_close(&rig);
        rig_must_open(root, &rig);
        run_to_wait(&rig);
        assert_waits(&rig, change);
        end_program(program);
        run_to_end(&rig);
        assert_status(&rig, change, "Done");
        rig_close_and_remove(&rig, root);
}

/* The program ends while there is no daemon to be told. */
static void it_goes_on_with_the_next_daemon(void **state) {
        Rig rig;
        char *root = open_installed(&rig);
        pid_t program = start_program(root, "hello");

        (void)state;
        int64_t change = plan(&rig, RUNNING_DEFER, 1);
        run_to_wait(&rig);
        rig_close(&rig);
        end_program(program);
        rig_must_open(root, &rig);
        run_to_end(&rig);
        assert_status(&rig, change, "Done");
        rig_close_and_remove(&rig, root);
}

static void it_can_be_aborted(void **state) {
        Rig rig;
        char *root = open_installed(&rig);
        autofree char *before = rig_describe_world(&rig);
        pid_t program = start_program(root, "hello");
        autotransaction transaction = TRANSACTION_INIT;
        Error err = ERROR_INIT;

        (void)state;
        int64_t change = plan(&rig, RUNNING_DEFER, 1);
        run_to_wait(&rig);
        assert_int_equal(transaction_begin(rig.database, &transaction, &err), 0);
        assert_int_equal(change_abort(rig.database, change, &err), 0);
        assert_int_equal(transaction_commit(&transaction, &err), 0);
        run_to_end(&rig);
        autofree char *after = rig_describe_world(&rig);
        assert_string_equal(after, before);
        end_program(program);
        rig_close_and_remove(&rig, root);
}

/* Until the last program of the last of them: nothing is held still before. */
static void several_together_wait_for_all(void **state) {
        Rig rig;
        char *root = open_installed(&rig);
        pid_t hello = start_program(root, "hello"), second = start_program(root, "second");

        (void)state;
        int64_t change = plan(&rig, RUNNING_DEFER, 2);
        run_to_wait(&rig);
        end_program(second);
        for (int i = 0; i < 20; i++) {
                (void)usleep(10000);
                (void)uv_run(&rig.loop, UV_RUN_NOWAIT);
        }
        assert_waits(&rig, change);
        rig_assert_text(&rig, CURRENT, "hello x1 0, second x1 0");
        rig_assert_text(&rig,
                        "SELECT count(*) FROM task WHERE kind IN ('stop-snap-services', "
                        "'unlink-current-snap') AND status = 'Done'",
                        "0");
        end_program(hello);
        run_to_end(&rig);
        assert_status(&rig, change, "Done");
        rig_assert_text(&rig, CURRENT, "hello x2 0, second x2 0");
        rig_close_and_remove(&rig, root);
}

static const char *slip_root;
static pid_t slipped;

/* After the wait and before the pause. */
static int start_one(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)step;
        (void)job;
        (void)result;
        (void)err;
        if (!slipped)
                slipped = start_program(slip_root, "second");
        return TASK_OUTCOME_DONE;
}

static void who_slips_in_is_waited_for_too(void **state) {
        static TaskKind kinds[64];
        Rig rig;
        char *root = open_installed(&rig);

        (void)state;
        rig_close(&rig);
        memcpy(kinds, SNAP_TASK_KINDS, SNAP_TASK_KIND_COUNT * sizeof(TaskKind));
        for (size_t i = 0; i < SNAP_TASK_KIND_COUNT; i++)
                if (string_equal(kinds[i].name, "remove-aliases"))
                        kinds[i].run = (TaskPart){ .commit = start_one };
        rig_kinds = kinds;
        slip_root = root;
        slipped = 0;
        rig_must_open(root, &rig);
        int64_t change = plan(&rig, RUNNING_DEFER, 2);
        run_to_wait(&rig);
        rig_kinds = NULL;
        rig_assert_text(&rig, "SELECT kind FROM task WHERE status = 'Wait'", "unlink-current-snap");
        rig_assert_text(&rig, CURRENT, "hello x1 0, second x1 0");
        end_program(slipped);
        run_to_end(&rig);
        assert_status(&rig, change, "Done");
        rig_assert_text(&rig, CURRENT, "hello x2 0, second x2 0");
        rig_close_and_remove(&rig, root);
}

/* Else any user lets pawld walk over /proc and flush the disk as fast as it can. */
static void who_forks_on_and_on_costs_a_look_a_second(void **state) {
        Rig rig;
        char *root = open_installed(&rig);
        pid_t quiet = start_program(root, "hello");
        autofree char *count = NULL;
        Error err = ERROR_INIT;

        (void)state;
        int64_t change = plan(&rig, RUNNING_DEFER, 1);
        run_to_wait(&rig);
        pid_t restless = start_restless_program(root);
        end_program(quiet);
        run_to_end(&rig);
        assert_status(&rig, change, "Done");
        assert_int_equal(waitpid(restless, NULL, 0), restless);
        /* Each look that saw others said so. */
        assert_int_equal(database_find_text(rig.database, &count, &err,
                                            "SELECT max(id) FROM task_log WHERE text LIKE 'waits%'",
                                            ""),
                         1);
        assert_in_range(strtoul(count, NULL, 10), 2, 12); /* 2 s, and 5 that are free */
        rig_close_and_remove(&rig, root);
}

static void settings_decide_where_the_request_does_not(void **state) {
        Rig rig;
        char *root = open_installed(&rig);
        pid_t program = start_program(root, "hello");
        Error err = ERROR_INIT;
        int64_t change = 0;

        (void)state;
        assert_int_equal(rig_plan_install(&rig, paths[1][0], &change, &err), -1);
        assert_int_equal(err.kind, ERROR_BUSY);
        set(&rig, "{\"refresh\":{\"running-apps\":\"ignore\",\"running-apps-for\":{\"hello\":"
                  "\"defer\"}}}");
        run_to_end(&rig);
        /* The request first, then the snap's own, then the system's. */
        InstallRequest refusing = { .count = 1, .running_apps = RUNNING_REFUSE };
        const char *path = paths[1][0];
        assert_int_equal(rig_plan_many(&rig, &refusing, &path, &change, &err), -1);
        assert_int_equal(err.kind, ERROR_BUSY);
        change = plan(&rig, RUNNING_AS_SET, 1);
        run_to_wait(&rig);
        assert_waits(&rig, change);
        end_program(program);
        run_to_end(&rig);
        set(&rig, "{\"refresh.running-apps-for\":null}");
        run_to_end(&rig);
        rig_assert_text(&rig, "SELECT group_concat(key||'='||value) FROM setting",
                        "refresh.running-apps=ignore");
        rig_close_and_remove(&rig, root);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(it_goes_on_when_the_last_program_ends),
                cmocka_unit_test(it_survives_the_daemon),
                cmocka_unit_test(it_goes_on_with_the_next_daemon),
                cmocka_unit_test(it_can_be_aborted),
                cmocka_unit_test(several_together_wait_for_all),
                cmocka_unit_test(who_slips_in_is_waited_for_too),
                cmocka_unit_test(who_forks_on_and_on_costs_a_look_a_second),
                cmocka_unit_test(settings_decide_where_the_request_does_not),
        };

        if (!rig_use_reader() || geteuid() != 0)
                return 77;
        return cmocka_run_group_tests(tests, make_packages, remove_packages);
}
