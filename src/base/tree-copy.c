/* SPDX-License-Identifier: Apache-2.0 */
#include "base/tree-copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"

#define TREE_DEPTH_MAX   1000
#define FILE_COUNT_MAX   (3 * TREE_DEPTH_MAX + 100) /* three of each directory on the way down */
#define XATTR_LIST_MAX   65536
#define XATTR_VALUE_MAX  65536
#define COPY_CHUNK_BYTES (1u << 30)

/* A file with more than one name: where the first of them was copied to. */
typedef struct Linked {
        ino_t inode;
        ino_t copy;
        size_t path; /* offset in Copy.paths, beneath `root` */
} Linked;

typedef struct Copy {
        dev_t device;
        int root;    /* the new tree's top; borrowed */
        Text linked; /* Linked after Linked */
        Text paths;
        int depth;
} Copy;

/* A directory and its twin, and where the twin lies beneath the new top ("" at the top). */
typedef struct Pair {
        int from;
        int to;
        const char *path;
} Pair;

static int copy_content(Copy *copy, const Pair *pair, Error *err);

/* What a user may not do with what he copies (give away, label, read what is another's) is left
 * undone; root must succeed in all of it.  EINVAL: an owner that a user namespace does not have. */
static bool may_leave_out(int number) {
        return geteuid() != 0 && (number == EPERM || number == EACCES || number == EINVAL);
}

static int copy_xattrs(int from, int to, const char *name, Error *err) {
        autofree char *list = memory_new(XATTR_LIST_MAX);
        autofree char *value = memory_new(XATTR_VALUE_MAX);
        ssize_t length = flistxattr(from, list, XATTR_LIST_MAX);

        if (length < 0)
                return errno == ENOTSUP ? 0
                                        : error_set_errno(err, errno,
                                                          "cannot list the attributes of %s", name);
        for (const char *key = list; key < list + length; key += strlen(key) + 1) {
                ssize_t size = fgetxattr(from, key, value, XATTR_VALUE_MAX);
                if (size < 0 && may_leave_out(errno))
                        continue;
                if (size < 0)
                        return error_set_errno(err, errno, "cannot read attribute %s of %s", key,
                                               name);
                if (fsetxattr(to, key, value, (size_t)size, 0) < 0 && !may_leave_out(errno))
                        return error_set_errno(err, errno, "cannot set attribute %s of %s", key,
                                               name);
        }
        return 0;
}

/* Owner before mode: chown clears setuid bits.  Times last. */
static int copy_metadata(int from, int to, const struct stat *st, const char *name, Error *err) {
        const struct timespec times[2] = { st->st_atim, st->st_mtim };
        mode_t mode = st->st_mode & 07777;

        if (fchown(to, st->st_uid, st->st_gid) < 0) {
                if (!may_leave_out(errno))
                        return error_set_errno(err, errno, "cannot set the owner of %s", name);
                mode &= (mode_t) ~(S_ISUID | S_ISGID); /* of another, not of this one */
        }
        if (fchmod(to, mode) < 0)
                return error_set_errno(err, errno, "cannot set the mode of %s", name);
        if (copy_xattrs(from, to, name, err) < 0)
                return -1;
        if (futimens(to, times) < 0)
                return error_set_errno(err, errno, "cannot set the times of %s", name);
        return 0;
}

/* One run of content; holes around it stay holes. */
static int copy_range(int from, int to, off_t start, off_t end) {
        off_t in = start, out = start;

        while (in < end) {
                size_t left = (size_t)(end - in);
                ssize_t count = copy_file_range(
                        from, &in, to, &out, left < COPY_CHUNK_BYTES ? left : COPY_CHUNK_BYTES, 0);
                if (count < 0 && errno == EINTR)
                        continue;
                if (count < 0)
                        return -1;
                if (count == 0)
                        break; /* became shorter meanwhile */
        }
        return 0;
}

static int copy_bytes(int from, int to, const char *name, off_t size, Error *err) {
        if (ioctl(to, FICLONE, from) == 0)
                return 0;
        for (off_t at = 0; at < size;) {
                off_t start = lseek(from, at, SEEK_DATA);
                if (start < 0 && errno == ENXIO)
                        break;
                off_t end = start < 0 ? -1 : lseek(from, start, SEEK_HOLE);
                if (end < 0 || copy_range(from, to, start, end) < 0)
                        return error_set_errno(err, errno, "cannot copy %s", name);
                at = end;
        }
        if (ftruncate(to, size) < 0)
                return error_set_errno(err, errno, "cannot copy %s", name);
        return 0;
}

/* False when no name of it was copied yet. */
static bool find_linked(const Copy *copy, ino_t inode, Linked *ret) {
        for (size_t at = 0; at < copy->linked.length; at += sizeof(Linked)) {
                memcpy(ret, copy->linked.bytes + at, sizeof(*ret));
                if (ret->inode == inode)
                        return true;
        }
        return false;
}

static void remember_linked(Copy *copy, ino_t inode, ino_t copied, const char *path) {
        const Linked linked = { inode, copied, copy->paths.length };

        text_append_bytes(&copy->linked, &linked, sizeof(linked));
        text_append_bytes(&copy->paths, path, strlen(path) + 1);
}

/* Another name for the copy that was made first.  It is looked for without links and recognised by
 * its number: a program of the package that still runs could otherwise lead linkat to a file of the
 * host, which would then be the package's. */
static int link_again(const Copy *copy, const Linked *linked, const Pair *pair, const char *name,
                      Error *err) {
        const char *first = copy->paths.bytes + linked->path;
        struct open_how how = { .flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
        autofd int fd = (int)syscall(SYS_openat2, copy->root, first, &how, sizeof(how));
        struct stat st, top;

        if (fd < 0 || fstat(fd, &st) < 0 || fstat(copy->root, &top) < 0)
                return error_set_errno(err, errno, "cannot find the copy %s", first);
        if (!S_ISREG(st.st_mode) || st.st_ino != linked->copy || st.st_dev != top.st_dev)
                return error_set(err, ERROR_BUSY, "the copy %s was replaced", first);
        autofree char *magic = string_format("/proc/self/fd/%d", fd); /* needs no capability */
        if (linkat(AT_FDCWD, magic, pair->to, name, AT_SYMLINK_FOLLOW) < 0)
                return error_set_errno(err, errno, "cannot link %s", name);
        return 0;
}

/* One's own file without the right to read it becomes a second name of it; another's is left out.
 */
static int copy_unreadable(const Pair *pair, const char *name, Error *err) {
        if (linkat(pair->from, name, pair->to, name, 0) < 0 && !may_leave_out(errno))
                return error_set_errno(err, errno, "cannot link %s", name);
        return 0;
}

static int copy_file(Copy *copy, const Pair *pair, const char *name, Error *err) {
        autofd int from = openat(pair->from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        struct stat st;

        if (from < 0 && may_leave_out(errno))
                return copy_unreadable(pair, name, err);
        if (from < 0 || fstat(from, &st) < 0)
                return error_set_errno(err, errno, "cannot open %s", name);
        if (!S_ISREG(st.st_mode))
                return error_set(err, ERROR_BUSY, "%s was replaced while it was copied", name);
        autofree char *path = string_format("%s%s%s", pair->path, *pair->path ? "/" : "", name);
        Linked linked;
        if (st.st_nlink > 1 && find_linked(copy, st.st_ino, &linked))
                return link_again(copy, &linked, pair, name, err);
        autofd int to =
                openat(pair->to, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (to < 0)
                return error_set_errno(err, errno, "cannot create %s", path);
        if (copy_bytes(from, to, path, st.st_size, err) < 0 ||
            copy_metadata(from, to, &st, path, err) < 0)
                return -1;
        struct stat made;
        if (fstat(to, &made) < 0)
                return error_set_errno(err, errno, "cannot look at %s", path);
        if (st.st_nlink > 1)
                remember_linked(copy, st.st_ino, made.st_ino, path);
        return fd_sync(to, path, err);
}

static int copy_link(const Pair *pair, const char *name, const struct stat *st, Error *err) {
        const struct timespec times[2] = { st->st_atim, st->st_mtim };
        char target[4096];
        ssize_t length = readlinkat(pair->from, name, target, sizeof(target) - 1);

        if (length < 0)
                return error_set_errno(err, errno, "cannot read link %s", name);
        target[length] = '\0';
        if (symlinkat(target, pair->to, name) < 0 ||
            (fchownat(pair->to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
             !may_leave_out(errno)) ||
            utimensat(pair->to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
                return error_set_errno(err, errno, "cannot make link %s", name);
        return 0;
}

/* Fifos and device nodes (root's own data may hold them).  The mode comes with the node: fchmodat
 * would follow a link that a program of the package puts there in between. */
static int copy_node(const Pair *pair, const char *name, const struct stat *st, Error *err) {
        mode_t before = umask(0);
        int made = mknodat(pair->to, name, st->st_mode, st->st_rdev);

        (void)umask(before);
        if (made < 0 && may_leave_out(errno))
                return 0;
        if (made < 0 ||
            (fchownat(pair->to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0 &&
             !may_leave_out(errno)))
                return error_set_errno(err, errno, "cannot make %s", name);
        return 0;
}

static bool is_own(int parent, const char *name) {
        struct stat st;

        return fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid == geteuid();
}

static int copy_directory(Copy *copy, const Pair *pair, const char *name, Error *err) {
        autofd int from = openat(pair->from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (from < 0 && may_leave_out(errno) && !is_own(pair->from, name))
                return 0;
        if (from < 0 || fstat(from, &st) < 0)
                return error_set_errno(err, errno, "cannot open directory %s", name);
        if (st.st_dev != copy->device)
                return error_set(err, ERROR_FAILED, "another file system is mounted at %s", name);
        if (mkdirat(pair->to, name, 0700) < 0)
                return error_set_errno(err, errno, "cannot make directory %s", name);
        autofd int to = openat(pair->to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (to < 0)
                return error_set_errno(err, errno, "cannot open directory %s", name);
        autofree char *path = string_format("%s%s%s", pair->path, *pair->path ? "/" : "", name);
        if (copy_content(copy, &(Pair){ from, to, path }, err) < 0 ||
            copy_metadata(from, to, &st, path, err) < 0)
                return -1;
        return fd_sync(to, path, err);
}

static int copy_entry(Copy *copy, const Pair *pair, const char *name, Error *err) {
        struct stat st;

        if (fstatat(pair->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0) /* removed meanwhile */
                return errno == ENOENT ? 0 : error_set_errno(err, errno, "cannot look at %s", name);
        switch (st.st_mode & S_IFMT) {
        case S_IFDIR:
                return copy_directory(copy, pair, name, err);
        case S_IFREG:
                return copy_file(copy, pair, name, err);
        case S_IFLNK:
                return copy_link(pair, name, &st, err);
        case S_IFSOCK:
                return 0;
        default:
                return copy_node(pair, name, &st, err);
        }
}

static int copy_content(Copy *copy, const Pair *pair, Error *err) {
        if (++copy->depth > TREE_DEPTH_MAX)
                return error_set(err, ERROR_FAILED, "directories nested deeper than %d",
                                 TREE_DEPTH_MAX);
        int duplicate = openat(pair->from, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory = duplicate < 0 ? NULL : fdopendir(duplicate);
        if (!directory)
                return error_set_errno(err, errno, "cannot list a directory");
        int result = 0;
        for (struct dirent *entry; result == 0 && (entry = readdir(directory));) {
                if (string_equal(entry->d_name, ".") || string_equal(entry->d_name, ".."))
                        continue;
                result = copy_entry(copy, pair, entry->d_name, err);
        }
        (void)closedir(directory);
        copy->depth--;
        return result;
}

static void copy_done(Copy *copy) {
        text_done(&copy->linked);
        text_done(&copy->paths);
}

static int copy_tree(int from, const char *name, int to, const char *to_name, Error *err) {
        __attribute__((cleanup(copy_done))) Copy copy = { 0 };
        autofd int source = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;

        if (source < 0 || fstat(source, &st) < 0)
                return error_set_errno(err, errno, "cannot open directory %s", name);
        copy.device = st.st_dev;
        if (mkdirat(to, to_name, 0700) < 0)
                return error_set_errno(err, errno, "cannot make directory %s", to_name);
        autofd int target = openat(to, to_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (target < 0)
                return error_set_errno(err, errno, "cannot open directory %s", to_name);
        copy.root = target;
        if (copy_content(&copy, &(Pair){ source, target, "" }, err) < 0 ||
            copy_metadata(source, target, &st, to_name, err) < 0)
                return error_prefix(err, "cannot copy %s", name);
        return fd_sync(target, to_name, err);
}

/* The soft limit of open files is for those who use select; it is as before afterwards, because a
 * launcher's program inherits it. */
int tree_copy(int from, const char *name, int to, const char *to_name, Error *err) {
        struct rlimit before, wanted;

        if (getrlimit(RLIMIT_NOFILE, &before) < 0)
                return error_set_errno(err, errno, "cannot ask for the limit of open files");
        wanted = before;
        if (wanted.rlim_cur < FILE_COUNT_MAX)
                wanted.rlim_cur =
                        before.rlim_max < FILE_COUNT_MAX ? before.rlim_max : FILE_COUNT_MAX;
        (void)setrlimit(RLIMIT_NOFILE, &wanted);
        int result = copy_tree(from, name, to, to_name, err);
        (void)setrlimit(RLIMIT_NOFILE, &before);
        return result;
}
