/* SPDX-License-Identifier: Apache-2.0
 *
 * Schedules of timers, checked for form: "mon1-wed,10:00~12:00/2,,fri,23:00", as `timer` of an
 * app has them.
 */
#pragma once

#include "base/error.h"

int schedule_check(const char *schedule, Error *err);
