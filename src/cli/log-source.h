/* SPDX-License-Identifier: Apache-2.0
 *
 * LogSource: lines of the machine's logs about what was refused: the audit daemon's file, else the
 * journal's messages of the kernel and of audit, else the kernel's own ring.  Read as the caller,
 * who may not be allowed to; messages that programs sent themselves are left out.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* Called for each line, without its newline. */
typedef void LogLine(void *context, char *line);

typedef struct LogSource {
        const char *file; /* instead of the machine's; NULL */
        int64_t since;    /* wall time in seconds */
        LogLine *line;
        void *context;
} LogSource;

/* 1 something could be read, 0 nothing; `ret_name` (static) is what was. */
int log_source_read(const LogSource *source, const char **ret_name, Error *err);
