/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/text.h"

static const char *program_name = "pawl";
static bool is_journal, is_debug;

void log_init(const char *program) {
        program_name = program;
        is_journal = getenv("JOURNAL_STREAM") != NULL;
        is_debug = getenv("PAWL_DEBUG") != NULL;
}

void log_line(LogLevel level, const char *format, ...) {
        int saved = errno;
        char line[1024];
        char prefix[8] = "";
        va_list args;

        if (level == LOG_LEVEL_DEBUG && !is_debug)
                return;
        va_start(args, format);
        (void)vsnprintf(line, sizeof(line), format, args);
        va_end(args);
        for (char *c = line; *c; c++)
                if ((unsigned char)*c < 0x20)
                        *c = '?';
        if (is_journal)
                (void)snprintf(prefix, sizeof(prefix), "<%d>", (int)level);
        (void)fprintf(stderr, "%s%s: %s\n", prefix, program_name, line);
        errno = saved;
}
