/* SPDX-License-Identifier: Apache-2.0
 *
 * Tries of a bus; each says one word and returns an exit status.
 */
#pragma once

#include <stdbool.h>

int bus_try_call(const char *argument);
int bus_try_own(const char *argument);
int bus_try_hear(const char *argument);
int bus_try_serve(const char *argument);
