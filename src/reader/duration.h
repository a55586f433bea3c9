/* SPDX-License-Identifier: Apache-2.0
 *
 * Durations as the format writes them: "1h30m", "1.5s", "-3ms", "0".
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

int duration_parse(const char *text, int64_t *ret_nanoseconds, Error *err);
