/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/view.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/text.h"
#include "launcher/die.h"
#include "launcher/inherit.h"
#include "launcher/kernel.h"
#include "launcher/view-internal.h"

#define LINK_TRIES_MAX 1000 /* each time somebody else of his came between */

_Noreturn void view_die(const LaunchStep *step, const char *what) {
        int number = errno;

        die(number, "cannot build the program's view: %s (line %u of the plan: %s %s)", what,
            step->line, launch_op_get_name(step->op), step->words[0]);
}

/* The place in the view to mount upon.  No links: a link in a base could name a host path. */
static int open_target(const View *view, const LaunchStep *step, const char *path) {
        int target = view_open(view, path);

        if (target < 0)
                view_die(step, "no such place to mount upon");
        return target;
}

static void mount_at(const View *view, const LaunchStep *step, int mount, const char *path) {
        autofd int target = open_target(view, step, path);

        if (kernel_move_mount(mount, target, "") < 0)
                view_die(step, "cannot mount");
}

static int make_file_system(const char *type, const char *const options[][2], unsigned attributes) {
        autofd int context = kernel_fsopen(type);

        if (context < 0)
                return -1;
        for (size_t i = 0; options[i][0]; i++)
                if (kernel_fsconfig(context,
                                    options[i][1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG,
                                    options[i][0], options[i][1]) < 0)
                        return -1;
        if (kernel_fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL) < 0)
                return -1;
        return kernel_fsmount(context, attributes);
}

void view_start(View *view, Frame *frame, bool has_pid_namespace) {
        static const char *const options[][2] = { { "mode", "0755" }, { NULL, NULL } };
        struct mount_attr private = { .propagation = MS_PRIVATE };
        autofd int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (top < 0 || kernel_mount_setattr(top, AT_RECURSIVE, &private) < 0)
                die_kernel("cannot take the mounts for itself");
        autofd int scratch =
                make_file_system("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        if (scratch < 0)
                die_kernel("cannot make a tmpfs");
        /* On top of the root: no host path is hidden by it, and it goes with the old root. */
        if (kernel_move_mount(scratch, AT_FDCWD, "/") < 0)
                die_kernel("cannot mount a tmpfs");
        if (mkdirat(scratch, "root", 0755) < 0 || mkdirat(scratch, "stage", 0700) < 0)
                die(errno, "cannot use the tmpfs");
        int root = kernel_open_tree(scratch, "root", OPEN_TREE_CLONE);
        if (root < 0 || kernel_move_mount(root, scratch, "root") < 0)
                die_kernel("cannot make the new root");
        int stage = openat(scratch, "stage", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (stage < 0)
                die(errno, "cannot use the tmpfs");
        *view = (View){
                .root = root, .stage = stage, .frame = frame, .has_pid_namespace = has_pid_namespace
        };
}

/* ── one function a step ── */

int view_get_descriptor(const View *view, const LaunchStep *step, uint64_t number) {
        size_t index = view->first_fd + number;

        if (index >= view->frame->fd_count || view->frame->fds[index] < 0) {
                errno = EBADF;
                view_die(step, "pawld did not send this descriptor");
        }
        return view->frame->fds[index];
}

static void apply_stage(const View *view, const LaunchStep *step) {
        char name[16];

        (void)snprintf(name, sizeof(name), "%u", (unsigned)step->numbers[0]);
        if (mkdirat(view->stage, name, 0700) < 0 ||
            kernel_move_mount(view_get_descriptor(view, step, step->numbers[0]), view->stage,
                              name) < 0)
                view_die(step, "cannot mount what pawld sent");
}

static void apply_dir(const View *view, const LaunchStep *step) {
        if (mkdirat(view->root, view_below(step->words[0]), (mode_t)step->numbers[1]) < 0 &&
            errno != EEXIST)
                view_die(step, "cannot make the directory");
}

static void apply_link(const View *view, const LaunchStep *step) {
        if (symlinkat(step->words[1], view->root, view_below(step->words[0])) < 0)
                view_die(step, "cannot make the link");
}

static void make_file(const View *view, const LaunchStep *step, const char *path) {
        autofd int file =
                openat(view->root, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);

        if (file < 0)
                view_die(step, "cannot make the file");
}

static void apply_file(const View *view, const LaunchStep *step) {
        make_file(view, step, view_below(step->words[0]));
}

/* A directory of the one tmpfs, mounted upon itself: it stays writable when the root no longer is.
 */
static void apply_scratch(const View *view, const LaunchStep *step) {
        const char *path = view_below(step->words[0]);
        mode_t mode = (mode_t)step->numbers[1];

        if ((mkdirat(view->root, path, mode) < 0 && errno != EEXIST) ||
            fchmodat(view->root, path, mode, 0) < 0)
                view_die(step, "cannot make the directory");
        autofd int mount = kernel_open_tree(view->root, path, OPEN_TREE_CLONE);
        if (mount < 0)
                view_die(step, "cannot clone the directory");
        mount_at(view, step, mount, step->words[0]);
}

static void apply_attach(const View *view, const LaunchStep *step) {
        mount_at(view, step, view_get_descriptor(view, step, step->numbers[0]), step->words[1]);
}

/* The staged mount is attached, because Linux 6.1 clones nothing of a detached one; its locked
 * flags are those of the clone. */
static void apply_take(const View *view, const LaunchStep *step) {
        char source[PATH_MAX];

        (void)snprintf(source, sizeof(source), "%u/%s", (unsigned)step->numbers[0], step->words[1]);
        autofd int mount =
                kernel_open_tree(view->stage, source, OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
        if (mount < 0)
                view_die(step, "cannot clone a part of the base");
        mount_at(view, step, mount, step->words[2]);
}

static void apply_host(const View *view, const LaunchStep *step) {
        const char *flags = step->words[2];
        unsigned recursive = launch_list_has(flags, "tree") ? AT_RECURSIVE : 0;
        struct mount_attr attributes = {
                .attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                .propagation = MS_PRIVATE,
        };

        if (launch_list_has(flags, "ro"))
                attributes.attr_set |= MOUNT_ATTR_RDONLY;
        if (launch_list_has(flags, "noexec"))
                attributes.attr_set |= MOUNT_ATTR_NOEXEC;
        autofd int mount = kernel_open_tree(AT_FDCWD, step->words[0], OPEN_TREE_CLONE | recursive);
        if (mount < 0 && errno == ENOENT && launch_list_has(flags, "optional"))
                return;
        if (mount < 0 || kernel_mount_setattr(mount, recursive, &attributes) < 0)
                view_die(step, "cannot clone from the host");
        mount_at(view, step, mount, step->words[1]);
}

/* The node of the host, on a mount of its own without "nodev": a user cannot make nodes. */
static void apply_device(const View *view, const LaunchStep *step) {
        char path[300];

        (void)snprintf(path, sizeof(path), "/dev/%s", step->words[0]);
        autofd int mount = kernel_open_tree(AT_FDCWD, path, OPEN_TREE_CLONE | AT_SYMLINK_NOFOLLOW);
        if (mount < 0)
                view_die(step, "the host lacks this device");
        make_file(view, step, path + 1);
        mount_at(view, step, mount, path);
}

static void apply_proc(const View *view, const LaunchStep *step) {
        static const char *const plain[][2] = { { NULL, NULL } };
        /* Without a PID namespace the host's processes are there: hide what cannot be traced. */
        static const char *const hiding[][2] = { { "hidepid", "ptraceable" }, { NULL, NULL } };
        unsigned attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
        autofd int mount =
                make_file_system("proc", view->has_pid_namespace ? plain : hiding, attributes);

        if (mount < 0 && errno == EPERM)
                view_die(step, "the kernel refuses a /proc of its own, as it does in containers "
                               "that mask parts of /proc: unmask them (docker: --security-opt "
                               "systempaths=unconfined)");
        if (mount < 0)
                view_die(step, "cannot make a /proc");
        mount_at(view, step, mount, step->words[0]);
}

static void apply_terminals(const View *view, const LaunchStep *step) {
        static const char *const options[][2] = {
                { "newinstance", NULL },
                { "ptmxmode", "0666" },
                { "mode", "0620" },
                { NULL, NULL },
        };
        autofd int mount =
                make_file_system("devpts", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);

        if (mount < 0)
                view_die(step, "cannot make a devpts");
        mount_at(view, step, mount, step->words[0]);
}

/* What is mounted below (systemd has binfmt_misc in /proc/sys) stays outside; but a user cannot
 * clone the host's tree without it. */
static void apply_shield(const View *view, const LaunchStep *step) {
        struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
        const char *path = view_below(step->words[0]);
        autofd int mount = kernel_open_tree(view->root, path, OPEN_TREE_CLONE);

        if (mount < 0 && errno == EINVAL)
                mount = kernel_open_tree(view->root, path, OPEN_TREE_CLONE | AT_RECURSIVE);
        if (mount < 0 && errno == ENOENT)
                return;
        if (mount < 0 || kernel_mount_setattr(mount, AT_RECURSIVE, &attributes) < 0)
                view_die(step, "cannot make it read-only");
        mount_at(view, step, mount, step->words[0]);
}

/* What a mask shows instead: nobody may open it, for uid 0 has no capabilities in there. */
static const char *make_empty(const View *view, const LaunchStep *step, bool is_directory) {
        if (is_directory) {
                if (mkdirat(view->stage, "void", 0) < 0 && errno != EEXIST)
                        view_die(step, "cannot make an empty directory");
                return "void";
        }
        autofd int file =
                openat(view->stage, "empty", O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0);
        if (file < 0 && errno != EACCES)
                view_die(step, "cannot make an empty file");
        return "empty";
}

static void apply_mask(const View *view, const LaunchStep *step) {
        struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };
        struct stat status;

        if (fstatat(view->root, view_below(step->words[0]), &status, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        const char *empty = make_empty(view, step, S_ISDIR(status.st_mode));
        autofd int mount = kernel_open_tree(view->stage, empty, OPEN_TREE_CLONE);
        if (mount < 0 || kernel_mount_setattr(mount, 0, &attributes) < 0)
                view_die(step, "cannot clone what is shown instead");
        mount_at(view, step, mount, step->words[0]);
}

/* "none" is not a wall but what one sees: sockets of the internet are seccomp's, and where network
 * namespaces are used up, programs still start.  "wall" keeps abstract sockets of the host out. */
static void apply_network(const View *view, const LaunchStep *step) {
        bool is_wall = string_equal(step->words[0], "wall");

        (void)view;
        if (!is_wall && !string_equal(step->words[0], "none"))
                view_die(step, "pawl-run knows no such network");
        if (unshare(CLONE_NEWNET) < 0 && (is_wall || (errno != ENOSPC && errno != EINVAL)))
                view_die(step, "cannot make a network namespace");
}

/* ── what is made on the host, as the caller ── */

/* What exists is left alone, and a parent that may not be made shows at the end. */
static void make_parents(char *path) {
        for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                *slash = '\0';
                (void)mkdir(path, 0755);
                *slash = '/';
        }
}

static void apply_host_dir(const View *view, const LaunchStep *step) {
        autofree char *path = string_copy(step->words[0]);

        (void)view;
        make_parents(path);
        if (mkdir(path, (mode_t)step->numbers[1]) < 0 && errno != EEXIST)
                trace_note("a directory of the host that cannot be made");
}

static void apply_user_dir(const View *view, const LaunchStep *step) {
        autofree char *path = string_copy(step->words[0]);

        (void)view;
        make_parents(path);
        if (mkdir(path, (mode_t)step->numbers[1]) < 0 && errno != EEXIST)
                die(errno, "cannot make the package's directory %s; make its parent writable",
                    path);
}

/* Several of his programs may start at once and make the same link: whose new one another has put
 * into place, or thrown away, looks again. */
static void apply_user_link(const View *view, const LaunchStep *step) {
        autofree char *fresh = string_format("%s.new", step->words[0]);

        (void)view;
        for (int tries = 0;; tries++) {
                char target[256] = "";

                if (readlink(step->words[0], target, sizeof(target) - 1) > 0 &&
                    string_equal(target, step->words[1]))
                        return;
                (void)unlink(fresh);
                if (symlink(step->words[1], fresh) == 0 && rename(fresh, step->words[0]) == 0)
                        return;
                if ((errno != EEXIST && errno != ENOENT) || tries == LINK_TRIES_MAX)
                        die(errno, "cannot make the link %s", step->words[0]);
        }
}

static void apply_user_data(const View *view, const LaunchStep *step) {
        (void)view;
        inherit_user_data(step->words[0], step->words[1], step->words[2]);
}

static void (*const APPLY[LAUNCH_OP_COUNT])(const View *, const LaunchStep *) = {
        [LAUNCH_OP_STAGE] = apply_stage,
        [LAUNCH_OP_USER_DIR] = apply_user_dir,
        [LAUNCH_OP_HOST_DIR] = apply_host_dir,
        [LAUNCH_OP_USER_DATA] = apply_user_data,
        [LAUNCH_OP_USER_LINK] = apply_user_link,
        [LAUNCH_OP_DIR] = apply_dir,
        [LAUNCH_OP_LINK] = apply_link,
        [LAUNCH_OP_FILE] = apply_file,
        [LAUNCH_OP_SCRATCH] = apply_scratch,
        [LAUNCH_OP_ATTACH] = apply_attach,
        [LAUNCH_OP_TAKE] = apply_take,
        [LAUNCH_OP_HOST] = apply_host,
        [LAUNCH_OP_DEVICE] = apply_device,
        [LAUNCH_OP_PROC] = apply_proc,
        [LAUNCH_OP_TERMINALS] = apply_terminals,
        [LAUNCH_OP_SHIELD] = apply_shield,
        [LAUNCH_OP_MASK] = apply_mask,
        [LAUNCH_OP_NETWORK] = apply_network,
        [LAUNCH_OP_HOME] = view_apply_home,
        [LAUNCH_OP_BIND] = view_apply_bind,
        [LAUNCH_OP_MATCH] = view_apply_match,
        [LAUNCH_OP_MATCH_UDEV] = view_apply_match,
        [LAUNCH_OP_USB_NODE] = view_apply_usb_node,
        [LAUNCH_OP_SHARE] = view_apply_share,
        [LAUNCH_OP_MATCH_LINKS] = view_apply_match,
};

void view_apply(View *view, const LaunchStep *step) {
        if (APPLY[step->op])
                APPLY[step->op](view, step);
}

static uint64_t get_mount_id(int at, const char *path, int flags) {
        struct statx status;

        if (statx(at, path, flags, STATX_MNT_ID, &status) < 0 || !(status.stx_mask & STATX_MNT_ID))
                die_kernel("cannot look at the program's view");
        return status.stx_mnt_id;
}

/* ".." of the root crosses into whatever is mounted over it: it must be the root itself. */
static void check_nothing_above(const View *view) {
        if (fchdir(view->root) < 0)
                die(errno, "cannot stand in the program's view");
        uint64_t root = get_mount_id(view->root, "", AT_EMPTY_PATH);
        if (get_mount_id(AT_FDCWD, "/..", 0) != root || get_mount_id(AT_FDCWD, "/", 0) != root)
                die(0, "the host's root still lies over the program's view");
}

void view_enter(View *view) {
        struct mount_attr attributes = { .attr_set = MOUNT_ATTR_RDONLY };

        if (kernel_mount_setattr(view->root, 0, &attributes) < 0)
                die(errno, "cannot make the root read-only");
        /* The old root comes to lie upon the new one and is taken off: no directory for it. */
        if (fchdir(view->root) < 0 || kernel_pivot_root(".", ".") < 0)
                die(errno, "cannot enter the program's view");
        /* Twice: what lies on top is the tmpfs that view_start put upon the old root, and it would
         * leave the old root to whoever opens "/..". */
        if (umount2(".", MNT_DETACH) < 0 || umount2(".", MNT_DETACH) < 0)
                die(errno, "cannot leave the host's view");
        check_nothing_above(view);
        (void)close(view->root);
        (void)close(view->stage);
        view->root = view->stage = -1;
}
