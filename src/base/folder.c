/* SPDX-License-Identifier: Apache-2.0 */
#include "base/folder.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/text.h"

bool folder_is_source(const char *file) {
        return file && strchr(file, ':');
}

const char *folder_get_path(const char *source) {
        const char *path = strchr(source, '/');

        assert(path);
        return path;
}

uint64_t folder_get_inode(const char *source) {
        return strtoull(strchr(source, ':') + 1, NULL, 10);
}

/* A program of a user's that answers for a file system can let everybody wait who looks at it, and
 * can answer each of them differently. */
static int format_source(int fd, const char *path, char **ret, Error *err) {
        struct statfs system;
        struct stat st;
        uint64_t identity = 0;

        if (fstatfs(fd, &system) < 0 || fstat(fd, &st) < 0)
                return error_set_errno(err, errno, "cannot look at %.300s", path);
        if (system.f_type == FUSE_SUPER_MAGIC)
                return error_set(
                        err, ERROR_BAD_REQUEST,
                        "%.300s is on a file system of a program (FUSE): copy it to a disk", path);
        static_assert(sizeof(system.f_fsid) == sizeof(identity), "two ints");
        memcpy(&identity, &system.f_fsid, sizeof(identity));
        *ret = string_format("%" PRIx64 ":%" PRIu64 ":%s", identity, (uint64_t)st.st_ino, path);
        return 0;
}

static int read_path(int fd, char **ret, Error *err) {
        autofree char *link = string_format("/proc/self/fd/%d", fd);
        char path[PATH_MAX];
        ssize_t length = readlink(link, path, sizeof(path) - 1);

        if (length < 0)
                return error_set_errno(err, errno, "cannot tell where the directory is");
        path[length] = '\0';
        if (!string_is_clean_utf8(path, (size_t)length) || length == sizeof(path) - 1)
                return error_set(err, ERROR_BAD_REQUEST, "the directory's path is not plain text");
        *ret = string_copy(path);
        return 0;
}

int folder_find(const char *path, char **ret_source, Error *err) {
        autofree char *canonical = NULL;

        if (*path != '/')
                return error_set(err, ERROR_BAD_REQUEST, "not an absolute path: \"%.300s\"", path);
        autofd int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return error_set(err, ERROR_SNAP_NOT_A_SNAP,
                                 "\"%.300s\" is not a snap directory: %s", path, strerror(errno));
        if (read_path(fd, &canonical, err) < 0 || format_source(fd, canonical, ret_source, err) < 0)
                return -1;
        return take_fd(fd);
}

/* Without asking anybody: the inode's number as it is known here. */
static bool has_inode(int fd, const char *source) {
        struct statx st;

        return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO, &st) == 0 &&
               folder_get_inode(source) == st.stx_ino;
}

static int check_identity(int fd, const char *source, FolderOpen how, Error *err) {
        const char *path = folder_get_path(source);
        autofree char *now = NULL;
        bool is_same = has_inode(fd, source);

        if (is_same && how == FOLDER_OPEN_MAY_BLOCK) {
                if (format_source(fd, path, &now, err) < 0)
                        return -1;
                is_same = string_equal(now, source);
        }
        if (!is_same)
                return error_set(
                        err, ERROR_FAILED,
                        "%.300s is not the directory that was tried, but another one ('pawl try' it)",
                        path);
        return 0;
}

int folder_open(const char *source, FolderOpen how, Error *err) {
        const char *path = folder_get_path(source);
        struct open_how open_how = {
                .flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
                           (how == FOLDER_OPEN_CACHED ? RESOLVE_CACHED : 0),
        };

        autofd int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &open_how, sizeof(open_how));
        if (fd < 0 && errno == EAGAIN)
                return error_set(err, ERROR_BUSY, "%.300s cannot be looked at without waiting",
                                 path);
        if (fd < 0)
                return error_set_errno(
                        err, errno,
                        "%.300s, the directory that it is tried from, is gone ('pawl try' another, or remove it)",
                        path);
        if (check_identity(fd, source, how, err) < 0)
                return -1;
        return take_fd(fd);
}
