/* SPDX-License-Identifier: Apache-2.0 */
#include "state/sound.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "state/engine.h"

#define SOUND_FILE "sound"
/* What was read long ago, or at a time that is still to come, is read again. */
#define BELIEVED_NS (24LL * 3600 * 1000000000)

/* The version: another build may know more of what must hold.  ctime: whoever writes to the file,
 * or puts another in its place, changes it. */
static char *describe(int directory, int64_t checked_at) {
        struct stat file, log;

        if (fstatat(directory, DATABASE_FILE, &file, AT_SYMLINK_NOFOLLOW) < 0)
                return NULL;
        if (fstatat(directory, DATABASE_FILE "-wal", &log, AT_SYMLINK_NOFOLLOW) == 0)
                return NULL; /* not closed, or not for good */
        return string_format("%" PRId64 " " PAWL_VERSION " %ju %jd %jd.%09ld %jd.%09ld\n",
                             checked_at, (uintmax_t)file.st_ino, (intmax_t)file.st_size,
                             (intmax_t)file.st_mtim.tv_sec, file.st_mtim.tv_nsec,
                             (intmax_t)file.st_ctim.tv_sec, file.st_ctim.tv_nsec);
}

int64_t sound_take(int directory) {
        autofd int fd = openat(directory, SOUND_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        char said[256] = "";
        int64_t age;
        uint64_t checked_at;
        Error ignored;

        if (fd < 0)
                return 0;
        ssize_t length = read(fd, said, sizeof(said) - 1);
        /* Gone before anything is written: after a crash nobody says it of what is there then. */
        if (unlinkat(directory, SOUND_FILE, 0) < 0 || length <= 0)
                return 0;
        autofree char *first = string_copy_length(said, strcspn(said, " "));
        if (string_parse_u64(first, INT64_MAX, &checked_at, &ignored) < 0)
                return 0;
        autofree char *found = describe(directory, (int64_t)checked_at);
        age = clock_get_wall() - (int64_t)checked_at;
        return found && string_equal(found, said) && age >= 0 && age < BELIEVED_NS
                       ? (int64_t)checked_at
                       : 0;
}

void sound_leave(int directory, int64_t checked_at) {
        autofree char *text = describe(directory, checked_at);
        autofd int fd = text ? openat(directory, SOUND_FILE,
                                      O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)
                             : -1;
        Error ignored;

        if (fd >= 0)
                (void)fd_write_all(fd, text, strlen(text), &ignored);
}
