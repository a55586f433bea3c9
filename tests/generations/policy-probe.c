/* SPDX-License-Identifier: Apache-2.0
 *
 * Says under whose policy it runs, from what it is refused (wire/generation.h): "TIME SECCOMP
 * LANDLOCK", the boot clock in nanoseconds and for each the letters of the generations whose policy
 * is seen, "-" for none.  A mixture would be seen as two letters, or as two different ones.
 *
 * Where AppArmor labelled it also by whose profile, when that was seen and the label: "LETTERS TIME
 * LABEL".  With an argument all of it goes to $SNAP_DATA/ARGUMENT too, where that can be written.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COUNT        3
#define FIRST_NUMBER 20801

static bool is_filtered(int index) {
        errno = 0;
        return sched_get_priority_max(FIRST_NUMBER + index) < 0 && errno == EPERM;
}

static bool can_write(const char *directory, int index) {
        char path[64];

        (void)snprintf(path, sizeof(path), "%s/%c/file", directory, 'A' + index);
        int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (file >= 0)
                (void)close(file);
        return file >= 0;
}

static bool is_open(int index) {
        return can_write("/generation", index);
}

static bool is_labelled(int index) {
        return can_write("/generation/label", index);
}

static const char *name_all(bool (*is_one)(int index), char ret[COUNT + 1]) {
        int length = 0;

        for (int i = 0; i < COUNT; i++)
                if (is_one(i))
                        ret[length++] = (char)('A' + i);
        ret[length] = '\0';
        return length > 0 ? ret : "-";
}

static int64_t get_time(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_BOOTTIME, &now);
        return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void read_label(char *ret, size_t size) {
        int file = open("/proc/self/attr/current", O_RDONLY | O_CLOEXEC);
        ssize_t length = file < 0 ? -1 : read(file, ret, size - 1);

        ret[length > 0 ? length : 0] = '\0';
        ret[strcspn(ret, "\n")] = '\0';
        if (file >= 0)
                (void)close(file);
}

/* One write, so that lines of several are whole. */
static void keep(const char *name, const char *line) {
        const char *data = getenv("SNAP_DATA");
        char path[512];

        (void)snprintf(path, sizeof(path), "%s/%s", data ? data : "", name);
        int file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (file >= 0) {
                (void)!write(file, line, strlen(line));
                (void)close(file);
        }
}

int main(int argc, char *argv[]) {
        char seccomp[COUNT + 1], landlock[COUNT + 1], letters[COUNT + 1], label[128], line[512];
        int64_t begin = get_time();
        int length = snprintf(line, sizeof(line), "%" PRId64 " %s %s", begin,
                              name_all(is_filtered, seccomp), name_all(is_open, landlock));

        read_label(label, sizeof(label));
        if (strncmp(label, "snap.", strlen("snap.")) == 0) {
                (void)name_all(is_labelled, letters);
                length +=
                        snprintf(line + length, sizeof(line) - (size_t)length, " %s %" PRId64 " %s",
                                 *letters ? letters : "-", get_time(), label);
        }
        (void)snprintf(line + length, sizeof(line) - (size_t)length, "\n");
        (void)fputs(line, stdout);
        if (argc > 1)
                keep(argv[1], line);
        return 0;
}
