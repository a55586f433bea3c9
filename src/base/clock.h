/* SPDX-License-Identifier: Apache-2.0
 *
 * Time: wall time in nanoseconds since 1970 UTC (fits int64 until 2262), and a monotonic clock.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT_SIZE 40

/* Wall time, never used to decide anything about policy or caches. */
int64_t clock_get_wall(void);
/* CLOCK_BOOTTIME in nanoseconds. */
int64_t clock_get_boot(void);
/* Which boot that clock counts from: the kernel's own name for it, "unknown" without /proc; free
 * it. */
char *clock_read_boot_id(void);
/* RFC 3339 in UTC with nanoseconds ("2024-01-02T03:04:05.123456789Z"); returns `buffer`. */
char *clock_format_rfc3339(int64_t wall, char buffer[CLOCK_TEXT_SIZE]);
/* For tests: a fixed wall clock, 0 = the real one again. */
void clock_set_wall_for_test(int64_t wall);
