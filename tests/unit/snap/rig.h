/* SPDX-License-Identifier: Apache-2.0
 *
 * Rig: a daemon's worth of packages in a temporary root: real database, real images, real runner
 * and workers; no sockets.
 */
#pragma once

#include <uv.h>

#include "snap/kinds.h"
#include "snap/plan.h"
#include "snap/running-watch.h"
#include "task/runner.h"

typedef struct Rig {
        char *root;
        Database *database;
        Places *places;
        SnapContext context;
        uv_loop_t loop;
        Runner *runner;
        RunningWatch *running;
        int kept_fds[SNAP_CONTEXT_FD_COUNT];
        int commit_count;
} Rig;

/* Packages made once: DIR/NAME_VERSION.snap. */
typedef struct Packages {
        char directory[64];
} Packages;

/* The kinds of rigs opened from now on; NULL = the real ones. */
extern const TaskKind *rig_kinds;

/* Opens as a starting daemon does: state, verify, sweep, links, runner. */
int rig_open(const char *root, Rig *ret, Error *err);
/* The same; the test fails where it does not open. */
void rig_must_open(const char *root, Rig *ret);
void rig_close(Rig *rig);
/* The end of a test. */
void rig_close_and_remove(Rig *rig, char *owned_root);
/* Until nothing is unfinished or uncleaned; fails after 30 s. */
int rig_run(Rig *rig, Error *err);

/* Until some task waits for programs to end, and no other is at work; fails after 30 s. */
int rig_run_to_wait(Rig *rig, Error *err);

/* An empty root with the directories that a daemon makes before; free it. */
char *rig_make_root(void);
/* A copy of a closed one; free it. */
char *rig_copy_root(const char *template);
void rig_remove_tree(const char *path);
/* What installs say of programs that run. */
extern RunningApps rig_running_apps;
/* In R/etc/passwd, with a home of mode 0700 beneath R. */
void rig_add_user(const char *root, const char *name, unsigned uid);
/* Runs it in `root` as that user; it must succeed. */
void rig_shell(const char *root, unsigned uid, const char *script);
/* Packages made from now on have this hook too; NULL = none. */
extern const char *rig_hook;
/* Makes DIR/FILE from a tree whose meta/snap.yaml is `manifest` (JSON is YAML); `size` bytes of
 * content besides. */
void rig_make_package(const char *directory, const char *file, const char *manifest, size_t size);

/* The same, its path; free it. */
char *rig_make_package_path(const char *directory, const char *file, const char *manifest,
                            size_t size);

/* Images are read by the pawl-read that was built, named by PAWL_READ; false where there is none.
 */
bool rig_use_reader(void);
/* Fails where the first column of the first row is another text; "" where it is NULL or no row. */
void rig_assert_text(Rig *rig, const char *sql, const char *expected);

/* `request` with files for their instance names alone, or NULL; its count is that of `paths`. */
int rig_plan_many(Rig *rig, const InstallRequest *request, const char *const *paths,
                  int64_t *ret_change, Error *err);
int rig_plan_install(Rig *rig, const char *path, int64_t *ret_change, Error *err);
/* Plans and runs to the end; the change's status. */
char *rig_install(Rig *rig, const char *path);
char *rig_get_change_status(Rig *rig, int64_t change);
/* Everything that must be equal before and after: rows without epochs and times, and every file
 * beneath the root that is not the database; free it. */
char *rig_describe_world(Rig *rig);
