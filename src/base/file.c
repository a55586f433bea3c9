/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "base/text.h"

#define REMOVE_DEPTH_MAX 50 /* two descriptors each */

int directory_open(const char *path, Error *err) {
        int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd >= 0 ? fd : error_set_errno(err, errno, "cannot open directory %s", path);
}

static int open_beneath(int directory, const char *path, int flags, mode_t mode) {
        bool creates = (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
        struct open_how how = {
                .flags = (unsigned)(flags | O_CLOEXEC),
                .mode = creates ? mode : 0,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
        };
        int fd;

        do
                fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
        while (fd < 0 && (errno == EINTR || errno == EAGAIN));
        return fd;
}

int file_open_beneath(int directory, const char *path, int flags, mode_t mode, Error *err) {
        int fd = open_beneath(directory, path, flags, mode);

        return fd >= 0 ? fd : error_set_errno(err, errno, "cannot open %s", path);
}

bool file_exists_beneath(int directory, const char *path) {
        autofd int fd = open_beneath(directory, path, O_PATH | O_NOFOLLOW, 0);

        return fd >= 0;
}

/* The directory that holds the last name of `path`, which is what may be replaced or removed there.
 */
static int open_parent(int directory, const char *path, const char **ret_name, Error *err) {
        const char *slash = strrchr(path, '/');
        const char *name = slash ? slash + 1 : path;

        if (!*name || string_equal(name, ".") || string_equal(name, ".."))
                return error_set(err, ERROR_BAD_REQUEST, "not the name of a file: \"%s\"", path);
        *ret_name = name;
        /* "/x" keeps its "/", so that openat2 refuses it like every absolute path. */
        autofree char *parent =
                slash ? string_copy_length(path, slash > path ? (size_t)(slash - path) : 1)
                      : string_copy(".");
        int fd = open_beneath(directory, parent, O_RDONLY | O_DIRECTORY, 0);
        return fd >= 0 ? fd : error_set_errno(err, errno, "cannot open directory %s", parent);
}

/* Opens or makes one level; a new one is durable before anything is put into it. */
static int open_or_make_level(int parent, const char *name, mode_t mode, Error *err) {
        int fd = open_beneath(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

        if (fd >= 0)
                return fd;
        if (errno != ENOENT)
                return error_set_errno(err, errno, "cannot open directory %s", name);
        if (mkdirat(parent, name, mode) < 0 && errno != EEXIST)
                return error_set_errno(err, errno, "cannot make directory %s", name);
        autofd int made = open_beneath(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        if (made < 0)
                return error_set_errno(err, errno, "cannot open directory %s", name);
        if (fchmod(made, mode) < 0)
                return error_set_errno(err, errno, "cannot set the mode of %s", name);
        if (fd_sync(parent, name, err) < 0)
                return -1;
        return take_fd(made);
}

int directory_make_beneath(int directory, const char *path, mode_t mode, Error *err) {
        autofree char *copy = string_copy(path);
        autofd int at = fcntl(directory, F_DUPFD_CLOEXEC, 3);
        char *rest = NULL;

        if (at < 0)
                return error_set_errno(err, errno, "cannot duplicate a directory");
        for (char *name = strtok_r(copy, "/", &rest); name; name = strtok_r(NULL, "/", &rest)) {
                int next = open_or_make_level(at, name, mode, err);
                if (next < 0)
                        return error_prefix(err, "%s", path);
                (void)close(at);
                at = next;
        }
        return take_fd(at);
}

int fd_write_all(int fd, const void *bytes, size_t length, Error *err) {
        const char *at = bytes;

        while (length > 0) {
                ssize_t count = write(fd, at, length);
                if (count < 0 && errno == EINTR)
                        continue;
                if (count < 0)
                        return error_set_errno(err, errno, "cannot write");
                at += count;
                length -= (size_t)count;
        }
        return 0;
}

int fd_sync(int fd, const char *what, Error *err) {
        if (fsync(fd) < 0)
                return error_set_errno(err, errno, "cannot sync %s", what);
        return 0;
}

int file_read_all(int fd, size_t max, char **ret, size_t *ret_length, Error *err) {
        autotext text = TEXT_INIT;
        char buffer[16384];

        for (;;) {
                ssize_t count = read(fd, buffer, sizeof(buffer));
                if (count < 0 && errno == EINTR)
                        continue;
                if (count < 0)
                        return error_set_errno(err, errno, "cannot read");
                if (count == 0)
                        break;
                if (text.length + (size_t)count > max)
                        return error_set(err, ERROR_TOO_LARGE, "more than %zu bytes", max);
                text_append_bytes(&text, buffer, (size_t)count);
        }
        if (ret_length)
                *ret_length = text.length;
        *ret = text_take(&text);
        return 0;
}

/* True only where the content is durable too. */
static bool file_is_same(int directory, const char *name, const void *bytes, size_t length,
                         mode_t mode) {
        autofd int fd = open_beneath(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
        autofree char *content = NULL;
        size_t content_length = 0;
        struct stat st;
        Error ignored;

        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return false;
        if ((size_t)st.st_size != length || (st.st_mode & 07777) != mode)
                return false;
        if (file_read_all(fd, length, &content, &content_length, &ignored) < 0)
                return false;
        if (!content || content_length != length || memcmp(content, bytes, length) != 0)
                return false;
        return fsync(fd) == 0;
}

static int write_temporary(int directory, const char *name, const struct iovec *content,
                           mode_t mode, Error *err) {
        autofd int fd =
                openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

        if (fd < 0)
                return error_set_errno(err, errno, "cannot create %s", name);
        if (fd_write_all(fd, content->iov_base, content->iov_len, err) < 0)
                return error_prefix(err, "%s", name);
        if (fchmod(fd, mode) < 0)
                return error_set_errno(err, errno, "cannot set the mode of %s", name);
        return fd_sync(fd, name, err);
}

/* Puts `temporary` into its place; whatever happens, no temporary name stays. */
static int rename_into_place(int directory, const char *temporary, const char *name, Error *err) {
        if (renameat(directory, temporary, directory, name) < 0) {
                int number = errno;
                (void)unlinkat(directory, temporary, 0);
                return error_set_errno(err, number, "cannot rename %s into place", name);
        }
        return fd_sync(directory, name, err);
}

int file_write_atomic(int directory, const char *path, const void *bytes, size_t length,
                      mode_t mode, Error *err) {
        struct iovec content = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = length };
        const char *name = NULL;
        autofd int parent = open_parent(directory, path, &name, err);

        if (parent < 0)
                return -1;
        if (file_is_same(parent, name, bytes, length, mode))
                /* Perhaps by a process that was killed before it had synced the directory. */
                return fd_sync(parent, name, err);
        autofree char *temporary = string_format(".%s.new~", name);
        if (unlinkat(parent, temporary, 0) < 0 && errno != ENOENT)
                return error_set_errno(err, errno, "cannot remove %s", temporary);
        if (write_temporary(parent, temporary, &content, mode, err) < 0) {
                (void)unlinkat(parent, temporary, 0);
                return -1;
        }
        return rename_into_place(parent, temporary, name, err) < 0 ? -1 : 1;
}

static bool link_is_same(int directory, const char *name, const char *target) {
        char present[4096];
        ssize_t length = readlinkat(directory, name, present, sizeof(present) - 1);

        if (length < 0)
                return false;
        present[length] = '\0';
        return string_equal(present, target);
}

int link_write_atomic(int directory, const char *path, const char *target, Error *err) {
        const char *name = NULL;
        autofd int parent = open_parent(directory, path, &name, err);

        if (parent < 0)
                return -1;
        if (link_is_same(parent, name, target))
                return fd_sync(parent, name, err);
        autofree char *temporary = string_format(".%s.new~", name);
        if (unlinkat(parent, temporary, 0) < 0 && errno != ENOENT)
                return error_set_errno(err, errno, "cannot remove %s", temporary);
        if (symlinkat(target, parent, temporary) < 0)
                return error_set_errno(err, errno, "cannot make link %s", name);
        return rename_into_place(parent, temporary, name, err) < 0 ? -1 : 1;
}

/* A tree of any depth with few descriptors: what lies deeper than this is moved to the top first.
 */
typedef struct Removal {
        int top;
        dev_t device;
        uint64_t moved_count;
} Removal;

/* A user's own directory that is closed to himself: for root nothing is. */
static bool unlock_directory(int directory) {
        struct stat st;

        return geteuid() != 0 && fstat(directory, &st) == 0 && (st.st_mode & 0700) != 0700 &&
               fchmod(directory, 0700) == 0;
}

static int remove_content(Removal *removal, int fd, int depth, Error *err);

static int move_to_top(Removal *removal, int parent, const char *name, Error *err) {
        for (;;) {
                autofree char *fresh =
                        string_format(".deep-%llu~", (unsigned long long)removal->moved_count++);
                if (renameat2(parent, name, removal->top, fresh, RENAME_NOREPLACE) == 0)
                        return 0;
                if (errno != EEXIST)
                        return error_set_errno(err, errno, "cannot move %s to remove it", name);
        }
}

static int open_to_remove(int parent, const char *name) {
        int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        int fd = openat(parent, name, flags);

        if (fd >= 0 || errno != EACCES || geteuid() == 0)
                return fd;
        autofd int path = openat(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        autofree char *magic = string_format("/proc/self/fd/%d", path);
        return path < 0 || chmod(magic, 0700) < 0 ? -1 : openat(parent, name, flags);
}

static int remove_entry(Removal *removal, int parent, const char *name, int depth, Error *err) {
        int removed = unlinkat(parent, name, 0);
        struct stat st;

        if (removed < 0 && errno == EACCES && unlock_directory(parent))
                removed = unlinkat(parent, name, 0);
        if (removed == 0 || errno == ENOENT)
                return 0;
        if (errno != EISDIR && errno != EPERM)
                return error_set_errno(err, errno, "cannot remove %s", name);
        autofd int fd = open_to_remove(parent, name);
        if (fd < 0 || fstat(fd, &st) < 0)
                return error_set_errno(err, errno, "cannot open %s to remove it", name);
        if (st.st_dev != removal->device)
                return error_set(err, ERROR_FAILED,
                                 "cannot remove %s: another file system is mounted there", name);
        if (depth == REMOVE_DEPTH_MAX) {
                (void)unlock_directory(fd); /* its ".." is written too */
                return move_to_top(removal, parent, name, err);
        }
        if (depth == 0)
                removal->top = fd;
        uint64_t before;
        do { /* the top once more where something was moved to it meanwhile */
                before = removal->moved_count;
                if (remove_content(removal, fd, depth + 1, err) < 0)
                        return error_prefix(err, "%s", name);
        } while (depth == 0 && removal->moved_count != before);
        if (unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
                return error_set_errno(err, errno, "cannot remove directory %s", name);
        return 0;
}

static int remove_content(Removal *removal, int fd, int depth, Error *err) {
        int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory = copy < 0 ? NULL : fdopendir(copy);
        if (!directory)
                return error_set_errno(err, errno, "cannot list a directory");
        int result = 0;
        for (struct dirent *entry; result == 0 && (entry = readdir(directory));) {
                if (string_equal(entry->d_name, ".") || string_equal(entry->d_name, ".."))
                        continue;
                result = remove_entry(removal, fd, entry->d_name, depth, err);
        }
        (void)closedir(directory);
        return result;
}

int tree_remove(int directory, const char *path, Error *err) {
        const char *name = NULL;
        struct stat st;
        autofd int parent = open_parent(directory, path, &name, err);

        if (parent < 0)
                return err->number == ENOENT ? 0 : -1;
        if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return errno == ENOENT ? 0 : error_set_errno(err, errno, "cannot look at %s", name);
        Removal removal = { .top = -1, .device = st.st_dev };
        return remove_entry(&removal, parent, name, 0, err);
}

int memfd_new_sealed(const char *name, const void *bytes, size_t length, Error *err) {
        autofd int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

        if (fd < 0)
                return error_set_errno(err, errno, "cannot make memory file %s", name);
        if (fd_write_all(fd, bytes, length, err) < 0)
                return -1;
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
                return error_set_errno(err, errno, "cannot seal memory file %s", name);
        if (lseek(fd, 0, SEEK_SET) < 0)
                return error_set_errno(err, errno, "cannot rewind memory file %s", name);
        return take_fd(fd);
}

int memfd_read_sealed(int fd, size_t max, char **ret, size_t *ret_length, Error *err) {
        int seals = fcntl(fd, F_GET_SEALS);

        if (seals < 0 || (seals & (F_SEAL_WRITE | F_SEAL_SHRINK)) != (F_SEAL_WRITE | F_SEAL_SHRINK))
                return error_set(err, ERROR_BAD_REQUEST, "a memory file is not sealed");
        if (lseek(fd, 0, SEEK_SET) < 0)
                return error_set_errno(err, errno, "cannot rewind a memory file");
        return file_read_all(fd, max, ret, ret_length, err);
}
