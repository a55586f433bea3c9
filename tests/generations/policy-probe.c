/* SPDX-License-Identifier: Apache-2.0
 *
 * Says under whose policy it runs, from what it is refused (wire/generation.h): "TIME SECCOMP
 * LANDLOCK", the boot clock in nanoseconds and for each the letters of the generations whose policy
 * is seen, "-" for none.  A mixture would be seen as two letters, or as two different ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define COUNT        3
#define FIRST_NUMBER 20801

static bool is_filtered(int index) {
        errno = 0;
        return sched_get_priority_max(FIRST_NUMBER + index) < 0 && errno == EPERM;
}

static bool is_open(int index) {
        char path[] = "/generation/A/file";

        path[12] = (char)('A' + index);
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (file >= 0)
                (void)close(file);
        return file >= 0;
}

static const char *name_all(bool (*is_one)(int index), char ret[COUNT + 1]) {
        int length = 0;

        for (int i = 0; i < COUNT; i++)
                if (is_one(i))
                        ret[length++] = (char)('A' + i);
        ret[length] = '\0';
        return length > 0 ? ret : "-";
}

int main(void) {
        char seccomp[COUNT + 1], landlock[COUNT + 1];
        struct timespec now;

        (void)clock_gettime(CLOCK_BOOTTIME, &now);
        (void)printf("%" PRId64 " %s %s\n", now.tv_sec * INT64_C(1000000000) + now.tv_nsec,
                     name_all(is_filtered, seccomp), name_all(is_open, landlock));
        return 0;
}
