/* SPDX-License-Identifier: Apache-2.0
 *
 * Telling a supervisor how we are (the sd_notify protocol), without its library.
 */
#pragma once

#include <stdint.h>

/* "READY=1" and the like; without a supervisor nothing happens, and a failure is not ours to fix.
 */
void notify_send(const char *state);
/* How often "WATCHDOG=1" is due, in milliseconds: half of what the supervisor allows; 0 = never. */
uint64_t notify_get_watchdog_ms(void);
