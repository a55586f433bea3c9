/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/text.h"

#define NANOSECONDS 1000000000LL

static int64_t fixed_wall;

static int64_t read_clock(clockid_t id) {
        struct timespec now = { 0 };

        (void)clock_gettime(id, &now);
        return (int64_t)now.tv_sec * NANOSECONDS + now.tv_nsec;
}

int64_t clock_get_wall(void) {
        return fixed_wall ? fixed_wall : read_clock(CLOCK_REALTIME);
}

int64_t clock_get_boot(void) {
        return read_clock(CLOCK_BOOTTIME);
}

char *clock_read_boot_id(void) {
        autofd int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        autofree char *text = NULL;
        Error ignored;

        if (fd < 0 || file_read_all(fd, 64, &text, NULL, &ignored) < 0)
                return string_copy("unknown");
        text[strcspn(text, "\n")] = '\0';
        return take(text);
}

char *clock_format_rfc3339(int64_t wall, char buffer[CLOCK_TEXT_SIZE]) {
        int64_t seconds = wall / NANOSECONDS, rest = wall % NANOSECONDS;
        struct tm parts = { 0 };

        if (rest < 0) {
                seconds--;
                rest += NANOSECONDS;
        }
        time_t at = (time_t)seconds;
        (void)gmtime_r(&at, &parts);
        size_t used = strftime(buffer, CLOCK_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
        (void)snprintf(buffer + used, CLOCK_TEXT_SIZE - used, ".%09dZ", (int)rest);
        return buffer;
}

void clock_set_wall_for_test(int64_t wall) {
        fixed_wall = wall;
}
