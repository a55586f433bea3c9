/* SPDX-License-Identifier: Apache-2.0
 *
 * The daemon is killed at each of its commits, and at other times; the next one ends what it finds.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "scene.h"
#include "state/verify.h"

/* What a daemon does until it is killed, and what must be there in the end, whenever that was. */
typedef struct Scenario {
        const char *name;
        const char *tasks;
        bool is_queueing; /* a second change behind the first */
        bool is_undone;
        int restarts; /* that the daemon makes by itself */
        int commits;  /* how many there are to be killed at */
} Scenario;

/* Commits: the change; a with b's mark; b with c and d's mark; d with e.  In an undo then the
 * failure of e; d's mark, d with c and b's mark, b with a. */
static const Scenario SCENARIOS[] = {
        { "run", "note a, work b, note c, work d, note e", false, false, 0, 4 },
        { "undo", "note a, work b, note c, work d, fail-plan e", false, true, 0, 8 },
        /* b with c, which waits; the daemon's orderly end; its start ends the wait; c with d's
         * mark.
         */
        { "wait", "note a, work b, wait-daemon c, work d, note e", false, false, 1, 7 },
        /* The second change; its plan and its work's mark with d and e; that with its note. */
        { "queue", "note a, work b, note c, work d, note e", true, false, 0, 6 },
};

static int commits_before_kill;

static void kill_before(bool is_after) {
        if (!is_after && commits_before_kill-- == 0)
                (void)raise(SIGKILL);
}

static void kill_after(bool is_after) {
        if (is_after && commits_before_kill-- == 0)
                (void)raise(SIGKILL);
}

static bool has_ended(Scene *scene, int64_t number) {
        (void)number;
        return scene_count(scene, "SELECT count(*) FROM change WHERE is_clean = 0") == 0;
}

static bool has_ended_or_waits(Scene *scene, int64_t number) {
        return has_ended(scene, number) ||
               scene_count(scene, "SELECT count(*) FROM task WHERE wait_name IS NOT NULL") > 0;
}

/* The probe NULL: stays until it is killed from outside, however fast it was. */
__attribute__((noreturn)) static void run_until_killed(Scene *scene, const Scenario *scenario,
                                                       void (*probe)(bool), int number) {
        scene_open(scene);
        commits_before_kill = number;
        database_set_commit_probe_for_test(probe);
        (void)scene_add_chain(scene, scenario->tasks);
        if (scenario->is_queueing)
                (void)scene_add_queued(scene, "q", 0);
        for (int i = 0; i < scenario->restarts; i++) {
                scene_run_until(scene, has_ended_or_waits, 0);
                scene_close(scene);
                scene_open(scene);
        }
        scene_run_until(scene, has_ended, 0);
        while (!probe)
                (void)pause();
        scene_close(scene);
        _exit(0);
}

static void assert_rows(Scene *scene, const char *const *rows, size_t count, bool is_there) {
        for (size_t i = 0; i < count; i++)
                if (scene_has_row(scene, rows[i]) != is_there)
                        fail_msg("%s is %s", rows[i], is_there ? "missing" : "there");
}

/* What the next daemon makes of it. */
static void finish_and_check(Scene *scene, const Scenario *scenario) {
        static const char *const FIRST[] = { "a", "b", "c", "d", "e" };
        static const char *const SECOND[] = { "q-after", "q-done" };
        Error err;

        scene_open(scene);
        scene_run_until(scene, has_ended_or_waits, 0);
        scene_close(scene);
        scene_open(scene);
        scene_run_until(scene, has_ended, 0);
        int64_t changes = scene_count(scene, "SELECT count(*) FROM change");
        bool is_there = changes > 0 && !scenario->is_undone;
        assert_rows(scene, FIRST, ARRAY_COUNT(FIRST), is_there);
        assert_int_equal(scene_has_file(scene, "b"), is_there);
        assert_int_equal(scene_has_file(scene, "d"), is_there);
        assert_rows(scene, SECOND, ARRAY_COUNT(SECOND), changes > 1);
        if (state_verify(scene->database, &err) < 0)
                fail_msg("%s", err.message);
        scene_close(scene);
}

/* Kills at the n-th commit for every n, in a new scene each; returns how often the plug was pulled.
 */
static int kill_at_every_commit(const Scenario *scenario, void (*probe)(bool)) {
        for (int number = 0;; number++) {
                void *state;
                int status;
                assert_int_equal(scene_new(&state), 0);
                Scene *scene = state;
                pid_t daemon = fork();
                if (daemon == 0)
                        run_until_killed(scene, scenario, probe, number);
                assert_int_equal(waitpid(daemon, &status, 0), daemon);
                bool is_killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
                assert_true(is_killed || (WIFEXITED(status) && WEXITSTATUS(status) == 0));
                finish_and_check(scene, scenario);
                assert_int_equal(scene_free(&state), 0);
                if (!is_killed)
                        return number;
        }
}

static void a_kill_at_any_commit_ends_before_or_after(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(SCENARIOS); i++) {
                int before = kill_at_every_commit(&SCENARIOS[i], kill_before);
                int after = kill_at_every_commit(&SCENARIOS[i], kill_after);
                print_message("%s: pulled the plug %d times before and %d times after a commit\n",
                              SCENARIOS[i].name, before, after);
                assert_int_equal(before, SCENARIOS[i].commits);
                assert_int_equal(after, SCENARIOS[i].commits);
        }
}

#define SWEEP_COUNT   24
#define SWEEP_STEP_NS 1500000L

/* Between commits: while a worker writes, while the state is made, while nothing happens. */
static void a_kill_at_any_time_ends_before_or_after(void **state) {
        int crashes = 0;

        (void)state;
        for (int i = 0; i < SWEEP_COUNT; i++) {
                const struct timespec delay = { .tv_nsec = (i + 1) * SWEEP_STEP_NS };
                const Scenario *scenario = &SCENARIOS[(size_t)i % ARRAY_COUNT(SCENARIOS)];
                void *made;
                int status;
                assert_int_equal(scene_new(&made), 0);
                Scene *scene = made;
                pid_t daemon = fork();
                if (daemon == 0)
                        run_until_killed(scene, scenario, NULL, 0);
                (void)nanosleep(&delay, NULL);
                (void)kill(daemon, SIGKILL);
                assert_int_equal(waitpid(daemon, &status, 0), daemon);
                crashes += WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
                finish_and_check(scene, scenario);
                assert_int_equal(scene_free(&made), 0);
        }
        assert_int_equal(crashes, SWEEP_COUNT);
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(a_kill_at_any_commit_ends_before_or_after),
                cmocka_unit_test(a_kill_at_any_time_ends_before_or_after),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
