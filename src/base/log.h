/* SPDX-License-Identifier: Apache-2.0
 *
 * The log of our programs: one line to stderr, "<N>program: text" with a syslog level where stderr
 * is the journal.  Log once, at the edge; what is returned as an Error is not logged too.
 */
#pragma once

#include "base/own.h"

typedef enum LogLevel {
        LOG_LEVEL_ERROR = 3,
        LOG_LEVEL_WARNING = 4,
        LOG_LEVEL_INFO = 6,
        LOG_LEVEL_DEBUG = 7
} LogLevel;

/* Once, at the start of main.  PAWL_DEBUG=1 in the environment shows debug lines. */
void log_init(const char *program);
void log_line(LogLevel level, const char *format, ...) printf_like(2, 3);

#define log_error(...)   log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)    log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
