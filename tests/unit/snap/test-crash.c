/* SPDX-License-Identifier: Apache-2.0
 *
 * The plug is pulled at the n-th call that changes something durable (every fsync, rename, link,
 * unlink, mkdir, symlink, and each side of every commit, in the daemon and in its workers), for
 * n = 1, 1 + STRIDE, …; then a new daemon starts and finishes.  The world must be as before or as
 * after, and as after whenever the change was stored.  Crashes are counted and the count asserted.
 *
 * CRASH_STRIDE in the environment: 1 = every call (minutes); by default every third, and each run
 * begins at another one.
 */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "../unit.h"
#include "base/text.h"
#include "rig.h"
#include "state/verify.h"

#define APP_MANIFEST(version)                                  \
        "{\"name\":\"hello\",\"version\":\"" version           \
        "\",\"summary\":\"s\",\"description\":\"d\",\"base\":" \
        "\"testbase\",\"apps\":{\"hello\":{\"command\":\"bin/app\"},\"two\":{\"command\":\"bin/app\"}}}"

/* Shared by the test, the daemon and its workers. */
typedef struct Plug {
        int calls;
        int pull_at; /* 0 = never */
        bool is_armed;
        bool spares_daemon; /* only the process that made the call dies */
        pid_t daemon;
} Plug;

static Plug *plug;

static void count_call(void) {
        if (!plug || !plug->is_armed ||
            __atomic_add_fetch(&plug->calls, 1, __ATOMIC_SEQ_CST) != plug->pull_at)
                return;
        if (!plug->spares_daemon)
                (void)kill(plug->daemon, SIGKILL);
        (void)kill(getpid(), SIGKILL);
        for (;;)
                (void)pause();
}

/* Linked with --wrap: the program's own calls come here first. */
#define WRAP(name, parameters, arguments)       \
        int __real_##name parameters;           \
        int __wrap_##name parameters;           \
        int __wrap_##name parameters {          \
                count_call();                   \
                return __real_##name arguments; \
        }

WRAP(fsync, (int fd), (fd))
WRAP(renameat, (int a, const char *from, int b, const char *to), (a, from, b, to))
WRAP(renameat2, (int a, const char *from, int b, const char *to, unsigned flags),
     (a, from, b, to, flags))
WRAP(linkat, (int a, const char *from, int b, const char *to, int flags), (a, from, b, to, flags))
WRAP(unlinkat, (int a, const char *name, int flags), (a, name, flags))
WRAP(symlinkat, (const char *target, int a, const char *name), (target, a, name))
WRAP(mkdirat, (int a, const char *name, mode_t mode), (a, name, mode))

typedef int (*RowCallback)(void *context, int count, char **values, char **names);
int __real_sqlite3_exec(sqlite3 *database, const char *sql, RowCallback callback, void *context,
                        char **message);
int __wrap_sqlite3_exec(sqlite3 *database, const char *sql, RowCallback callback, void *context,
                        char **message);
int __wrap_sqlite3_exec(sqlite3 *database, const char *sql, RowCallback callback, void *context,
                        char **message) {
        bool is_commit = string_equal(sql, "COMMIT");

        if (is_commit)
                count_call();
        int code = __real_sqlite3_exec(database, sql, callback, context, message);
        if (is_commit)
                count_call();
        return code;
}

static char *directory, *base_path, *one_path, *two_path, *three_path;

static char *make(const char *file, const char *manifest) {
        return rig_make_package_path(directory, file, manifest, 20000);
}

static int make_packages(void **state) {
        (void)state;
        directory = rig_make_root();
        base_path = make("base.snap", "{\"name\":\"testbase\",\"version\":\"1\",\"type\":\"base\","
                                      "\"summary\":\"b\",\"description\":\"b\"}");
        one_path = make("one.snap", APP_MANIFEST("1"));
        two_path = make("two.snap", APP_MANIFEST("2"));
        three_path = make("three.snap", APP_MANIFEST("3"));
        plug = mmap(NULL, sizeof(*plug), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        return plug == MAP_FAILED ? -1 : 0;
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
        PlanContext context = { rig->database, rig->places, NULL };
        const char *instance = "hello";
        RemoveRequest request = { .instances = &instance, .count = 1 };

        return plan_remove(&context, &request, change, err);
}

static int disable_one(Rig *rig, int64_t *change, Error *err) {
        PlanContext context = { rig->database, rig->places, NULL };

        return plan_disable(&context, "hello", change, err);
}

static int enable_one(Rig *rig, int64_t *change, Error *err) {
        PlanContext context = { rig->database, rig->places, NULL };

        return plan_enable(&context, "hello", change, err);
}

typedef struct Act {
        const char *name;
        int (*plan)(Rig *rig, int64_t *change, Error *err);
        int installed;   /* revisions before */
        int crashes_min; /* with every call */
        /* The kind of task that fails, late, so that all before is undone: after is before; NULL:
         * none. */
        const char *failing;
        bool is_disabled; /* before */
} Act;

static const Act ACTS[] = {
        { "install", install_one, 0, 40, NULL, false },
        { "refresh", install_three, 2, 50, NULL, false },
        { "revert", revert_one, 2, 10, NULL, false },
        { "remove", remove_all, 2, 20, NULL, false },
        { "disable", disable_one, 2, 4, NULL, false },
        { "enable", enable_one, 2, 4, NULL, true },
        { "install undone", install_one, 0, 50, "start-snap-services", false },
        { "refresh undone", install_three, 2, 50, "start-snap-services", false },
        { "revert undone", revert_one, 2, 20, "start-snap-services", false },
        { "remove undone", remove_all, 2, 10, "clear-snap", false },
        { "disable undone", disable_one, 2, 8, "remove-profiles", false },
        { "enable undone", enable_one, 2, 8, "start-snap-services", true },
};

static int fail_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err) {
        (void)step;
        (void)job;
        (void)result;
        return error_set(err, ERROR_FAILED, "made to fail");
}

/* Rigs opened from now on fail there; NULL: nowhere. */
static void set_failing(const char *kind) {
        static TaskKind kinds[64];

        assert_true(SNAP_TASK_KIND_COUNT <= ARRAY_COUNT(kinds));
        memcpy(kinds, SNAP_TASK_KINDS, SNAP_TASK_KIND_COUNT * sizeof(TaskKind));
        for (size_t i = 0; i < SNAP_TASK_KIND_COUNT; i++)
                if (kind && string_equal(kinds[i].name, kind))
                        kinds[i].run = (TaskPart){ .commit = fail_commit };
        rig_kinds = kind ? kinds : NULL;
}

static char *make_template(const Act *act) {
        char *root = rig_make_root();
        Rig rig = { 0 };

        rig_must_open(root, &rig);
        const char *const paths[] = { base_path, one_path, two_path };
        /* A user of uid 0, or what he runs could not pull the plug. */
        rig_add_user(root, "carla", 0);
        for (size_t i = 0; i < ARRAY_COUNT(paths) && (int)i <= act->installed; i++) {
                autofree char *status = rig_install(&rig, paths[i]);
                assert_string_equal(status, "Done");
        }
        int64_t change;
        Error err = ERROR_INIT;
        if (act->is_disabled && (disable_one(&rig, &change, &err) < 0 || rig_run(&rig, &err) < 0))
                fail_msg("%s", err.message);
        rig_close(&rig);
        if (act->installed > 0)
                rig_shell(root, 0,
                          "cd home/carla; mkdir -p snap/hello/x1 snap/hello/x2/sub; "
                          "echo notes >snap/hello/x2/sub/notes; ln -s x2 snap/hello/current");
        return root;
}

/* The daemon: opens, does the one thing, ends. */
static void run_daemon(const Act *act, const char *root) {
        Rig rig;
        Error err = ERROR_INIT;
        int64_t change = 0;

        plug->daemon = getpid();
        if (rig_open(root, &rig, &err) < 0)
                _exit(2);
        plug->is_armed = true;
        if (act->plan(&rig, &change, &err) < 0 || rig_run(&rig, &err) < 0) {
                fprintf(stderr, "%s: %s\n", act->name, err.message);
                _exit(3);
        }
        plug->is_armed = false;
        rig_close(&rig);
        _exit(0);
}

typedef struct Outcome {
        bool was_pulled;
        bool is_stored; /* the change */
        char *world;    /* owned */
} Outcome;

/* `pull_at` 0: undisturbed. */
static Outcome run_once(const Act *act, const char *template, int pull_at, bool spares_daemon) {
        char *root = rig_copy_root(template);
        Outcome outcome = { 0 };
        Error err = ERROR_INIT;
        int64_t count = 0;
        int status = 0;
        Rig rig;

        *plug = (Plug){ .pull_at = pull_at, .spares_daemon = spares_daemon };
        pid_t pid = fork();
        if (pid == 0)
                run_daemon(act, root);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        plug->is_armed = false;
        outcome.was_pulled = pull_at > 0 && plug->calls >= pull_at;
        if (!outcome.was_pulled || spares_daemon)
                assert_true(WIFEXITED(status) ? WEXITSTATUS(status) == 0 : outcome.was_pulled);
        rig_must_open(root, &rig);
        assert_int_equal(rig_run(&rig, &err), 0);
        if (state_verify(rig.database, &err) < 0)
                fail_msg("call %d: %s", pull_at, err.message);
        assert_int_equal(
                database_find_int(rig.database, &count, &err, "SELECT count(*) FROM change", ""),
                1);
        outcome.is_stored = count > 1 + act->installed + act->is_disabled;
        outcome.world = rig_describe_world(&rig);
        rig_close(&rig);
        rig_remove_tree(root);
        free(root);
        return outcome;
}

static int get_stride(void) {
        const char *text = getenv("CRASH_STRIDE");
        uint64_t stride = 3;
        Error ignored;

        if (text)
                (void)string_parse_u64(text, 1000, &stride, &ignored);
        return stride > 0 ? (int)stride : 1;
}

static void pull_everywhere(const Act *act, bool spares_daemon) {
        char *template = make_template(act);
        int stride = get_stride(), crashes = 0, before_count = 0;
        int first = stride == 1 ? 1 : 1 + (int)(time(NULL) % stride);
        Rig rig = { 0 };

        rig_must_open(template, &rig);
        autofree char *before = rig_describe_world(&rig);
        rig_close(&rig);
        set_failing(act->failing);
        Outcome whole = run_once(act, template, 0, false);
        int calls = plug->calls;
        assert_true(whole.is_stored);
        assert_true(string_equal(whole.world, before) == (act->failing != NULL));
        for (int at = first;; at += stride) {
                Outcome outcome = run_once(act, template, at, spares_daemon);
                bool is_before = string_equal(outcome.world, before);
                if (!string_equal(outcome.world, whole.world) && !(is_before && !outcome.is_stored))
                        fail_msg("%s: after call %d (change %s):\n%s\nbefore:\n%s\nafter:\n%s",
                                 act->name, at, outcome.is_stored ? "stored" : "not stored",
                                 outcome.world, before, whole.world);
                free(outcome.world);
                if (!outcome.was_pulled)
                        break;
                crashes++;
                before_count += is_before;
        }
        print_message("%s%s: %d durable calls, %d crashes, %d back to before, %d on to after\n",
                      act->name, spares_daemon ? " (a worker alone dies)" : "", calls, crashes,
                      before_count, crashes - before_count);
        assert_true(crashes >= act->crashes_min / stride);
        set_failing(NULL);
        free(whole.world);
        rig_remove_tree(template);
        free(template);
}

static void the_daemon_dies_anywhere(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(ACTS); i++)
                pull_everywhere(&ACTS[i], false);
}

static void a_process_dies_anywhere(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(ACTS); i++)
                pull_everywhere(&ACTS[i], true);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_daemon_dies_anywhere),
                cmocka_unit_test(a_process_dies_anywhere),
        };

        if (!rig_use_reader())
                return 77;
        return cmocka_run_group_tests(tests, make_packages, remove_packages);
}
