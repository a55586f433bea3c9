/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/lease.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>

#include "base/file.h"
#include "base/text.h"

static char *format_path(const char *root, const char *instance, const char *revision) {
        return string_format("%s/run/pawl/lease/%s/%s", root, instance, revision);
}

int lease_open(const char *root, const char *instance, const char *revision, uid_t uid,
               Error *err) {
        autofree char *path = format_path("", instance, revision);
        autofree char *name = string_format("%u", uid);
        autofree char *top = string_format("%s/", root);
        autofd int root_directory = directory_open(top, err);

        if (root_directory < 0)
                return -1;
        autofd int directory = directory_make_beneath(root_directory, path + 1, 0700, err);
        if (directory < 0)
                return -1;
        /* Read only: it is handed out, and who could write to it could fill R/run. */
        autofd int file =
                file_open_beneath(directory, name, O_RDONLY | O_CREAT | O_NOFOLLOW, 0600, err);
        if (file < 0)
                return -1;
        /* Its own user may have turned an older lease into an exclusive one: his loss alone. */
        if (flock(file, LOCK_SH | LOCK_NB) < 0)
                return error_set_errno(err, errno, "cannot note that %s runs", instance);
        return take_fd(file);
}

static bool file_is_locked(int directory, const char *name) {
        Error unused = ERROR_INIT;
        autofd int file = file_open_beneath(directory, name, O_RDONLY | O_NOFOLLOW, 0, &unused);

        return file < 0 || flock(file, LOCK_EX | LOCK_NB) < 0;
}

bool lease_is_held(const char *root, const char *instance, const char *revision) {
        autofree char *path = format_path(root, instance, revision);
        struct dirent *entry;
        bool is_held = false;
        DIR *directory = opendir(path);

        if (!directory)
                return errno != ENOENT;
        while (!is_held && (entry = readdir(directory)))
                if (entry->d_name[0] != '.')
                        is_held = file_is_locked(dirfd(directory), entry->d_name);
        (void)closedir(directory);
        return is_held;
}
