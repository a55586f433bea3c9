/* SPDX-License-Identifier: Apache-2.0
 *
 * Install, refresh, revert and remove of real images in a temporary root; failures at each task and
 * on a full disk leave the world as it was.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "../unit.h"
#include "base/file.h"
#include "base/text.h"
#include "rig.h"
#include "sandbox/helper.h"
#include "snap/describe-snap.h"
#include "snap/image.h"
#include "task/change.h"

#define BASE_MANIFEST \
        "{\"name\":\"testbase\",\"version\":\"1\",\"type\":\"base\",\"summary\":\"b\",\"description\":\"b\"}"
#define APP_MANIFEST(version)                                                                            \
        "{\"name\":\"hello\",\"version\":\"" version                                                     \
        "\",\"summary\":\"s\",\"description\":\"d\",\"base\":"                                           \
        "\"testbase\",\"confinement\":\"strict\",\"apps\":{\"hello\":{\"command\":\"bin/app\"},\"two\":" \
        "{\"command\":\"bin/app\"},\"svc\":{\"command\":\"bin/app\",\"daemon\":\"simple\"}},"            \
        "\"plugs\":{\"home\":{\"interface\":\"home\"}}}"

static char *directory, *base_path, *one_path, *two_path, *three_path;

static char *make(const char *file, const char *manifest, size_t size) {
        return rig_make_package_path(directory, file, manifest, size);
}

static int make_packages(void **state) {
        (void)state;
        directory = rig_make_root();
        base_path = make("base.snap", BASE_MANIFEST, 1000);
        one_path = make("one.snap", APP_MANIFEST("1"), 50000);
        two_path = make("two.snap", APP_MANIFEST("2"), 60000);
        three_path = make("three.snap", APP_MANIFEST("3"), 70000);
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
        return 0;
}

#define assert_ok(call, err)                                      \
        do {                                                      \
                if ((call) < 0)                                   \
                        fail_msg("%s: %s", #call, (err).message); \
        } while (0)

static void assert_status(char *owned_status, const char *expected) {
        assert_string_equal(owned_status, expected);
        free(owned_status);
}

static char *open_with_base(Rig *rig) {
        char *root = rig_make_root();
        Error err = ERROR_INIT;

        /* The context must not move: the runner points to it. */
        assert_ok(rig_open(root, rig, &err), err);
        assert_status(rig_install(rig, base_path), "Done");
        return root;
}

static char *find_text(Rig *rig, const char *sql) {
        char *text = NULL;
        Error err = ERROR_INIT;

        assert_ok(database_find_text(rig->database, &text, &err, sql, ""), err);
        return text ? text : string_copy("");
}

static int64_t run_change(Rig *rig, int planned, int64_t change, Error *err) {
        if (planned < 0)
                fail_msg("%s", err->message);
        assert_ok(rig_run(rig, err), *err);
        return change;
}

static int64_t revert(Rig *rig, const char *revision) {
        PlanContext context = { rig->database, rig->places, NULL };
        Error err = ERROR_INIT;
        int64_t change = 0;
        int planned =
                plan_revert(&context, &(RevertRequest){ .instance = "hello", .revision = revision },
                            &change, &err);

        return run_change(rig, planned, change, &err);
}

static int plan_remove_one(Rig *rig, const char *instance, const char *revision, int64_t *change,
                           Error *err) {
        PlanContext context = { rig->database, rig->places, NULL };
        RemoveRequest request = { .instances = &instance, .count = 1, .revision = revision };

        return plan_remove(&context, &request, change, err);
}

static int64_t remove_one(Rig *rig, const char *instance, const char *revision) {
        Error err = ERROR_INIT;
        int64_t change = 0;
        int planned = plan_remove_one(rig, instance, revision, &change, &err);

        return run_change(rig, planned, change, &err);
}

static void an_installed_package_has_rows_image_data_and_links(void **state) {
        Rig rig;
        char *root = open_with_base(&rig);
        json_t *snap = NULL;
        Error err = ERROR_INIT;
        char target[256] = "";

        (void)state;
        assert_status(rig_install(&rig, one_path), "Done");
        rig_assert_text(&rig, "SELECT current || is_active FROM snap WHERE instance = 'hello'",
                        "x11");
        rig_assert_text(
                &rig,
                "SELECT group_concat(kind, ' ') FROM (SELECT kind FROM task WHERE change = 2 ORDER BY id)",
                "prerequisites prepare-snap mount-snap copy-snap-data setup-profiles link-snap auto-connect "
                "set-auto-aliases setup-aliases run-hook start-snap-services run-hook run-hook "
                "connect setup-profiles");
        assert_true(file_exists_beneath(rig.places->images, "hello_x1.snap"));
        assert_true(file_exists_beneath(rig.places->var_snap, "hello/x1"));
        assert_true(file_exists_beneath(rig.places->var_snap, "hello/common"));
        assert_true(readlinkat(rig.places->snap_bin, "hello.two", target, sizeof(target)) > 0);
        assert_string_equal(target, "/usr/lib/pawl/pawl-run");
        assert_false(file_exists_beneath(rig.places->snap_bin, "hello.svc"));
        rig_assert_text(&rig, "SELECT text FROM task_log WHERE text LIKE 'services%'",
                        "services are not started by this version: hello.svc");
        assert_int_equal(describe_snap(rig.places, rig.database, "hello", &snap, &err), 1);
        assert_string_equal(json_get_string(snap, "status", ""), "active");
        assert_int_equal(json_array_size(json_object_get(snap, "apps")), 3);
        json_decref(snap);
        rig_close_and_remove(&rig, root);
}

/* Something of each sort that a copy must keep. */
static void write_data(Rig *rig) {
        autofd int data =
                openat(rig->places->var_snap, "hello/x1", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Error err = ERROR_INIT;

        assert_true(file_write_atomic(data, "file", "old", 3, 0640, &err) >= 0);
        assert_int_equal(linkat(data, "file", data, "twin", 0), 0);
        assert_int_equal(symlinkat("file", data, "link"), 0);
        assert_int_equal(fchownat(data, "file", 12345, 54321, 0), 0);
        autofd int hole = openat(data, "hole", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(ftruncate(hole, 10 << 20), 0);
        assert_int_equal(pwrite(hole, "x", 1, 5 << 20), 1);
        autofd int file = openat(data, "file", O_RDONLY | O_CLOEXEC);
        (void)fsetxattr(file, "user.test", "value", 5, 0);
}

static void check_copy(Rig *rig, const char *revision) {
        autofree char *path = string_format("hello/%s", revision);
        autofd int data = openat(rig->places->var_snap, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct stat file, twin, hole;
        char byte = 0;

        assert_int_equal(fstatat(data, "file", &file, 0), 0);
        assert_int_equal(fstatat(data, "twin", &twin, 0), 0);
        assert_int_equal(file.st_ino, twin.st_ino);
        assert_int_equal(file.st_uid, 12345);
        assert_int_equal(file.st_mode & 07777, 0640);
        assert_int_equal(fstatat(data, "hole", &hole, 0), 0);
        assert_int_equal(hole.st_size, 10 << 20);
        assert_true(hole.st_blocks * 512 < 1 << 20);
        autofd int fd = openat(data, "hole", O_RDONLY | O_CLOEXEC);
        assert_int_equal(pread(fd, &byte, 1, 5 << 20), 1);
        assert_int_equal(byte, 'x');
}

static void a_second_file_refreshes_and_copies_data(void **state) {
        Rig rig;
        char *root = open_with_base(&rig);

        (void)state;
        assert_status(rig_install(&rig, one_path), "Done");
        write_data(&rig);
        assert_status(rig_install(&rig, two_path), "Done");
        rig_assert_text(&rig, "SELECT current FROM snap WHERE instance = 'hello'", "x2");
        check_copy(&rig, "x2");
        rig_assert_text(
                &rig,
                "SELECT group_concat(kind, ' ') FROM (SELECT kind FROM task WHERE change = 3 ORDER BY id)",
                "prerequisites prepare-snap mount-snap run-hook stop-snap-services remove-aliases "
                "unlink-current-snap copy-snap-data setup-profiles link-snap auto-connect set-auto-aliases "
                "setup-aliases run-hook start-snap-services cleanup run-hook run-hook");
        /* Two are kept. */
        assert_status(rig_install(&rig, three_path), "Done");
        rig_assert_text(&rig,
                        "SELECT group_concat(revision) FROM revision WHERE instance = 'hello'",
                        "x2,x3");
        assert_false(file_exists_beneath(rig.places->images, "hello_x1.snap"));
        assert_false(file_exists_beneath(rig.places->var_snap, "hello/x1"));
        rig_assert_text(&rig, "SELECT paused_by FROM snap WHERE instance = 'hello'", "");
        rig_close_and_remove(&rig, root);
}

static void a_revert_goes_back_and_blocks_what_it_left(void **state) {
        Rig rig;
        char *root = open_with_base(&rig);
        PlanContext context = { 0 };
        Error err = ERROR_INIT;
        int64_t change = 0;

        (void)state;
        assert_status(rig_install(&rig, one_path), "Done");
        assert_status(rig_install(&rig, two_path), "Done");
        assert_status(rig_get_change_status(&rig, revert(&rig, NULL)), "Done");
        rig_assert_text(&rig, "SELECT current FROM snap WHERE instance = 'hello'", "x1");
        rig_assert_text(&rig, "SELECT revision FROM revision WHERE is_blocked", "x2");
        context = (PlanContext){ rig.database, rig.places, NULL };
        assert_int_equal(
                plan_revert(&context, &(RevertRequest){ .instance = "hello" }, &change, &err), -1);
        assert_string_equal(err.message, "no revision to revert to");
        assert_status(rig_get_change_status(&rig, revert(&rig, "x2")), "Done");
        rig_assert_text(
                &rig,
                "SELECT current || is_blocked FROM snap JOIN revision USING (instance) WHERE current = "
                "revision AND instance = 'hello'",
                "x20");
        /* What a revert left is collected by the next refresh. */
        (void)revert(&rig, "x1");
        assert_status(rig_install(&rig, three_path), "Done");
        rig_assert_text(&rig,
                        "SELECT group_concat(revision) FROM revision WHERE instance = 'hello'",
                        "x1,x3");
        rig_close_and_remove(&rig, root);
}

static void a_removed_package_leaves_nothing(void **state) {
        Rig rig;
        char *root = open_with_base(&rig);
        autofree char *before = rig_describe_world(&rig);
        Error err = ERROR_INIT;
        int64_t change = 0;

        (void)state;
        assert_status(rig_install(&rig, one_path), "Done");
        assert_status(rig_install(&rig, two_path), "Done");
        assert_int_equal(plan_remove_one(&rig, "testbase", NULL, &change, &err), -1);
        assert_string_equal(
                err.message,
                "snap \"testbase\" is not removable: snap is being used by snap hello.");
        assert_int_equal(plan_remove_one(&rig, "hello", "x2", &change, &err), -1);
        assert_string_equal(err.message,
                            "cannot remove active revision x2 of snap \"hello\" (revert first?)");
        assert_status(rig_get_change_status(&rig, remove_one(&rig, "hello", "x1")), "Done");
        rig_assert_text(
                &rig, "SELECT group_concat(revision) FROM revision WHERE instance = 'hello'", "x2");
        assert_status(rig_get_change_status(&rig, remove_one(&rig, "hello", NULL)), "Done");
        autofree char *after = rig_describe_world(&rig);
        assert_string_equal(after, before);
        /* The first revision's name is free again, its epoch is not. */
        assert_status(rig_install(&rig, one_path), "Done");
        rig_assert_text(&rig, "SELECT current || (epoch > 3) FROM snap WHERE instance = 'hello'",
                        "x11");
        rig_close_and_remove(&rig, root);
}

static void a_disabled_package_has_no_links(void **state) {
        Rig rig;
        char *root = open_with_base(&rig);
        Error err = ERROR_INIT;
        int64_t change = 0;

        (void)state;
        assert_status(rig_install(&rig, one_path), "Done");
        PlanContext context = { rig.database, rig.places, NULL };
        autofree char *before = rig_describe_world(&rig);
        int planned = plan_disable(&context, "hello", &change, &err);
        assert_status(rig_get_change_status(&rig, run_change(&rig, planned, change, &err)), "Done");
        assert_false(file_exists_beneath(rig.places->snap_bin, "hello"));
        assert_int_equal(plan_disable(&context, "hello", &change, &err), -1);
        assert_string_equal(err.message, "snap \"hello\" already disabled");
        planned = plan_enable(&context, "hello", &change, &err);
        assert_status(rig_get_change_status(&rig, run_change(&rig, planned, change, &err)), "Done");
        autofree char *after = rig_describe_world(&rig);
        assert_string_equal(after, before);
        rig_close_and_remove(&rig, root);
}

static const struct {
        const char *manifest, *message;
        ErrorKind kind;
} REFUSALS[] = {
        { "{\"name\":\"x1x\",\"version\":\"1\",\"confinement\":\"classic\"}",
          "snap \"x1x\" requires classic confinement", ERROR_SNAP_NEEDS_CLASSIC },
        { "{\"name\":\"x1x\",\"version\":\"1\",\"confinement\":\"devmode\"}",
          "snap \"x1x\" requires devmode or confinement override", ERROR_SNAP_NEEDS_DEVMODE },
        { "{\"name\":\"x1x\",\"version\":\"1\",\"base\":\"core18\"}",
          "cannot find required base \"core18\"", ERROR_FAILED },
        { "{\"name\":\"x1x\",\"version\":\"1\"}", "cannot find required base \"core\"",
          ERROR_FAILED },
        { "{\"name\":\"x1x\",\"version\":\"1\",\"architectures\":[\"z80\",\"6502\"]}",
          "snap \"x1x\" supported architectures (z80, 6502) are incompatible with this system (amd64)",
          ERROR_FAILED },
        { "{\"name\":\"x1x\",\"version\":\"1\",\"assumes\":[\"snapd2.57.6\",\"snapd9.9\",\"command-chain\",\"sun\"]}",
          "snap \"x1x\" assumes unsupported features: snapd9.9, sun (try to refresh snapd)",
          ERROR_FAILED },
        { "{\"name\":\"x1x\",\"version\":\"1\",\"type\":\"kernel\"}",
          "cannot install a kernel snap on classic", ERROR_FAILED },
        { "{\"name\":\"testbase\",\"version\":\"2\",\"type\":\"base\",\"epoch\":{\"read\":[3],\"write\":[3]}}",
          "cannot refresh \"testbase\" to new revision x2 with epoch 3, because it can't read the current epoch "
          "of 0",
          ERROR_FAILED },
};

static void a_refused_package_leaves_nothing(void **state) {
        Rig rig;
        char *root = open_with_base(&rig);
        autofree char *before = rig_describe_world(&rig);

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(REFUSALS); i++) {
                autofree char *path = make("refused.snap", REFUSALS[i].manifest, 10);
                Error err = ERROR_INIT;
                int64_t change = 0;
                assert_int_equal(rig_plan_install(&rig, path, &change, &err), -1);
                assert_string_equal(err.message, REFUSALS[i].message);
                assert_int_equal(err.kind, REFUSALS[i].kind);
        }
        autofree char *after = rig_describe_world(&rig);
        assert_string_equal(after, before);
        rig_close_and_remove(&rig, root);
}

/* Stands in for pawl-run: how a hook ends is all that counts here. */
static void replace_launcher(Rig *rig, const char *program) {
        helper_replace(HELPER_RUN, open(program, O_PATH | O_CLOEXEC));
        snap_context_list_fds(&rig->context, rig->kept_fds);
}

static void a_failing_hook_undoes_the_install(void **state) {
        Rig rig;
        char *root = open_with_base(&rig);
        autofree char *before = rig_describe_world(&rig);

        (void)state;
        rig_hook = "install";
        autofree char *path = make("hooked.snap", APP_MANIFEST("1"), 10);
        rig_hook = NULL;
        replace_launcher(&rig, "/bin/false");
        assert_status(rig_install(&rig, path), "Error");
        rig_assert_text(&rig, "SELECT text FROM task_log WHERE level = 'ERROR'",
                        "run hook \"install\": exit status 1");
        autofree char *after = rig_describe_world(&rig);
        assert_string_equal(after, before);
        replace_launcher(&rig, "/bin/true");
        assert_status(rig_install(&rig, path), "Done");
        rig_assert_text(&rig, "SELECT name FROM hook", "install");
        replace_launcher(&rig, "/bin/cat"); /* complains of --root on its stderr */
        rig_hook = "configure";
        autofree char *next = make("hooked2.snap", APP_MANIFEST("2"), 10);
        rig_hook = NULL;
        assert_status(rig_install(&rig, next), "Error");
        rig_assert_text(
                &rig,
                "SELECT text LIKE 'run hook \"configure\": %unrecognized option%' FROM task_log WHERE "
                "level = 'ERROR' ORDER BY id DESC",
                "1");
        rig_close_and_remove(&rig, root);
}

typedef struct Answer {
        int count;
        char *name; /* owned */
        Error err;
} Answer;

static void note_answer(void *context, json_t *report, const Error *err) {
        Answer *answer = context;

        answer->count++;
        answer->err = *err;
        if (report)
                answer->name = string_copy(manifest_get_name(json_object_get(report, "manifest")));
}

static Answer read_in_loop(Rig *rig, const char *path) {
        autofd int image = open(path, O_RDONLY | O_CLOEXEC);
        Answer answer = { 0 };
        ImageRead *read = NULL;
        Error err = ERROR_INIT;

        assert_ok(image_read_start(&rig->loop, image, note_answer, &answer, &read, &err), err);
        assert_int_equal(answer.count, 0);
        while (answer.count == 0)
                (void)uv_run(&rig->loop, UV_RUN_ONCE);
        (void)uv_run(&rig->loop, UV_RUN_NOWAIT);
        assert_int_equal(answer.count, 1);
        return answer;
}

static void images_are_read_without_blocking(void **state) {
        Rig rig;
        char *root = open_with_base(&rig);
        Answer good = read_in_loop(&rig, one_path), bad = read_in_loop(&rig, "/bin/true");
        autofd int image = open(one_path, O_RDONLY | O_CLOEXEC);
        Answer never = { 0 };
        ImageRead *read = NULL;
        Error err = ERROR_INIT;

        (void)state;
        assert_string_equal(good.name, "hello");
        assert_null(bad.name);
        assert_string_not_equal(bad.err.message, "");
        assert_ok(image_read_start(&rig.loop, image, note_answer, &never, &read, &err), err);
        image_read_cancel(read);
        for (int i = 0; i < 5; i++)
                (void)uv_run(&rig.loop, UV_RUN_NOWAIT);
        assert_int_equal(never.count, 0);
        free(good.name);
        rig_close_and_remove(&rig, root);
}

/* --- failures --- */

static const TaskKind *failing; /* whose commit fails after all its work */

static int fail_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        if (failing->run.commit && failing->run.commit(step, job, result, err) != 0)
                return -1;
        return error_set(err, ERROR_FAILED, "made to fail");
}

static TaskKind kinds[32];

static void fail_at(const TaskKind *kind) {
        failing = kind;
        memcpy(kinds, SNAP_TASK_KINDS, SNAP_TASK_KIND_COUNT * sizeof(TaskKind));
        if (kind)
                kinds[kind - SNAP_TASK_KINDS].run.commit = fail_commit;
        rig_kinds = kind ? kinds : NULL;
}

static int install_one(Rig *rig, int64_t *change, Error *err) {
        return rig_plan_install(rig, one_path, change, err);
}

static int install_three(Rig *rig, int64_t *change, Error *err) {
        return rig_plan_install(rig, three_path, change, err);
}

static int revert_one(Rig *rig, int64_t *change, Error *err) {
        PlanContext context = { rig->database, rig->places, NULL };

        return plan_revert(&context, &(RevertRequest){ .instance = "hello" }, change, err);
}

static int remove_all(Rig *rig, int64_t *change, Error *err) {
        return plan_remove_one(rig, "hello", NULL, change, err);
}

typedef struct Act {
        const char *name;
        int (*plan)(Rig *rig, int64_t *change, Error *err);
        size_t installed; /* how many revisions are there before */
        int failures;     /* kinds that the change has */
} Act;

static const Act ACTS[] = {
        { "install", install_one, 0, 12 },
        { "refresh", install_three, 2, 17 },
        { "revert", revert_one, 2, 12 },
        { "remove", remove_all, 2, 9 },
};

/* A root with `installed` revisions of hello; the rig is open. */
static char *open_with_revisions(Rig *rig, size_t installed) {
        char *root = open_with_base(rig);

        if (installed > 0)
                assert_status(rig_install(rig, one_path), "Done");
        if (installed > 1) {
                write_data(rig);
                assert_status(rig_install(rig, two_path), "Done");
        }
        return root;
}

/* Runs the act on a copy of `template`; returns the copy, the rig is open. */
static char *act_on_copy(const Act *act, const char *template, Rig *rig, char **ret_before,
                         char **ret_status) {
        char *root = rig_copy_root(template);
        Error err = ERROR_INIT;
        int64_t change = 0;

        assert_ok(rig_open(root, rig, &err), err);
        *ret_before = rig_describe_world(rig);
        assert_ok(act->plan(rig, &change, &err), err);
        assert_ok(rig_run(rig, &err), err);
        *ret_status = rig_get_change_status(rig, change);
        return root;
}

static void fail_once(const Act *act, const char *template, const TaskKind *kind) {
        autofree char *before = NULL;
        autofree char *status = NULL;
        Rig rig;

        fail_at(kind);
        char *root = act_on_copy(act, template, &rig, &before, &status);
        autofree char *after = rig_describe_world(&rig);
        fail_at(NULL);
        rig_close_and_remove(&rig, root);
        assert_string_equal(status, "Error");
        if (!string_equal(before, after))
                fail_msg("%s: %s failed and left\n%s\ninstead of\n%s", act->name, kind->name, after,
                         before);
}

/* " kind kind … " of an undisturbed run. */
static char *find_kinds(const Act *act, const char *template) {
        autofree char *before = NULL;
        autofree char *status = NULL;
        Rig rig;
        char *root = act_on_copy(act, template, &rig, &before, &status);
        char *found = find_text(
                &rig, "SELECT ' ' || group_concat(kind, ' ') || ' ' FROM task WHERE change = "
                      "(SELECT max(id) FROM change)");

        assert_string_equal(status, "Done");
        rig_close_and_remove(&rig, root);
        return found;
}

static void fail_everywhere(const Act *act) {
        int failures = 0;
        Rig rig;
        char *template = open_with_revisions(&rig, act->installed);

        rig_close(&rig);
        autofree char *present = find_kinds(act, template);
        for (size_t i = 0; i < SNAP_TASK_KIND_COUNT; i++) {
                autofree char *word = string_format(" %s ", SNAP_TASK_KINDS[i].name);
                if (!strstr(present, word))
                        continue;
                fail_once(act, template, &SNAP_TASK_KINDS[i]);
                failures++;
        }
        print_message("%s: failed at %d kinds, each undone\n", act->name, failures);
        assert_int_equal(failures, act->failures);
        rig_remove_tree(template);
        free(template);
}

static void a_failure_at_any_task_undoes_everything(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(ACTS); i++)
                fail_everywhere(&ACTS[i]);
}

/* --- a full disk --- */

/* Leaves `left` bytes on the file system of `root`. */
static void fill_disk(const char *root, uint64_t left) {
        autofree char *path = string_format("%s/filler", root);
        autofd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        struct statvfs st;

        assert_int_equal(statvfs(root, &st), 0);
        assert_int_equal(posix_fallocate(fd, 0, (off_t)(st.f_bavail * st.f_bsize - left)), 0);
}

static void a_full_disk_undoes_everything(void **state) {
        static const uint64_t LEFT[] = { 100 << 10, 300 << 10, 600 << 10, 1000 << 10 };
        int failures = 0;

        (void)state;
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
                skip();
        for (size_t i = 0; i < ARRAY_COUNT(LEFT); i++) {
                char *root = rig_make_root();
                Rig rig;
                Error err = ERROR_INIT;
                int64_t change = 0;
                assert_int_equal(mount("tmpfs", root, "tmpfs", 0, "size=64m"), 0);
                autofree char *state_path = string_format("%s/var/lib/pawl/state", root);
                autofree char *run_path = string_format("%s/run/pawl", root);
                autofd int top = directory_open(root, &err);
                autofd int made = directory_make_beneath(top, "var/lib/pawl/state", 0755, &err);
                autofd int run = directory_make_beneath(top, "run/pawl", 0755, &err);
                assert_ok(rig_open(root, &rig, &err), err);
                assert_status(rig_install(&rig, base_path), "Done");
                assert_status(rig_install(&rig, one_path), "Done");
                /* A copy needs more than is left. */
                autofree char *junk = memory_new(2 << 20);
                memset(junk, 'j', 2 << 20);
                assert_true(file_write_atomic(rig.places->var_snap, "hello/x1/junk", junk, 2 << 20,
                                              0600, &err) >= 0);
                autofree char *before = rig_describe_world(&rig);
                fill_disk(root, LEFT[i]);
                int planned = rig_plan_install(&rig, two_path, &change, &err);
                if (planned == 0)
                        assert_ok(rig_run(&rig, &err), err);
                else
                        assert_int_equal(err.kind, ERROR_DISK_SPACE);
                autofree char *status =
                        planned == 0 ? rig_get_change_status(&rig, change) : string_copy("Error");
                autofree char *after = rig_describe_world(&rig);
                assert_string_equal(status, "Error");
                assert_string_equal(after, before);
                failures++;
                own_close_(&top);
                own_close_(&made);
                own_close_(&run);
                top = made = run = -1;
                rig_close(&rig);
                assert_int_equal(umount2(root, 0), 0);
                rig_remove_tree(root);
                free(root);
        }
        assert_int_equal(failures, ARRAY_COUNT(LEFT));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(an_installed_package_has_rows_image_data_and_links),
                cmocka_unit_test(a_second_file_refreshes_and_copies_data),
                cmocka_unit_test(a_revert_goes_back_and_blocks_what_it_left),
                cmocka_unit_test(a_removed_package_leaves_nothing),
                cmocka_unit_test(a_disabled_package_has_no_links),
                cmocka_unit_test(a_refused_package_leaves_nothing),
                cmocka_unit_test(a_failing_hook_undoes_the_install),
                cmocka_unit_test(images_are_read_without_blocking),
                cmocka_unit_test(a_failure_at_any_task_undoes_everything),
                cmocka_unit_test(a_full_disk_undoes_everything),
        };

        if (!rig_use_reader())
                return 77;
        return cmocka_run_group_tests(tests, make_packages, remove_packages);
}
