/* SPDX-License-Identifier: Apache-2.0 */
#include "state/ballast.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/file.h"

#define BALLAST_FILE "ballast"
#define REMOVAL_FILE "ballast-for-removal"

static int fill(int fd, Error *err) {
        static const char NOISE[4096] = { 'p', 'a', 'w', 'l' };
        int number = posix_fallocate(fd, 0, BALLAST_SIZE);

        if (number == 0)
                return 0;
        if (number != EOPNOTSUPP && number != EINVAL)
                return error_set_errno(err, number, "cannot reserve space for the state");
        for (size_t written = 0; written < BALLAST_SIZE; written += sizeof(NOISE))
                if (fd_write_all(fd, NOISE, sizeof(NOISE), err) < 0)
                        return -1;
        return 0;
}

static int make_file(int directory, const char *name, Error *err) {
        struct statvfs space;
        struct stat status;
        autofd int fd = openat(directory, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0 || fstat(fd, &status) < 0 || fstatvfs(fd, &space) < 0)
                return error_set_errno(err, errno, "cannot open the state's ballast");
        if (status.st_size == BALLAST_SIZE && status.st_blocks >= BALLAST_SIZE / 512)
                return 0;
        if ((uint64_t)space.f_bavail * space.f_frsize < 2ULL * BALLAST_SIZE)
                return error_set(err, ERROR_DISK_SPACE,
                                 "no space left for the state: free at least %d MiB",
                                 2 * BALLAST_SIZE / (1024 * 1024));
        if (fill(fd, err) < 0) {
                (void)unlinkat(directory, name, 0);
                return -1;
        }
        return 0;
}

int ballast_make(int directory, Error *err) {
        return make_file(directory, BALLAST_FILE, err) < 0
                       ? -1
                       : make_file(directory, REMOVAL_FILE, err);
}

void ballast_release(int directory) {
        (void)unlinkat(directory, BALLAST_FILE, 0);
}

void ballast_release_for_removal(int directory) {
        (void)unlinkat(directory, REMOVAL_FILE, 0);
}
