/* SPDX-License-Identifier: Apache-2.0
 *
 * Several snaps in one transaction: at no commit, forwards or back, is one of them new and another
 * old, nor one held still while another goes on.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "../unit.h"
#include "base/text.h"
#include "rig.h"
#include "state/verify.h"

#define MEMBER_COUNT 3
#define APP(name, version)                                     \
        "{\"name\":\"" name "\",\"version\":\"" version        \
        "\",\"summary\":\"s\",\"description\":\"d\",\"base\":" \
        "\"testbase\",\"apps\":{\"" name "\":{\"command\":\"bin/app\"}}}"
#define BASE(version)                                   \
        "{\"name\":\"testbase\",\"version\":\"" version \
        "\",\"type\":\"base\",\"summary\":\"b\",\"description\":\"b\"}"

/* An app before the base that it stands on: the order is not the client's business. */
static const struct {
        const char *instance, *file[2], *manifest[2];
} MEMBERS[MEMBER_COUNT] = {
        { "hello", { "h1.snap", "h2.snap" }, { APP("hello", "1"), APP("hello", "2") } },
        { "testbase", { "b1.snap", "b2.snap" }, { BASE("1"), BASE("2") } },
        { "second", { "s1.snap", "s2.snap" }, { APP("second", "1"), APP("second", "2") } },
};

static char *directory, *paths[2][MEMBER_COUNT];

static int make_packages(void **state) {
        (void)state;
        directory = rig_make_root();
        for (size_t i = 0; i < 2 * MEMBER_COUNT; i++) {
                size_t version = i / MEMBER_COUNT, member = i % MEMBER_COUNT;
                const char *file = MEMBERS[member].file[version];
                rig_make_package(directory, file, MEMBERS[member].manifest[version], 1000);
                paths[version][member] = string_format("%s/%s", directory, file);
        }
        return 0;
}

static int remove_packages(void **state) {
        (void)state;
        rig_remove_tree(directory);
        free(directory);
        for (size_t i = 0; i < 2 * MEMBER_COUNT; i++)
                free(paths[i / MEMBER_COUNT][i % MEMBER_COUNT]);
        return 0;
}

static int fail_second(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        if (!string_equal(json_get_string(step->task->data, "instance", ""), "second"))
                return TASK_OUTCOME_DONE;
        return error_set(err, ERROR_FAILED, "made to fail");
}

/* Rigs opened from now on fail for `second` in tasks of this kind; NULL: they do not. */
static void set_failing(const char *kind) {
        static TaskKind kinds[64];

        memcpy(kinds, SNAP_TASK_KINDS, SNAP_TASK_KIND_COUNT * sizeof(TaskKind));
        for (size_t i = 0; i < SNAP_TASK_KIND_COUNT; i++)
                if (kind && string_equal(kinds[i].name, kind))
                        kinds[i].run = (TaskPart){ .commit = fail_second };
        rig_kinds = kind ? kinds : NULL;
}

/* --- looking at every commit --- */

static struct {
        Rig *rig;
        int commits, old, new, paused;
        int mixed; /* one new and one old */
        int torn;  /* one held still and another not */
        int kill_at;
} watch;

static int64_t count_snaps(Database *database, const char *sql) {
        int64_t count = 0;
        Error err = ERROR_INIT;

        if (database_find_int(database, &count, &err, sql, "") < 0)
                fail_msg("%s", err.message);
        return count;
}

static bool is_mixed(Database *database) {
        int64_t old = count_snaps(database, "SELECT count(*) FROM snap WHERE current = 'x1'");
        int64_t new = count_snaps(database, "SELECT count(*) FROM snap WHERE current = 'x2'");

        watch.old += old == MEMBER_COUNT;
        watch.new += new == MEMBER_COUNT;
        return old != MEMBER_COUNT && new != MEMBER_COUNT &&old + new > 0;
}

static void look(bool is_after) {
        watch.commits++;
        if (watch.kill_at && watch.commits >= watch.kill_at)
                (void)kill(getpid(), SIGKILL);
        if (is_after)
                return;
        /* In the transaction still, so this is what the commit makes true. */
        Database *database = watch.rig->database;
        int64_t paused = count_snaps(database, "SELECT count(*) FROM snap WHERE paused_by NOTNULL");
        watch.mixed += is_mixed(database);
        watch.paused += paused == MEMBER_COUNT;
        watch.torn += paused != 0 && paused != MEMBER_COUNT;
}

static char *install_all(Rig *rig, size_t version, bool is_one_lane) {
        InstallRequest request = { .count = MEMBER_COUNT, .is_one_lane = is_one_lane };
        int64_t change = 0;
        Error err = ERROR_INIT;

        if (rig_plan_many(rig, &request, (const char *const *)paths[version], &change, &err) < 0 ||
            rig_run(rig, &err) < 0)
                return string_copy(err.message);
        return rig_get_change_status(rig, change);
}

static char *open_installed(Rig *rig) {
        char *root = rig_make_root();

        rig_must_open(root, rig);
        autofree char *status = install_all(rig, 0, true);
        assert_string_equal(status, "Done");
        return root;
}

/* A refresh of all with a look at each commit; its status. */
static char *refresh_watched(Rig *rig) {
        memset(&watch, 0, sizeof(watch));
        watch.rig = rig;
        database_set_commit_probe_for_test(look);
        char *status = install_all(rig, 1, true);
        database_set_commit_probe_for_test(NULL);
        return status;
}

/* --- the tests --- */

static void a_first_install_is_of_all_or_none(void **state) {
        char *root = rig_make_root();
        Rig rig;

        (void)state;
        set_failing("start-snap-services");
        rig_must_open(root, &rig);
        autofree char *before = rig_describe_world(&rig);
        memset(&watch, 0, sizeof(watch));
        watch.rig = &rig;
        database_set_commit_probe_for_test(look);
        autofree char *status = install_all(&rig, 0, true);
        database_set_commit_probe_for_test(NULL);
        set_failing(NULL);
        autofree char *after = rig_describe_world(&rig);
        assert_string_equal(status, "Error");
        assert_string_equal(after, before);
        assert_true(watch.old > 0);
        assert_int_equal(watch.mixed, 0);
        rig_close_and_remove(&rig, root);
}

static void all_switch_in_one_commit(void **state) {
        Rig rig;
        char *root = open_installed(&rig);
        autofree char *status = refresh_watched(&rig);

        (void)state;
        assert_string_equal(status, "Done");
        assert_true(watch.old > 0 && watch.new > 0 && watch.paused > 0);
        assert_int_equal(watch.mixed, 0);
        assert_int_equal(watch.torn, 0);
        assert_int_equal(count_snaps(rig.database, "SELECT count(*) FROM snap WHERE current = 'x2' "
                                                   "AND paused_by IS NULL AND is_active"),
                         MEMBER_COUNT);
        /* What clients count is there for each. */
        assert_int_equal(count_snaps(rig.database,
                                     "SELECT count(*) FROM task WHERE change = 2 AND kind IN "
                                     "('link-snap', 'unlink-current-snap') AND status = 'Done'"),
                         2 * MEMBER_COUNT);
        rig_close_and_remove(&rig, root);
}

static void go_back_from(const char *kind) {
        Rig rig;
        char *root = open_installed(&rig);
        autofree char *before = rig_describe_world(&rig);

        rig_close(&rig);
        set_failing(kind);
        rig_must_open(root, &rig);
        autofree char *status = refresh_watched(&rig);
        set_failing(NULL);
        autofree char *after = rig_describe_world(&rig);
        assert_string_equal(status, "Error");
        assert_string_equal(after, before);
        assert_true(string_equal(kind, "copy-snap-data") == (watch.new == 0));
        assert_int_equal(watch.mixed, 0);
        assert_int_equal(watch.torn, 0);
        rig_close_and_remove(&rig, root);
}

static void all_go_back_in_one_commit(void **state) {
        static const char *const KINDS[] = { "copy-snap-data", "auto-connect",
                                             "start-snap-services", "cleanup" };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(KINDS); i++)
                go_back_from(KINDS[i]);
}

/* The same three without the transaction: the test can see a mixture. */
static void each_alone_is_seen_as_a_mixture(void **state) {
        Rig rig;
        char *root = open_installed(&rig);

        (void)state;
        memset(&watch, 0, sizeof(watch));
        watch.rig = &rig;
        database_set_commit_probe_for_test(look);
        autofree char *status = install_all(&rig, 1, false);
        database_set_commit_probe_for_test(NULL);
        assert_string_equal(status, "Done");
        assert_true(watch.mixed > 0);
        rig_close_and_remove(&rig, root);
}

static void run_until_killed(const char *root, int kill_at) {
        Rig rig;
        Error err = ERROR_INIT;

        if (rig_open(root, &rig, &err) < 0)
                _exit(2);
        memset(&watch, 0, sizeof(watch));
        watch.rig = &rig;
        watch.kill_at = kill_at;
        database_set_commit_probe_for_test(look);
        free(install_all(&rig, 1, true));
        _exit(0);
}

/* 1 when it was killed. */
static int kill_once(const char *template, int kill_at) {
        char *root = rig_copy_root(template);
        int status = 0;
        Error err = ERROR_INIT;
        Rig rig;
        pid_t pid = fork();

        if (pid == 0)
                run_until_killed(root, kill_at);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        rig_must_open(root, &rig);
        if (is_mixed(rig.database))
                fail_msg("killed at side %d of a commit: one is new, another old", kill_at);
        memset(&watch, 0, sizeof(watch));
        watch.rig = &rig;
        database_set_commit_probe_for_test(look);
        assert_int_equal(rig_run(&rig, &err), 0);
        database_set_commit_probe_for_test(NULL);
        assert_int_equal(watch.mixed, 0);
        if (state_verify(rig.database, &err) < 0)
                fail_msg("%s", err.message);
        assert_false(is_mixed(rig.database));
        rig_close_and_remove(&rig, root);
        return WIFSIGNALED(status);
}

static void kill_everywhere(const char *failing) {
        Rig rig;
        char *template = open_installed(&rig);
        int crashes = 0;

        rig_close(&rig);
        set_failing(failing);
        /* Each side of every other commit; which ones, another run decides otherwise. */
        for (int at = 1 + getpid() % 2; kill_once(template, at); at += 2)
                crashes++;
        set_failing(NULL);
        print_message("all-snaps%s: %d crashes\n", failing ? " undone" : "", crashes);
        assert_true(crashes >= 8);
        rig_remove_tree(template);
        free(template);
}

static void a_kill_leaves_no_mixture(void **state) {
        (void)state;
        kill_everywhere(NULL);
        kill_everywhere("start-snap-services");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_first_install_is_of_all_or_none),
                cmocka_unit_test(all_switch_in_one_commit),
                cmocka_unit_test(all_go_back_in_one_commit),
                cmocka_unit_test(each_alone_is_seen_as_a_mixture),
                cmocka_unit_test(a_kill_leaves_no_mixture),
        };

        if (!rig_use_reader() || geteuid() != 0)
                return 77;
        return cmocka_run_group_tests(tests, make_packages, remove_packages);
}
