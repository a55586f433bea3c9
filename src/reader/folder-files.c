/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/folder-files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"

#define LINK_LENGTH_MAX 4096

static int open_entry(int folder, const char *path, int flags) {
        struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC),
                                /* What is mounted on it is not shown to the program either. */
                                .resolve =
                                        RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV };

        return (int)syscall(SYS_openat2, folder, path, &how, sizeof(how));
}

/* What stands in the way of whoever is not the owner stands in that of most who will run it. */
static int explain(const char *path, Error *err) {
        if (errno == EACCES)
                return error_set(err, ERROR_BAD_REQUEST, "\"%.200s\" is not readable by all", path);
        return error_set_errno(err, errno, "cannot read \"%.200s\"", path);
}

int folder_find_entry(int folder, const char *path, bool follows_last, FolderEntry *ret,
                      Error *err) {
        struct stat st;
        size_t length = strlen(path);

        if (length >= sizeof(ret->path))
                return error_set(err, ERROR_TOO_LARGE, "a path is too long");
        autofd int fd = open_entry(folder, path, O_PATH | (follows_last ? 0 : O_NOFOLLOW));
        if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EXDEV || errno == ELOOP))
                return 0;
        if (fd < 0 || fstat(fd, &st) < 0)
                return explain(path, err);
        *ret = (FolderEntry){ .mode = st.st_mode, .size = (uint64_t)st.st_size };
        memcpy(ret->path, path, length + 1);
        return 1;
}

int folder_read_file(int folder, const FolderEntry *file, size_t max, char **ret,
                     size_t *ret_length, Error *err) {
        struct stat st;

        if (!S_ISREG(file->mode))
                return error_set(err, ERROR_BAD_REQUEST, "not a regular file");
        /* Another file may be there by now: one that blocks, or a device. */
        autofd int fd = open_entry(folder, file->path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 || fstat(fd, &st) < 0)
                return explain(file->path, err);
        if (!S_ISREG(st.st_mode))
                return error_set(err, ERROR_BAD_REQUEST, "not a regular file");
        return file_read_all(fd, max, ret, ret_length, err);
}

int folder_read_link(int folder, const FolderEntry *link, char **ret, Error *err) {
        char target[LINK_LENGTH_MAX + 1];
        autofd int fd = open_entry(folder, link->path, O_PATH | O_NOFOLLOW);
        ssize_t length = fd < 0 ? -1 : readlinkat(fd, "", target, LINK_LENGTH_MAX);

        if (length < 0)
                return explain(link->path, err);
        target[length] = '\0';
        *ret = string_copy(target);
        return 0;
}

/* ---- walking ---- */

typedef struct Walk {
        int folder;
        const char *top; /* where it began: paths are told from there */
        FolderVisit visit;
        void *data;
        size_t count;
} Walk;

static int walk_directory(Walk *walk, const char *path, size_t depth, Error *err);

static const char *get_below(const Walk *walk, const char *path) {
        size_t length = strlen(walk->top);

        return string_equal(walk->top, ".") ? path : path + length + 1;
}

static int visit_name(Walk *walk, const char *parent, const char *name, size_t depth, Error *err) {
        autofree FolderEntry *entry = memory_new(sizeof(*entry));
        autofree char *path = string_equal(parent, ".") ? string_copy(name)
                                                        : string_format("%s/%s", parent, name);

        if (++walk->count > IMAGE_ENTRY_COUNT_MAX)
                return error_set(err, ERROR_TOO_LARGE, "directory has more than %d entries",
                                 IMAGE_ENTRY_COUNT_MAX);
        int found = folder_find_entry(walk->folder, path, false, entry, err);
        if (found <= 0) /* it has just gone */
                return found;
        if (walk->visit(walk->data, get_below(walk, path), entry, err) < 0)
                return -1;
        return S_ISDIR(entry->mode) ? walk_directory(walk, path, depth + 1, err) : 0;
}

/* One descriptor a level. */
static int walk_directory(Walk *walk, const char *path, size_t depth, Error *err) {
        if (depth > IMAGE_DEPTH_MAX)
                return error_set(err, ERROR_TOO_LARGE, "directory has more than %d levels",
                                 IMAGE_DEPTH_MAX);
        int fd = open_entry(walk->folder, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        DIR *entries = fd < 0 ? NULL : fdopendir(fd);
        int result = 0;

        if (!entries)
                return explain(path, err);
        for (struct dirent *entry; result >= 0 && (entry = readdir(entries));)
                if (!string_equal(entry->d_name, ".") && !string_equal(entry->d_name, ".."))
                        result = visit_name(walk, path, entry->d_name, depth, err);
        (void)closedir(entries);
        return result < 0 ? -1 : 0;
}

int folder_walk(int folder, const FolderEntry *directory, FolderVisit visit, void *data,
                Error *err) {
        Walk walk = { .folder = folder, .top = directory->path, .visit = visit, .data = data };

        return walk_directory(&walk, directory->path, 1, err);
}
