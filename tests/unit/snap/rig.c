/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../unit.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "interface/repository.h"
#include "sandbox/helper.h"
#include "snap/image.h"
#include "snap/projection.h"
#include "state/verify.h"
#include "task/change.h"

const TaskKind *rig_kinds;
const char *rig_hook;
RunningApps rig_running_apps;

#define LIMIT_NS 90000000000LL

static void run_program(const char *const argv[]) {
        pid_t pid = fork();
        int status = 0;

        if (pid == 0) {
                int null = open("/dev/null", O_RDWR | O_CLOEXEC);
                (void)dup2(null, STDOUT_FILENO);
                execvp(argv[0], (char *const *)(uintptr_t)argv);
                _exit(127);
        }
        assert(waitpid(pid, &status, 0) == pid);
        if (status != 0)
                fprintf(stderr, "%s failed: %d\n", argv[0], status);
        assert(status == 0);
}

void rig_remove_tree(const char *path) {
        run_program((const char *const[]){ "rm", "-rf", "--", path, NULL });
}

/* Users come into their homes by name: not where only root may pass. */
static void require_passage(char *path) {
        for (char *end = strchr(path + 1, '/'); end; end = strchr(end + 1, '/')) {
                struct stat st;

                *end = '\0';
                bool is_open = stat(path, &st) == 0 && st.st_mode & S_IXOTH;
                if (!is_open) {
                        fprintf(stderr, "users cannot pass %s: set TMPDIR to another directory\n",
                                path);
                        exit(EXIT_FAILURE);
                }
                *end = '/';
        }
}

char *rig_make_root(void) {
        const char *parent = getenv("TMPDIR");
        char *root = string_format("%s/pawl-rig-XXXXXX", parent ? parent : "/tmp");

        (void)umask(022);
        require_passage(root);
        assert(mkdtemp(root));
        autofree char *state = string_format("%s/var/lib/pawl/state", root);
        autofree char *run = string_format("%s/run/pawl", root);
        run_program((const char *const[]){ "mkdir", "-p", "-m", "0755", state, run, NULL });
        return root;
}

char *rig_copy_root(const char *template) {
        static int number;
        char *root = string_format("%s-%d", template, ++number);

        run_program((const char *const[]){ "cp", "-a", template, root, NULL });
        return root;
}

void rig_add_user(const char *root, const char *name, unsigned uid) {
        autofree char *etc = string_format("%s/etc", root);
        autofree char *home = string_format("%s/home/%s", root, name);
        autofree char *passwd = string_format("%s/passwd", etc);

        run_program((const char *const[]){ "mkdir", "-p", etc, home, NULL });
        run_program((const char *const[]){ "chmod", "0755", root, etc, NULL });
        FILE *file = fopen(passwd, "ae");
        assert(file);
        fprintf(file, "%s:x:%u:%u::/home/%s:/bin/sh\n", name, uid, uid, name);
        assert(fclose(file) == 0);
        assert(chown(home, uid, uid) == 0 && chmod(home, 0700) == 0);
}

void rig_shell(const char *root, unsigned uid, const char *script) {
        autofree char *whole = string_format("cd '%s'\n%s", root, script);
        pid_t pid = fork();
        int status = 0;

        if (pid == 0) {
                if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
                        _exit(126);
                execl("/bin/sh", "sh", "-e", "-c", whole, NULL);
                _exit(127);
        }
        assert(waitpid(pid, &status, 0) == pid);
        if (status != 0)
                fprintf(stderr, "%s: %d\n", script, status);
        assert(status == 0);
}

void rig_make_package(const char *directory, const char *file, const char *manifest, size_t size) {
        autofree char *tree = string_format("%s/tree", directory);
        autofree char *meta = string_format("%s/meta", tree);
        autofree char *bin = string_format("%s/bin", tree);
        autofree char *image = string_format("%s/%s", directory, file);
        autofree char *zeros = memory_new(size + 1);
        Error err = ERROR_INIT;

        run_program((const char *const[]){ "mkdir", "-p", meta, bin, NULL });
        autofd int top = directory_open(tree, &err);
        assert(top >= 0);
        autofd int meta_fd = directory_open(meta, &err), bin_fd = directory_open(bin, &err);
        assert(file_write_atomic(meta_fd, "snap.yaml", manifest, strlen(manifest), 0644, &err) >=
               0);
        assert(file_write_atomic(bin_fd, "app", "#!/bin/sh\n", 10, 0755, &err) >= 0);
        assert(file_write_atomic(top, "content", zeros, size, 0644, &err) >= 0);
        if (rig_hook) {
                autofd int hooks = directory_make_beneath(meta_fd, "hooks", 0755, &err);
                assert(file_write_atomic(hooks, rig_hook, "#!/bin/sh\n", 10, 0755, &err) >= 0);
        }
        run_program((const char *const[]){ "chmod", "-R", "u=rwX,go=rX", tree, NULL });
        run_program((const char *const[]){ "mksquashfs", tree, image, "-noappend", "-no-progress",
                                           "-quiet", "-all-root", "-no-xattrs", "-noI", "-noD",
                                           "-noF", NULL });
        rig_remove_tree(tree);
}

char *rig_make_package_path(const char *directory, const char *file, const char *manifest,
                            size_t size) {
        rig_make_package(directory, file, manifest, size);
        return string_format("%s/%s", directory, file);
}

static void on_commit(void *context, int64_t change) {
        SnapContext *snap_context = context;
        Rig *rig = (Rig *)(void *)((char *)snap_context - offsetof(Rig, context));
        Error err = ERROR_INIT;

        (void)change;
        rig->commit_count++;
        if (projection_is_stale(rig->database, &err) != 0 &&
            projection_follow(rig->places, rig->database, &err) < 0)
                fprintf(stderr, "projection: %s\n", err.message);
        running_watch_update(rig->running);
}

static void wake_runner(void *context) {
        runner_wake(((Rig *)context)->runner);
}

int rig_open(const char *root, Rig *ret, Error *err) {
        autofree char *state = string_format("%s/var/lib/pawl/state", root);
        autofree char *run = string_format("%s/run/pawl", root);

        *ret = (Rig){ .root = string_copy(root) };
        if (uv_loop_init(&ret->loop) < 0)
                return error_set(err, ERROR_FAILED, "no loop");
        if (database_open(state, &ret->database, err) < 0)
                return -1;
        if (repository_open(ret->database, true, err) < 0)
                return -1;
        if (state_verify(ret->database, err) < 0)
                return -1;
        if (places_open(root, "/usr/lib/pawl/pawl-run", &ret->places, err) < 0)
                return -1;
        ret->context.places = ret->places;
        if (places_sweep(ret->places, ret->database, err) < 0)
                return -1;
        if (projection_apply(ret->places, ret->database, err) < 0)
                return -1;
        snap_context_list_fds(&ret->context, ret->kept_fds);
        RunnerConfig config = {
                .loop = &ret->loop,
                .database = ret->database,
                .kinds = rig_kinds ? rig_kinds : SNAP_TASK_KINDS,
                .kind_count = SNAP_TASK_KIND_COUNT,
                .context = &ret->context,
                .run_directory = run,
                .kept_fds = ret->kept_fds,
                .kept_fd_count = SNAP_CONTEXT_FD_COUNT,
                .on_commit = on_commit,
        };
        ret->running = running_watch_new(&(RunningWatchConfig){ .loop = &ret->loop,
                                                                .database = ret->database,
                                                                .places = ret->places,
                                                                .on_end = wake_runner,
                                                                .context = ret });
        if (runner_new(&config, &ret->runner, err) < 0)
                return -1;
        running_watch_update(ret->running);
        return 0;
}

void rig_close(Rig *rig) {
        rig->runner = rig->runner ? runner_free(rig->runner) : NULL;
        rig->running = running_watch_free(rig->running);
        (void)uv_run(&rig->loop, UV_RUN_NOWAIT);
        (void)uv_run(&rig->loop, UV_RUN_NOWAIT);
        (void)uv_loop_close(&rig->loop);
        rig->places = places_close(rig->places);
        rig->database = database_close(rig->database);
        free(rig->root);
        *rig = (Rig){ 0 };
}

void rig_must_open(const char *root, Rig *ret) {
        Error err = ERROR_INIT;

        if (rig_open(root, ret, &err) < 0)
                fail_msg("the daemon does not start: %s", err.message);
}

void rig_close_and_remove(Rig *rig, char *owned_root) {
        rig_close(rig);
        rig_remove_tree(owned_root);
        free(owned_root);
}

bool rig_use_reader(void) {
        const char *reader = getenv("PAWL_READ");
        int fd = reader ? open(reader, O_PATH | O_CLOEXEC) : -1;

        if (fd < 0)
                return false;
        helper_replace(HELPER_READ, fd);
        return true;
}

void rig_assert_text(Rig *rig, const char *sql, const char *expected) {
        autofree char *text = NULL;
        Error err = ERROR_INIT;

        if (database_find_text(rig->database, &text, &err, sql, "") < 0)
                fail_msg("%s: %s", sql, err.message);
        assert_string_equal(text ? text : "", expected);
}

static void tick(uv_timer_t *timer) {
        (void)timer;
}

/* Until the query has a row, or has none any more. */
static int run_until(Rig *rig, const char *sql, int wanted, Error *err) {
        int64_t limit = clock_get_boot() + LIMIT_NS, left = 0;
        uv_timer_t timer;
        int found = !wanted;

        (void)uv_timer_init(&rig->loop, &timer);
        (void)uv_timer_start(&timer, tick, 100, 100);
        runner_wake(rig->runner);
        while (found == !wanted && clock_get_boot() < limit) {
                (void)uv_run(&rig->loop, UV_RUN_ONCE);
                found = database_find_int(rig->database, &left, err, sql, "");
        }
        uv_close((uv_handle_t *)&timer, NULL);
        (void)uv_run(&rig->loop, UV_RUN_NOWAIT);
        if (found == !wanted)
                return error_set(err, ERROR_FAILED, "a change does not end");
        return found < 0 ? -1 : projection_settle(rig->places, rig->database, err);
}

int rig_run(Rig *rig, Error *err) {
        return run_until(rig, "SELECT 1 FROM change WHERE is_clean = 0", 0, err);
}

int rig_run_to_wait(Rig *rig, Error *err) {
        return run_until(rig,
                         "SELECT 1 FROM task WHERE status = 'Wait' AND wait_name NOTNULL AND NOT "
                         "EXISTS (SELECT 1 FROM task WHERE status IN ('Doing', 'Undoing'))",
                         1, err);
}

static int upload(Rig *rig, const char *path, Error *err) {
        autofd int source = open(path, O_RDONLY | O_CLOEXEC);
        autofd int target = image_new_upload(rig->places, err);
        char buffer[65536];
        ssize_t count;

        if (source < 0 || target < 0)
                return source < 0 ? error_set_errno(err, errno, "cannot open %s", path) : -1;
        autofd int writer = image_open_upload_writer(target, err);
        while ((count = read(source, buffer, sizeof(buffer))) > 0)
                if (fd_write_all(writer, buffer, (size_t)count, err) < 0)
                        return -1;
        return take_fd(target);
}

int rig_plan_many(Rig *rig, const InstallRequest *request, const char *const *paths,
                  int64_t *ret_change, Error *err) {
        PlanContext context = { rig->database, rig->places, rig->runner };
        InstallFile files[INSTALL_FILE_COUNT_MAX];
        InstallRequest whole = *request;
        json_t *reports[INSTALL_FILE_COUNT_MAX] = { NULL };
        int result = 0;

        for (size_t i = 0; i < whole.count; i++) {
                files[i] = (InstallFile){ .fd = -1, .shown = paths[i] };
                files[i].instance = request->files ? request->files[i].instance : NULL;
        }
        for (size_t i = 0; i < whole.count && result == 0; i++) {
                files[i].fd = upload(rig, paths[i], err);
                result = files[i].fd < 0
                                 ? -1
                                 : image_read(files[i].fd, IMAGE_MODE_MANIFEST, &reports[i], err);
                files[i].report = reports[i];
        }
        whole.files = files;
        whole.flags.is_dangerous = true;
        if (result == 0)
                result = plan_install_files(&context, &whole, ret_change, err);
        for (size_t i = 0; i < whole.count; i++) {
                json_decref(reports[i]);
                if (files[i].fd >= 0)
                        (void)close(files[i].fd);
        }
        return result;
}

int rig_plan_install(Rig *rig, const char *path, int64_t *ret_change, Error *err) {
        InstallRequest request = { .count = 1, .running_apps = rig_running_apps };

        return rig_plan_many(rig, &request, &path, ret_change, err);
}

char *rig_get_change_status(Rig *rig, int64_t change) {
        json_t *object = NULL;
        Error err = ERROR_INIT;

        if (change_describe(rig->database, change, &object, &err) <= 0)
                return string_copy("none");
        char *status = string_copy(json_get_string(object, "status", "?"));
        if (!string_equal(status, "Done") && getenv("RIG_TALK"))
                fprintf(stderr, "%s\n", json_get_string(object, "err", ""));
        json_decref(object);
        return status;
}

char *rig_install(Rig *rig, const char *path) {
        Error err = ERROR_INIT;
        int64_t change = 0;

        if (rig_plan_install(rig, path, &change, &err) < 0 || rig_run(rig, &err) < 0)
                return string_copy(err.message);
        return rig_get_change_status(rig, change);
}

/* --- the world as text --- */

static const char *const ROWS[] = {
        "SELECT 'snap '||instance||' '||type||' '||coalesce(current,'-')||' '||is_active||' '||is_devmode||' '||"
        "is_classic||' '||coalesce(paused_by,'-') FROM snap ORDER BY 1",
        "SELECT 'revision '||instance||' '||revision||' '||position||' '||file||' '||sha3_384||' '||version||"
        "' '||is_blocked||' '||length(manifest)||' '||length(raw_manifest) FROM revision ORDER BY 1",
        "SELECT 'app '||instance||' '||revision||' '||name||' '||coalesce(daemon,'-') FROM app ORDER BY 1",
        "SELECT 'hook '||instance||' '||revision||' '||name FROM hook ORDER BY 1",
        "SELECT 'endpoint '||instance||' '||revision||' '||side||' '||name FROM endpoint ORDER BY 1",
        "SELECT 'link '||name||' '||digest||' '||is_stale FROM artefact ORDER BY 1",
};

static void describe_rows(Rig *rig, Text *text) {
        Error err = ERROR_INIT;

        for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
                autoquery query = QUERY_INIT;
                assert(query_open(rig->database, &query, &err, ROWS[i], "") == 0);
                while (query_next(&query, &err) > 0)
                        text_append_format(text, "%s\n", query_get_text(&query, 0));
        }
}

static int compare_entries(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

static void describe_directory(const char *path, const char *shown, Text *text);

static void describe_entry(const char *path, const char *shown, Text *text) {
        struct stat st;
        char target[512] = "";

        if (lstat(path, &st) < 0)
                return;
        if (S_ISLNK(st.st_mode)) {
                assert(readlink(path, target, sizeof(target) - 1) >= 0);
                text_append_format(text, "%s -> %s\n", shown, target);
                return;
        }
        /* Directories' own sizes differ by file system. */
        char digest[DIGEST_SHA3_384_HEX_SIZE] = "";
        uint64_t size = 0;
        Error err;
        if (S_ISREG(st.st_mode)) {
                autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
                assert(digest_sha3_384_fd(fd, digest, &size, &err) == 0);
        }
        text_append_format(text, "%s %o %u:%u %llu %.16s\n", shown, st.st_mode, st.st_uid,
                           st.st_gid, (unsigned long long)size, digest);
        if (S_ISDIR(st.st_mode))
                describe_directory(path, shown, text);
}

static void describe_directory(const char *path, const char *shown, Text *text) {
        DIR *directory = opendir(path);
        char *names[256];
        size_t count = 0;

        assert(directory);
        for (struct dirent *entry; (entry = readdir(directory));)
                if (!string_equal(entry->d_name, ".") && !string_equal(entry->d_name, "..")) {
                        assert(count < ARRAY_COUNT(names));
                        names[count++] = string_copy(entry->d_name);
                }
        (void)closedir(directory);
        if (count)
                qsort(names, count, sizeof(char *), compare_entries);
        for (size_t i = 0; i < count; i++) {
                autofree char *child = string_format("%s/%s", path, names[i]);
                autofree char *child_shown = string_format("%s/%s", shown, names[i]);
                describe_entry(child, child_shown, text);
                free(names[i]);
        }
}

char *rig_describe_world(Rig *rig) {
        static const char *const PARTS[] = { "snap",
                                             "var/snap",
                                             "var/lib/pawl/images",
                                             "var/lib/pawl/incoming",
                                             "var/lib/pawl/trash",
                                             "home" };
        Text text = TEXT_INIT;

        describe_rows(rig, &text);
        for (size_t i = 0; i < ARRAY_COUNT(PARTS); i++) {
                autofree char *path = string_format("%s/%s", rig->root, PARTS[i]);
                describe_entry(path, PARTS[i], &text);
        }
        return text_take(&text);
}
