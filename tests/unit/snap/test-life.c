/* SPDX-License-Identifier: Apache-2.0
 *
 * The life of a package among people: data of users that follows a refresh and goes back with it,
 * programs that run meanwhile.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../unit.h"
#include "base/file.h"
#include "base/text.h"
#include "rig.h"
#include "task/change.h"

#define ALICE 70001
#define BOB   70002

#define BASE_MANIFEST \
        "{\"name\":\"testbase\",\"version\":\"1\",\"type\":\"base\",\"summary\":\"b\",\"description\":\"b\"}"
#define APP_MANIFEST(version)                                  \
        "{\"name\":\"hello\",\"version\":\"" version           \
        "\",\"summary\":\"s\",\"description\":\"d\",\"base\":" \
        "\"testbase\",\"apps\":{\"hello\":{\"command\":\"bin/app\"}}}"

#define OTHER_MANIFEST(name)                                                     \
        "{\"name\":\"" name                                                      \
        "\",\"version\":\"1\",\"summary\":\"s\",\"description\":\"d\",\"base\":" \
        "\"testbase\",\"apps\":{\"" name "\":{\"command\":\"bin/app\"}}}"

static char *directory, *base_path, *one_path, *two_path, *three_path, *second_path, *third_path;

static char *make(const char *file, const char *manifest) {
        return rig_make_package_path(directory, file, manifest, 1000);
}

static int make_packages(void **state) {
        (void)state;
        directory = rig_make_root();
        base_path = make("base.snap", BASE_MANIFEST);
        one_path = make("one.snap", APP_MANIFEST("1"));
        two_path = make("two.snap", APP_MANIFEST("2"));
        three_path = make("three.snap", APP_MANIFEST("3"));
        second_path = make("second.snap", OTHER_MANIFEST("second"));
        third_path = make("third.snap", OTHER_MANIFEST("third"));
        return 0;
}

static int remove_packages(void **state) {
        (void)state;
        rig_remove_tree(directory);
        free(directory);
        free(base_path);
        free(one_path);
        free(two_path);
        free(three_path);
        free(second_path);
        free(third_path);
        return 0;
}

/* A machine with a base, hello x1, and alice and bob who used it. */
static char *open_used(Rig *rig) {
        char *root = rig_make_root();
        Error err = ERROR_INIT;

        rig_add_user(root, "alice", ALICE);
        rig_add_user(root, "bob", BOB);
        if (rig_open(root, rig, &err) < 0)
                fail_msg("%s", err.message);
        autofree char *base = rig_install(rig, base_path), *one = rig_install(rig, one_path);
        assert_string_equal(base, "Done");
        assert_string_equal(one, "Done");
        rig_shell(root, ALICE,
                  "cd home/alice; mkdir -p snap/hello/x1/sub; cd snap/hello; echo mine >x1/notes; "
                  "ln x1/notes x1/twin; chmod 0640 x1/notes; echo deep >x1/sub/file; "
                  "ln -s ../x1/notes x1/sub/link; chmod 0500 x1/sub; ln -s x1 current");
        rig_shell(root, BOB, "cd home/bob; mkdir -p snap/hello/x1; echo his >snap/hello/x1/notes");
        return root;
}

static void assert_installs(Rig *rig, const char *path, const char *expected) {
        autofree char *status = rig_install(rig, path);

        assert_string_equal(status, expected);
}

/* What a shell as root says. */
#define assert_shell(root, script) rig_shell(root, 0, script)

static void assert_logged(Rig *rig, const char *pattern) {
        int64_t count = 0;
        Error err = ERROR_INIT;

        assert_int_equal(database_find_int(rig->database, &count, &err,
                                           "SELECT 1 FROM task_log WHERE text LIKE ?1", "s",
                                           pattern),
                         1);
}

static void remove_hello(Rig *rig, const char *revision) {
        PlanContext context = { rig->database, rig->places, NULL };
        const char *instance = "hello";
        RemoveRequest request = { .instances = &instance, .count = 1, .revision = revision };
        Error err = ERROR_INIT;
        int64_t change = 0;

        if (plan_remove(&context, &request, &change, &err) < 0 || rig_run(rig, &err) < 0)
                fail_msg("%s", err.message);
        autofree char *status = rig_get_change_status(rig, change);
        assert_string_equal(status, "Done");
}

static void data_of_every_user_follows_a_refresh(void **state) {
        Rig rig;
        char *root = open_used(&rig);

        (void)state;
        assert_installs(&rig, two_path, "Done");
        assert_shell(root, "cd home/alice/snap/hello; test \"$(cat x2/notes)\" = mine; "
                           "test \"$(stat -c %u:%g:%a x2/notes)\" = 70001:70001:640; "
                           "test x2/notes -ef x2/twin; test \"$(cat x2/sub/file)\" = deep; "
                           "test \"$(readlink x2/sub/link)\" = ../x1/notes; "
                           "test \"$(stat -c %a x2/sub)\" = 500; test ! x2/notes -ef x1/notes; "
                           "test \"$(ls -A | tr '\\n' ' ')\" = 'current x1 x2 '");
        assert_shell(root, "cd home/bob/snap/hello; test \"$(cat x2/notes)\" = his; "
                           "test \"$(stat -c %u x2)\" = 70002");
        /* The old one is nobody's to write to any more, but it is there until it is collected; a
         * link "current" to it goes with it. */
        assert_installs(&rig, three_path, "Done");
        assert_shell(root, "cd home/alice/snap/hello; "
                           "test \"$(ls -A | tr '\\n' ' ')\" = 'x2 x3 '");
        remove_hello(&rig, "x2");
        assert_shell(root, "cd home/alice/snap/hello; test ! -e x2; test -e x3");
        remove_hello(&rig, NULL);
        assert_shell(root, "test -z \"$(ls -A home/alice/snap home/bob/snap | grep -v :)\"");
        rig_close_and_remove(&rig, root);
}

static int fail_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)step;
        (void)job;
        (void)result;
        return error_set(err, ERROR_FAILED, "made to fail");
}

/* Rigs opened from now on fail after the switch, or do not. */
static void set_failing(bool fails) {
        static TaskKind kinds[64];

        memcpy(kinds, SNAP_TASK_KINDS, SNAP_TASK_KIND_COUNT * sizeof(TaskKind));
        for (size_t i = 0; i < SNAP_TASK_KIND_COUNT; i++)
                if (string_equal(kinds[i].name, "cleanup"))
                        kinds[i].run = (TaskPart){ .commit = fail_commit };
        rig_kinds = fails ? kinds : NULL;
}

static void an_undone_refresh_takes_the_copies_back(void **state) {
        Rig rig;
        set_failing(true);
        char *root = open_used(&rig);
        autofree char *before = rig_describe_world(&rig);

        (void)state;
        assert_installs(&rig, two_path, "Error");
        autofree char *after = rig_describe_world(&rig);
        set_failing(false);
        assert_string_equal(after, before);
        rig_close_and_remove(&rig, root);
}

static void no_home_holds_up_a_refresh(void **state) {
        Rig rig;
        char *root = open_used(&rig);

        (void)state;
        /* Out of the home by a link, a file of another's, one that may not be read, full of holes.
         */
        rig_shell(root, 0,
                  "echo secret >secret; chmod 0600 secret; mkdir -p elsewhere/hello/x1; "
                  "echo else >elsewhere/hello/x1/notes; chown -R 70002 elsewhere; "
                  "cd home/alice/snap/hello/x1; echo r >roots; chmod 0600 roots; "
                  "mknod null c 1 3");
        rig_shell(root, ALICE,
                  "cd home/alice/snap/hello/x1; ln -s ../../../../../secret s; "
                  "mkfifo pipe; : >own; chmod 0 own");
        rig_shell(root, BOB, "cd home/bob; rm -r snap; ln -s ../../elsewhere snap");
        assert_installs(&rig, two_path, "Done");
        assert_shell(root, "cd home/alice/snap/hello/x2; test -L s; test -p pipe; test -f own; "
                           "test ! -e roots; test ! -e null; test \"$(cat notes)\" = mine");
        assert_shell(root, "test ! -e elsewhere/hello/x2");
        assert_logged(&rig, "%data of user bob is copied when the new revision is first started%");
        rig_close_and_remove(&rig, root);
}

/* As a launcher holds it. */
static int take_lease(const char *root, const char *revision) {
        Error err = ERROR_INIT;
        autofd int top = directory_open(root, &err);
        autofree char *beneath = string_format("run/pawl/lease/hello/%s", revision);
        autofd int made = directory_make_beneath(top, beneath, 0700, &err);
        int fd = openat(made, "70001", O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), 0);
        return fd;
}

static void a_running_program_refuses_a_refresh(void **state) {
        Rig rig;
        char *root = open_used(&rig);
        autofree char *before = rig_describe_world(&rig);
        int64_t change = 0;
        Error err = ERROR_INIT;
        int lease = take_lease(root, "x1");

        (void)state;
        assert_int_equal(rig_plan_install(&rig, two_path, &change, &err), -1);
        assert_int_equal(err.kind, ERROR_BUSY);
        autofree char *expected =
                string_format("snap \"hello\" has running apps, pids: %d", getpid());
        assert_string_equal(err.message, expected);
        autofree char *after = rig_describe_world(&rig);
        assert_string_equal(after, before);
        rig_running_apps = RUNNING_IGNORE;
        assert_installs(&rig, two_path, "Done");
        rig_running_apps = RUNNING_AS_SET;
        assert_shell(root, "test -e home/alice/snap/hello/x2/notes");
        (void)close(lease);
        rig_close_and_remove(&rig, root);
}

static void a_program_that_slipped_in_is_waited_for(void **state) {
        Rig rig;
        char *root = open_used(&rig);
        int64_t change = 0;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(rig_plan_install(&rig, two_path, &change, &err), 0);
        int lease = take_lease(root, "x1");
        pid_t pid = fork();
        if (pid == 0) {
                (void)usleep(700000);
                rig_shell(root, ALICE, "echo late >home/alice/snap/hello/x1/notes");
                _exit(0); /* and with it goes the last holder */
        }
        (void)close(lease);
        assert_int_equal(rig_run(&rig, &err), 0);
        assert_int_equal(waitpid(pid, NULL, 0), pid);
        assert_shell(root, "test \"$(cat home/alice/snap/hello/x2/notes)\" = late");
        rig_close_and_remove(&rig, root);
}

static void what_runs_outlives_its_removal(void **state) {
        Rig rig;
        char *root = open_used(&rig);
        Error err = ERROR_INIT;
        int lease = take_lease(root, "x1");

        (void)state;
        remove_hello(&rig, NULL);
        assert_shell(root,
                     "test ! -e var/lib/pawl/images/hello_x1.snap; test ! -e var/snap/hello; "
                     "test $(ls var/lib/pawl/trash | wc -l) = 2; test -e home/alice/snap/hello/x1");
        assert_true(places_sweep(rig.places, rig.database, &err) >= 0);
        assert_shell(root, "test $(ls var/lib/pawl/trash | wc -l) = 2");
        /* The number is not given again while it would mean two things. */
        assert_installs(&rig, one_path, "Done");
        assert_shell(root, "test -e var/lib/pawl/images/hello_x2.snap");
        (void)close(lease);
        remove_hello(&rig, NULL);
        assert_shell(root, "test -z \"$(ls var/lib/pawl/trash)\"; test ! -e home/alice/snap/hello");
        rig_close_and_remove(&rig, root);
}

static void set(Rig *rig, const char *key, const char *value) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err = ERROR_INIT;

        if (transaction_begin(rig->database, &transaction, &err) < 0 ||
            database_run(rig->database, &err,
                         "INSERT INTO setting (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO "
                         "UPDATE SET value = excluded.value",
                         "ss", key, value) < 0 ||
            transaction_commit(&transaction, &err) < 0)
                fail_msg("%s", err.message);
}

static void as_many_revisions_stay_as_are_wanted(void **state) {
        static const char *const REVISIONS =
                "SELECT group_concat(revision) FROM (SELECT revision FROM revision WHERE instance = "
                "'hello' ORDER BY position)";
        Rig rig;
        char *root = open_used(&rig);

        (void)state;
        set(&rig, "refresh.retain", "3");
        assert_installs(&rig, two_path, "Done");
        assert_installs(&rig, three_path, "Done");
        assert_installs(&rig, two_path, "Done");
        rig_assert_text(&rig, REVISIONS, "x2,x3,x4");
        /* One: never without a way back.  Words: as if nothing was set. */
        set(&rig, "refresh.retain", "1");
        assert_installs(&rig, two_path, "Done");
        rig_assert_text(&rig, REVISIONS, "x4,x5");
        set(&rig, "refresh.retain", "many");
        int lease = take_lease(root, "x4");
        assert_installs(&rig, three_path, "Done");
        rig_assert_text(&rig, REVISIONS, "x4,x5,x6");
        (void)close(lease);
        assert_installs(&rig, three_path, "Done");
        rig_assert_text(&rig, REVISIONS, "x6,x7");
        rig_close_and_remove(&rig, root);
}

static int fail_third(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)job;
        (void)result;
        if (!string_equal(json_get_string(step->task->data, "instance", ""), "third"))
                return TASK_OUTCOME_DONE;
        /* After all three were switched, whichever worker was the fastest. */
        int64_t waits;
        int found = database_find_int(step->database, &waits, err,
                                      "SELECT 1 FROM task WHERE change = ? AND kind = 'link-snap' "
                                      "AND status <> 'Done'",
                                      "i", step->task->change);
        if (found != 0) {
                *step->ret_retry_ms = 5;
                return found < 0 ? -1 : TASK_OUTCOME_RETRY;
        }
        return error_set(err, ERROR_FAILED, "made to fail");
}

/* Three files of which the last one fails after its switch. */
static char *install_three(Rig *rig, bool is_one_lane) {
        static TaskKind kinds[64];
        const char *paths[3];
        InstallRequest request = { .count = 3, .is_one_lane = is_one_lane };
        Error err = ERROR_INIT;
        int64_t change = 0;

        memcpy(kinds, SNAP_TASK_KINDS, SNAP_TASK_KIND_COUNT * sizeof(TaskKind));
        for (size_t i = 0; i < SNAP_TASK_KIND_COUNT; i++)
                if (string_equal(kinds[i].name, "start-snap-services"))
                        kinds[i].run = (TaskPart){ .commit = fail_third };
        rig_kinds = kinds;
        char *root = rig_make_root();
        if (rig_open(root, rig, &err) < 0)
                fail_msg("%s", err.message);
        rig_kinds = NULL;
        assert_installs(rig, base_path, "Done");
        paths[0] = one_path;
        paths[1] = second_path;
        paths[2] = third_path;
        if (rig_plan_many(rig, &request, paths, &change, &err) < 0 || rig_run(rig, &err) < 0)
                fail_msg("%s", err.message);
        autofree char *status = rig_get_change_status(rig, change);
        assert_string_equal(status, "Error");
        return root;
}

static void each_of_several_succeeds_by_itself(void **state) {
        Rig rig;
        char *root = install_three(&rig, false);

        (void)state;
        rig_assert_text(&rig,
                        "SELECT group_concat(instance) FROM (SELECT instance FROM snap ORDER BY 1)",
                        "hello,second,testbase");
        assert_shell(root, "test -L snap/bin/second; test ! -e snap/bin/third; "
                           "test ! -e var/snap/third; test -e var/snap/second/x1");
        rig_close_and_remove(&rig, root);
}

static void all_of_several_or_none(void **state) {
        Rig rig;
        char *root = install_three(&rig, true);

        (void)state;
        rig_assert_text(&rig, "SELECT group_concat(instance) FROM snap", "testbase");
        rig_assert_text(&rig,
                        "SELECT group_concat(DISTINCT status) FROM task t JOIN change c ON c.id = "
                        "t.change WHERE c.id = 2 AND t.kind = 'link-snap'",
                        "Undone");
        assert_shell(root, "test -z \"$(ls snap/bin)\"; test \"$(ls var/snap)\" = testbase; "
                           "test \"$(ls var/lib/pawl/images)\" = testbase_x1.snap");
        rig_close_and_remove(&rig, root);
}

/* Everything that there is, again and again until not a page is left. */
static void fill_disk(const char *root) {
        autofree char *path = string_format("%s/filler", root);
        autofd int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        static const char NOISE[4096] = { 'x' };

        while (write(fd, NOISE, sizeof(NOISE)) > 0)
                ;
}

static void fill_state(Rig *rig) {
        autofree char *big = memory_new(200001);
        Error err = ERROR_INIT;
        int r = 0;

        memset(big, 'x', 200000);
        for (int i = 0; i < 100 && r >= 0; i++) {
                autotransaction transaction = TRANSACTION_INIT;
                autofree char *key = string_format("big%d", i);
                assert_int_equal(transaction_begin(rig->database, &transaction, &err), 0);
                r = database_run(rig->database, &err,
                                 "INSERT INTO setting (key, value) VALUES (?1, ?2)", "ss", key,
                                 big);
                if (r >= 0)
                        r = transaction_commit(&transaction, &err);
        }
        assert_int_equal(r, -1);
        assert_int_equal(err.kind, ERROR_DISK_SPACE);
}

static void a_full_disk_lets_packages_be_removed(void **state) {
        char *root = rig_make_root();
        ChangeDraft other = { .kind = "switch-snap", .summary = "s" };
        Rig rig;
        Error err = ERROR_INIT;
        int64_t change;

        (void)state;
        if (mount("none", root, "tmpfs", 0, "size=16m") < 0)
                skip();
        assert_shell(root, "mkdir -p var/lib/pawl/state run/pawl");
        if (rig_open(root, &rig, &err) < 0)
                fail_msg("%s", err.message);
        assert_installs(&rig, base_path, "Done");
        assert_installs(&rig, one_path, "Done");
        fill_disk(root);
        fill_state(&rig);
        fill_disk(root); /* others take what the state gave up */
        assert_int_equal(change_add(rig.database, &other, NULL, 0, &change, &err), -1);
        assert_int_equal(err.kind, ERROR_DISK_SPACE);
        remove_hello(&rig, NULL);
        assert_shell(root, "test ! -e var/lib/pawl/images/hello_x1.snap; test ! -e var/snap/hello");
        rig_close(&rig);
        assert_int_equal(umount(root), 0);
        rig_remove_tree(root);
        free(root);
}

static void instances_stand_side_by_side(void **state) {
        Rig rig;
        char *root = open_used(&rig);
        InstallFile named = { .instance = "hello_too" }, bad = { .instance = "hello_NO!" };
        InstallRequest request = { .files = &named, .count = 1 };
        const char *path = two_path;
        int64_t change = 0;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(rig_plan_many(&rig, &request, &path, &change, &err), -1);
        assert_string_equal(err.message, "experimental feature disabled - test it by setting "
                                         "'experimental.parallel-instances' to true");
        set(&rig, "experimental.parallel-instances", "true");
        assert_int_equal(rig_plan_many(&rig, &request, &path, &change, &err), 0);
        assert_int_equal(rig_run(&rig, &err), 0);
        rig_assert_text(
                &rig,
                "SELECT group_concat(instance||' '||name||' '||current) FROM (SELECT * FROM snap "
                "WHERE name = 'hello' ORDER BY instance)",
                "hello hello x1,hello_too hello x1");
        assert_shell(root, "test -L snap/bin/hello; test -L snap/bin/hello_too; "
                           "test -e var/lib/pawl/images/hello_too_x1.snap; "
                           "test -e var/snap/hello_too/x1; test -e home/alice/snap/hello/x1");
        request.files = &bad;
        assert_int_equal(rig_plan_many(&rig, &request, &path, &change, &err), -1);
        assert_string_equal(err.message, "invalid instance key: \"NO!\"");
        remove_hello(&rig, NULL);
        assert_shell(root, "test -e var/snap/hello_too/x1; test ! -e var/snap/hello");
        rig_close_and_remove(&rig, root);
}

static void another_channel_is_followed(void **state) {
        static const struct {
                const char *wanted, *full;
        } CASES[] = {
                { "beta", "latest/beta" },    { "1.0", "1.0/stable" },
                { "edge", "1.0/edge" },       { "2/candidate", "2/candidate" },
                { "edge/fix", "2/edge/fix" },
        };
        Rig rig;
        char *root = open_used(&rig);

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                PlanContext context = { rig.database, rig.places, NULL };
                int64_t change = 0;
                Error err = ERROR_INIT;
                assert_int_equal(plan_switch(&context, "hello", CASES[i].wanted, &change, &err), 0);
                assert_int_equal(rig_run(&rig, &err), 0);
                rig_assert_text(&rig, "SELECT tracking FROM snap WHERE instance = 'hello'",
                                CASES[i].full);
        }
        rig_assert_text(&rig, "SELECT summary FROM change ORDER BY id DESC LIMIT 1",
                        "Switch \"hello\" snap to channel \"edge/fix\"");
        rig_assert_text(&rig, "SELECT current FROM snap WHERE instance = 'hello'", "x1");
        rig_close_and_remove(&rig, root);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(data_of_every_user_follows_a_refresh),
                cmocka_unit_test(an_undone_refresh_takes_the_copies_back),
                cmocka_unit_test(no_home_holds_up_a_refresh),
                cmocka_unit_test(a_running_program_refuses_a_refresh),
                cmocka_unit_test(a_program_that_slipped_in_is_waited_for),
                cmocka_unit_test(what_runs_outlives_its_removal),
                cmocka_unit_test(as_many_revisions_stay_as_are_wanted),
                cmocka_unit_test(each_of_several_succeeds_by_itself),
                cmocka_unit_test(all_of_several_or_none),
                cmocka_unit_test(instances_stand_side_by_side),
                cmocka_unit_test(a_full_disk_lets_packages_be_removed),
                cmocka_unit_test(another_channel_is_followed),
        };

        if (!rig_use_reader() || geteuid() != 0)
                return 77;
        return cmocka_run_group_tests(tests, make_packages, remove_packages);
}
