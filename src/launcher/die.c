/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/die.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/log.h"

#define TRACE_COUNT_MAX 32

static struct {
        bool is_on;
        size_t count;
        struct {
                const char *step;
                int64_t at; /* nanoseconds */
        } notes[TRACE_COUNT_MAX];
} trace;

static int64_t get_now(void) {
        struct timespec now = { 0 };

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void trace_start(void) {
        trace.is_on = true;
        trace_note("start");
}

void trace_note(const char *step) {
        if (!trace.is_on || trace.count == TRACE_COUNT_MAX)
                return;
        trace.notes[trace.count].step = step;
        trace.notes[trace.count++].at = get_now();
}

void trace_print(void) {
        for (size_t i = 1; i < trace.count; i++)
                (void)fprintf(stderr, "pawl-run: %6lld us  +%5lld  %s\n",
                              (long long)(trace.notes[i].at - trace.notes[0].at) / 1000,
                              (long long)(trace.notes[i].at - trace.notes[i - 1].at) / 1000,
                              trace.notes[i].step);
}

void die(int number, const char *format, ...) {
        char text[700];
        va_list args;

        va_start(args, format);
        (void)vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        if (number)
                log_error("%s: %s", text, strerror(number));
        else
                log_error("%s", text);
        _exit(EXIT_LAUNCH);
}

void die_error(const Error *err) {
        die(0, "%s", err->message);
}

void die_kernel(const char *what) {
        struct utsname system = { 0 };
        int number = errno;

        (void)uname(&system);
        if (number == ENOSYS || number == EINVAL)
                die(number, "%s: Linux 6.1 or newer is needed and this is %s; boot a newer kernel",
                    what, system.release);
        die(number, "%s", what);
}
