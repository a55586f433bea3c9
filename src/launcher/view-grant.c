/* SPDX-License-Identifier: Apache-2.0
 *
 * Steps that show what connections grant: parts of the home, single files and directories of the
 * host, directories of other packages.
 *
 * What lies at both ends may have been written by packages: names are resolved beneath a directory
 * that is trusted and never through a link, on the host as in the view, so that a link in a shared
 * directory cannot lead a mount elsewhere.  What is missing, or cannot be shown, is left out: the
 * program starts without it.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "launcher/die.h"
#include "launcher/view-internal.h"

#define ENTRY_COUNT_MAX 2000 /* mounts for one directory */
#define DEPTH_MAX       32   /* directories made one in another */

/* ── places in the view ── */

/* ~/snap has the data of other packages.  ~/bin is on the user's PATH as soon as it exists: who
 * could write there would run outside (CVE-2024-1724). */
static bool is_shown(const char *name) {
        return name[0] != '.' && strcmp(name, "snap") != 0 && strcmp(name, "bin") != 0;
}

static int clone_mount(int at, const char *path, unsigned flags) {
        return kernel_open_tree(at, path,
                                OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW | AT_RECURSIVE | flags);
}

static int make_in(int directory, const char *name, bool is_directory) {
        if (is_directory)
                return mkdirat(directory, name, 0755) < 0 && errno != EEXIST ? -1 : 0;
        autofd int file =
                openat(directory, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
        return file < 0 && errno != EACCES && errno != ETXTBSY ? -1 : 0;
}

static int restrict_mount(int mount, const char *flags) {
        struct mount_attr attributes = {
                .attr_set = MOUNT_ATTR_NOSUID,
                .propagation = MS_PRIVATE,
        };

        if (!launch_list_has(flags, "device"))
                attributes.attr_set |= MOUNT_ATTR_NODEV;
        if (launch_list_has(flags, "ro"))
                attributes.attr_set |= MOUNT_ATTR_RDONLY;
        if (launch_list_has(flags, "noexec"))
                attributes.attr_set |= MOUNT_ATTR_NOEXEC;
        return kernel_mount_setattr(mount, AT_RECURSIVE, &attributes);
}

/* One entry of a directory, shown under the same name in another: a link as a link, anything that
 * is neither directory nor file not at all. */
static void show_entry(int from, int to, const char *name, const char *flags) {
        char target[PATH_MAX] = "";
        struct stat status;

        if (fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        if (S_ISLNK(status.st_mode)) {
                if (readlinkat(from, name, target, sizeof(target) - 1) > 0 &&
                    symlinkat(target, to, name) < 0)
                        trace_note("a link that was there already");
                return;
        }
        if (!S_ISDIR(status.st_mode) && !S_ISREG(status.st_mode))
                return;
        autofd int mount = clone_mount(from, name, 0);
        if (mount < 0 || restrict_mount(mount, flags) < 0 ||
            make_in(to, name, S_ISDIR(status.st_mode)) < 0)
                return;
        autofd int place = kernel_openat2(to, name, O_PATH | O_NOFOLLOW,
                                          RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
        if (place >= 0)
                (void)kernel_move_mount(mount, place, "");
}

static void show_entries(int from, int to, const char *flags, bool (*is_wanted)(const char *)) {
        int listed = openat(from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory = listed < 0 ? NULL : fdopendir(listed);
        const struct dirent *entry;
        size_t count = 0;

        if (!directory)
                return;
        while ((entry = readdir(directory)) && count < ENTRY_COUNT_MAX) {
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
                    (is_wanted && !is_wanted(entry->d_name)))
                        continue;
                show_entry(from, to, entry->d_name, flags);
                count++;
        }
        (void)closedir(directory);
}

/* Puts a directory of the launch's own in the place of a read-only one, with all that is in that
 * one, and `name` besides; it is read-only in the end too. */
static int extend_directory(const View *view, int place, const char *name, bool is_directory) {
        static unsigned number;
        struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
        char own[32];

        (void)snprintf(own, sizeof(own), "extended-%u", number++);
        if (mkdirat(view->stage, own, 0755) < 0)
                return -1;
        autofd int mount = kernel_open_tree(view->stage, own, OPEN_TREE_CLONE);
        if (mount < 0)
                return -1;
        autofd int fresh = openat(mount, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fresh < 0 || kernel_move_mount(mount, place, "") < 0)
                return -1;
        show_entries(place, fresh, "rw", NULL);
        if (make_in(fresh, name, is_directory) < 0)
                return -1;
        return kernel_mount_setattr(mount, 0, &attributes);
}

static int make_one(const View *view, char *path, char *slash, bool is_directory) {
        *slash = '\0';
        autofd int parent = view_open(view, *path ? path : "/");
        *slash = '/';
        if (parent < 0)
                return -1;
        if (make_in(parent, slash + 1, is_directory) == 0)
                return 0;
        return errno == EROFS ? extend_directory(view, parent, slash + 1, is_directory) : -1;
}

/* `path` with its parents, where they are not there yet. */
static int make_place(const View *view, const char *path, bool is_directory) {
        autofree char *copy = string_copy(path);
        unsigned depth = 0;

        for (char *slash = copy; slash && depth < DEPTH_MAX; depth++) {
                char *next = strchr(slash + 1, '/');
                if (next)
                        *next = '\0';
                autofd int there = view_open(view, copy);
                if (there < 0 && make_one(view, copy, slash, next || is_directory) < 0)
                        return -1;
                if (next)
                        *next = '/';
                slash = next;
        }
        return 0;
}

static void show_at(const View *view, const LaunchStep *step, int mount, const char *path) {
        struct stat status;

        if (fstat(mount, &status) < 0)
                view_die(step, "cannot look at what is to be shown");
        if (S_ISLNK(status.st_mode) || S_ISFIFO(status.st_mode))
                return;
        if (make_place(view, path, S_ISDIR(status.st_mode)) < 0)
                return;
        autofd int target = view_open(view, path);
        if (target >= 0)
                (void)kernel_move_mount(mount, target, "");
}

/* One that is there already stays. */
void view_make_link(const View *view, const char *target, const char *path) {
        autofree char *parent = string_copy(path);
        char *slash = strrchr(parent, '/');

        *slash = '\0';
        if (!*parent || make_place(view, parent, true) < 0)
                return;
        autofd int directory = view_open(view, parent);
        if (directory >= 0 && symlinkat(target, directory, slash + 1) < 0 && errno != EEXIST)
                trace_note("a link that could not be made");
}

/* ── the steps ── */

void view_apply_home(const View *view, const LaunchStep *step) {
        autofd int home = open(step->words[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
        autofd int place = view_open(view, step->words[1]);

        if (home < 0)
                return; /* a user without a home */
        if (place < 0)
                view_die(step, "no place for the home");
        /* New files in the home's own directory are not possible: they could be hidden ones. */
        show_entries(home, place, "rw,noexec", is_shown);
}

void view_show(const View *view, const LaunchStep *step, int source, const char *path) {
        autofd int mount = clone_mount(source, "", AT_EMPTY_PATH);

        if (mount < 0 || restrict_mount(mount, step->words[3]) < 0)
                view_die(step, "cannot clone from the host");
        show_at(view, step, mount, path);
}

static bool is_plain(int file) {
        struct stat status;

        return fstat(file, &status) == 0 && (S_ISDIR(status.st_mode) || S_ISREG(status.st_mode));
}

void view_apply_bind(const View *view, const LaunchStep *step) {
        autofd int base = open(step->words[0], O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (base < 0)
                return;
        autofd int source = kernel_openat2(base, step->words[1], O_PATH | O_NOFOLLOW,
                                           RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
        if (source >= 0 && is_plain(source))
                view_show(view, step, source, step->words[2]);
}

/* The descriptor is attached first: Linux 6.1 clones nothing of a detached mount. */
static int open_shared(const View *view, const LaunchStep *step) {
        char name[16];

        (void)snprintf(name, sizeof(name), "%u", (unsigned)step->numbers[0]);
        if (mkdirat(view->stage, name, 0700) == 0 &&
            kernel_move_mount(view_get_descriptor(view, step, step->numbers[0]), view->stage,
                              name) < 0)
                view_die(step, "cannot mount what pawld sent");
        autofd int staged = openat(view->stage, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (staged < 0)
                view_die(step, "cannot open what pawld sent");
        return kernel_openat2(staged, view_below(step->words[1]), O_PATH | O_NOFOLLOW,
                              RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

void view_apply_share(const View *view, const LaunchStep *step) {
        autofd int source = open_shared(view, step);

        if (source < 0)
                return;
        if (!is_plain(source))
                return;
        autofd int mount = clone_mount(source, "", AT_EMPTY_PATH);
        if (mount < 0)
                view_die(step, "cannot clone a part of another package");
        show_at(view, step, mount, step->words[2]);
}
