/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/mounts.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/limits.h"
#include "base/log.h"
#include "job/job.h"
#include "launch/launching.h"
#include "launch/lease.h"
#include "wire/launch.h"

#define LOOP_ATTEMPT_MAX     50
#define BASE_ENTRY_COUNT_MAX 64
#define QUEUES_NAME          ".queues" /* no name of a package */

struct Mounts {
        uv_loop_t *loop;
        char *root;
        char *place;  /* R/run/pawl/mnt */
        char *queues; /* of mqueue; or NULL */
        void (*changed)(void *context);
        void *context;
        Image *images;
};

typedef struct MountInput {
        const char *file; /* absolute */
        const char *path;
} MountInput;

/* What of the host's /etc a base may be overlaid with, where the base has a file of that name. */
static const char *const ETC_FILES[] = { "passwd",   "group",     "hosts",      "resolv.conf",
                                         "hostname", "localtime", "machine-id", "nsswitch.conf" };

/* ── the namespace ── */

int launch_prepare_namespace(Error *err) {
        if (unshare(CLONE_NEWNS) < 0)
                return error_set_errno(err, errno, "cannot make a mount namespace for the daemon");
        if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
                return error_set_errno(err, errno, "cannot separate the daemon's mounts");
        return 0;
}

static int make_place(const char *root, const char *place, Error *err) {
        autofree char *top = string_format("%s/", root);
        autofd int root_directory = directory_open(top, err);

        if (root_directory < 0)
                return -1;
        autofd int made = directory_make_beneath(root_directory, "run/pawl/mnt", 0700, err);
        if (made < 0)
                return -1;
        if (mount("pawl", place, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700,size=1m") < 0)
                return error_set_errno(err, errno, "cannot mount a tmpfs on %s", place);
        /* A peer group of its own: the host's group does not see it, a cloner's copy does. */
        if (mount(NULL, place, NULL, MS_PRIVATE, NULL) < 0 ||
            mount(NULL, place, NULL, MS_SHARED, NULL) < 0)
                return error_set_errno(err, errno, "cannot set the propagation of %s", place);
        return 0;
}

/* Where a launch gets message queues of this namespace from: a user may not mount them, and a host
 * need not have them at /dev/mqueue.  NULL where the kernel has none. */
static char *mount_queues(const char *place) {
        autofree char *queues = string_format("%s/" QUEUES_NAME, place);

        if (mkdir(queues, 0700) < 0 ||
            mount("mqueue", queues, "mqueue", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
                log_info("no message queues for posix-mq: %s", strerror(errno));
                return NULL;
        }
        return take(queues);
}

/* ── in the worker: loop device and mount ── */

/* Loop devices are everybody's: between the number and the use another may take it. */
static int open_loop(int image, const char *name, char *ret_path, Error *err) {
        autofd int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
        struct loop_config config = {
                .fd = (unsigned)image,
                .info = { .lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR },
        };

        if (control < 0)
                return error_set_errno(err, errno, "cannot open /dev/loop-control");
        (void)snprintf((char *)config.info.lo_file_name, LO_NAME_SIZE, "%s", name);
        for (int i = 0; i < LOOP_ATTEMPT_MAX; i++) {
                int number = ioctl(control, LOOP_CTL_GET_FREE);
                if (number < 0)
                        return error_set_errno(err, errno, "no free loop device");
                (void)snprintf(ret_path, 32, "/dev/loop%d", number);
                autofd int device = open(ret_path, O_RDONLY | O_CLOEXEC);
                if (device < 0)
                        return error_set_errno(err, errno, "cannot open %s", ret_path);
                if (ioctl(device, LOOP_CONFIGURE, &config) == 0)
                        return take_fd(device);
                if (errno != EBUSY)
                        return error_set_errno(err, errno, "cannot set up %s", ret_path);
                (void)usleep(1000);
        }
        return error_set(err, ERROR_BUSY, "every loop device is taken away before it can be used");
}

static int mount_squashfs(const char *device, const char *path, Error *err) {
        autofd int context = (int)syscall(SYS_fsopen, "squashfs", FSOPEN_CLOEXEC);

        if (context < 0)
                return error_set_errno(err, errno, "this kernel cannot mount squashfs");
        if (syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", device, 0) < 0 ||
            syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
            syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
                return error_set_errno(err, errno, "the image cannot be mounted");
        autofd int mount_fd =
                (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC,
                             MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
        if (mount_fd < 0 ||
            syscall(SYS_move_mount, mount_fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return error_set_errno(err, errno, "cannot mount on %s", path);
        return 0;
}

static void list_entry(int directory, const char *name, Text *ret) {
        char target[512] = "";
        struct stat status;

        if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
                return;
        if (S_ISDIR(status.st_mode))
                launch_line_append(ret, "dir", name, NULL);
        if (S_ISREG(status.st_mode))
                launch_line_append(ret, "file", name, NULL);
        if (S_ISLNK(status.st_mode) && readlinkat(directory, name, target, sizeof(target) - 1) > 0)
                launch_line_append(ret, "link", name, target, NULL);
}

static int list_top(const char *path, Text *ret, Error *err) {
        DIR *top = opendir(path);
        struct dirent *entry;
        size_t count = 0;

        if (!top)
                return error_set_errno(err, errno, "cannot read %s", path);
        while ((entry = readdir(top)) && count++ < BASE_ENTRY_COUNT_MAX)
                if (entry->d_name[0] != '.')
                        list_entry(dirfd(top), entry->d_name, ret);
        for (size_t i = 0; i < ARRAY_COUNT(ETC_FILES); i++) {
                autofree char *name = string_format("etc/%s", ETC_FILES[i]);
                struct stat status;

                if (fstatat(dirfd(top), name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                    S_ISREG(status.st_mode))
                        launch_line_append(ret, "etc", ETC_FILES[i], NULL);
        }
        (void)closedir(top);
        return 0;
}

static int make_parents(const char *path, Error *err) {
        autofree char *copy = string_copy(path);
        char *slash = strrchr(copy, '/');

        *slash = '\0';
        if ((mkdir(copy, 0700) < 0 && errno != EEXIST) ||
            (mkdir(path, 0700) < 0 && errno != EEXIST))
                return error_set_errno(err, errno, "cannot make %s", path);
        return 0;
}

/* Not an image: any file system, and not ours.  What is mounted beneath it is left out, and stays
 * out; the flags are locked when it is cloned. */
static int mount_folder(const void *input, Text *ret, Error *err) {
        const MountInput *image = input;
        struct mount_attr attributes = {
                .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV,
                .propagation = MS_PRIVATE,
        };
        autofd int folder = folder_open(image->file, FOLDER_OPEN_MAY_BLOCK, err);

        if (folder < 0 || make_parents(image->path, err) < 0)
                return -1;
        autofd int tree = (int)syscall(SYS_open_tree, folder, "",
                                       OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
        if (tree < 0 || syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &attributes,
                                sizeof(attributes)) < 0)
                return error_set_errno(err, errno, "cannot bind %.300s",
                                       folder_get_path(image->file));
        if (syscall(SYS_move_mount, tree, "", AT_FDCWD, image->path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
                return error_set_errno(err, errno, "cannot mount on %s", image->path);
        return list_top(image->path, ret, err);
}

static int mount_image(const void *input, Text *ret, Error *err) {
        const MountInput *image = input;
        char device_path[32];

        autofd int file = open(image->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (file < 0)
                return error_set_errno(err, errno, "cannot open the image %s", image->file);
        if (make_parents(image->path, err) < 0)
                return -1;
        autofd int device = open_loop(file, image->file, device_path, err);
        if (device < 0 || mount_squashfs(device_path, image->path, err) < 0)
                return -1;
        return list_top(image->path, ret, err);
}

/* ── in the daemon ── */

static Image *free_image(Image *image) {
        free(image->instance);
        free(image->revision);
        free(image->path);
        free(image->listing);
        free(image);
        return NULL;
}

static void on_mounted(void *context, Text *result, const Error *err) {
        Image *image = context;

        image->is_mounting = false;
        image->has_failed = err != NULL;
        image->is_mounted = err == NULL;
        image->was_lost = err && err->kind == ERROR_LOST;
        if (err)
                image->failure = *err;
        free(image->listing);
        image->listing = text_take(result);
        image->mounts->changed(image->mounts->context);
}

static Image *find_image(Mounts *mounts, const ImageName *name) {
        Image *image = mounts->images;

        while (image && !(string_equal(image->instance, name->instance) &&
                          string_equal(image->revision, name->revision)))
                image = image->next;
        if (image)
                return image;
        image = memory_new(sizeof(*image));
        image->instance = string_copy(name->instance);
        image->revision = string_copy(name->revision);
        image->path = string_format("%s/%s/%s", mounts->place, name->instance, name->revision);
        image->mounts = mounts;
        image->next = mounts->images;
        mounts->images = image;
        return image;
}

/* A name comes again when its revision was removed and another was installed.  Its inode cannot:
 * the mount keeps it. */
static void drop_if_replaced(Image *image, uint64_t inode) {
        if (!image->is_mounted || image->inode == inode)
                return;
        if (umount2(image->path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
                log_warning("cannot unmount %s: %s", image->path, strerror(errno));
        image->is_mounted = false;
}

static uint64_t get_inode(const char *file) {
        struct stat status;

        if (folder_is_source(file))
                return folder_get_inode(file);

        return stat(file, &status) == 0 ? status.st_ino : 0;
}

/* ── directories that are tried ── */

static int look_at_folder(const void *input, Text *ret, Error *err) {
        autofd int folder = folder_open(input, FOLDER_OPEN_MAY_BLOCK, err);

        (void)ret;
        return folder < 0 ? -1 : 0;
}

static void on_looked(void *context, Text *result, const Error *err) {
        Image *image = context;

        (void)result;
        image->is_mounting = false;
        image->has_failed = err != NULL;
        image->was_looked_at = err == NULL;
        if (err)
                image->failure = *err;
        image->mounts->changed(image->mounts->context);
}

static int explain_failure(Image *image, const char *source, Error *err) {
        image->has_failed = false;
        *err = image->failure;
        if (err->kind == ERROR_LOST && folder_is_source(source))
                (void)error_set(err, ERROR_LOST,
                                "%.300s, the directory that it is tried from, is on a file system "
                                "that does not answer (waited %d s)",
                                folder_get_path(source), FOLDER_LIMIT_MS / 1000);
        return error_prefix(err, "cannot mount \"%s\" revision %s", image->instance,
                            image->revision);
}

/* One that has gone since it was bound would be shown all the same, as it was left.  The loop looks
 * where the kernel need not ask anybody; otherwise a child does.  1 it is there, 0 to be seen. */
static int check_folder(Image *image, const char *source, Error *err) {
        Error failure = ERROR_INIT;

        if (image->has_failed)
                return explain_failure(image, source, err);
        autofd int folder = folder_open(source, FOLDER_OPEN_CACHED, &failure);
        if (folder >= 0 || (failure.kind == ERROR_BUSY && image->was_looked_at)) {
                image->was_looked_at = false;
                return 1;
        }
        if (failure.kind != ERROR_BUSY) {
                image->failure = failure;
                return explain_failure(image, source, err);
        }
        /* Who looked last has not come back: one is enough. */
        if (job_is_left(image))
                return explain_failure(image, source, err);
        if (job_start(&(JobRequest){ .loop = image->mounts->loop,
                                     .work = look_at_folder,
                                     .input = source,
                                     .done = on_looked,
                                     .context = image,
                                     .limit_ms = FOLDER_LIMIT_MS },
                      err) < 0)
                return -1;
        image->is_mounting = true;
        return 0;
}

static int start_mount(Image *image, const char *file, Error *err) {
        const MountInput input = { .file = file, .path = image->path };
        bool is_folder = folder_is_source(file);

        if (job_is_left(image))
                return explain_failure(image, file, err);
        /* It may have been mounted in the very moment in which it was given up. */
        if (image->was_lost)
                (void)umount2(image->path, MNT_DETACH | UMOUNT_NOFOLLOW);
        if (job_start(&(JobRequest){ .loop = image->mounts->loop,
                                     .work = is_folder ? mount_folder : mount_image,
                                     .input = &input,
                                     .done = on_mounted,
                                     .context = image,
                                     .limit_ms = is_folder ? FOLDER_LIMIT_MS : MOUNT_LIMIT_MS },
                      err) < 0)
                return -1;
        image->is_mounting = true;
        return 0;
}

int mounts_require(Mounts *mounts, const ImageName *name, const Image **ret, Error *err) {
        bool is_folder = folder_is_source(name->file);
        autofree char *file =
                is_folder ? string_copy(name->file)
                          : string_format("%s/var/lib/pawl/images/%s", mounts->root, name->file);
        uint64_t inode = get_inode(file);
        Image *image = find_image(mounts, name);

        drop_if_replaced(image, inode);
        if (image->is_mounting)
                return 0;
        if (image->is_mounted) {
                *ret = image;
                return is_folder ? check_folder(image, file, err) : 1;
        }
        /* Maybe nobody took the failure when it came; of a file that has come back it says nothing.
         */
        bool is_failure_of_now = image->has_failed && image->inode == inode;
        image->has_failed = false;
        if (is_failure_of_now)
                return explain_failure(image, file, err);
        image->inode = inode;
        return start_mount(image, file, err);
}

void mounts_drop_unused(Mounts *mounts) {
        for (Image **link = &mounts->images; *link;) {
                Image *image = *link;

                if (image->is_mounting || job_is_left(image) ||
                    lease_is_held(mounts->root, image->instance, image->revision)) {
                        link = &image->next;
                        continue;
                }
                if (image->is_mounted && umount2(image->path, MNT_DETACH | UMOUNT_NOFOLLOW) < 0)
                        log_warning("cannot unmount %s: %s", image->path, strerror(errno));
                *link = image->next;
                (void)free_image(image);
        }
}

const char *mounts_get_queues(const Mounts *mounts) {
        return mounts->queues;
}

int mounts_new(uv_loop_t *loop, const char *root, void (*changed)(void *context), void *context,
               Mounts **ret, Error *err) {
        autofree char *place = string_format("%s/run/pawl/mnt", root);

        if (make_place(root, place, err) < 0)
                return -1;
        Mounts *mounts = memory_new(sizeof(*mounts));
        char *queues = mount_queues(place);
        *mounts = (Mounts){ .loop = loop,
                            .root = string_copy(root),
                            .queues = queues,
                            .place = take(place),
                            .changed = changed,
                            .context = context };
        *ret = mounts;
        return 0;
}

Mounts *mounts_free(Mounts *mounts) {
        if (!mounts)
                return NULL;
        (void)umount2(mounts->place, MNT_DETACH | UMOUNT_NOFOLLOW);
        while (mounts->images) {
                Image *image = mounts->images;

                mounts->images = image->next;
                (void)free_image(image);
        }
        free(mounts->root);
        free(mounts->place);
        free(mounts->queues);
        free(mounts);
        return NULL;
}
