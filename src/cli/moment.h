/* SPDX-License-Identifier: Apache-2.0
 *
 * Times of the API (RFC 3339) as people read them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define MOMENT_TEXT_SIZE 64

/* Seconds since 1970 UTC; fractions are cut off. */
int moment_parse(const char *rfc3339, int64_t *ret_seconds, Error *err);
/* The same in nanoseconds, fraction included. */
int moment_parse_ns(const char *rfc3339, int64_t *ret_ns, Error *err);
/* "2024-03-01T10:20:30Z" in its own zone when `is_absolute`, else in the local one, relative to
 * `now` for sixty days either way, then the date.  "-" for what is no time (absent, or Go's zero
 * time). */
char *moment_format(const char *rfc3339, int64_t now, bool is_absolute,
                    char buffer[MOMENT_TEXT_SIZE]);
