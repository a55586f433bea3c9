/* SPDX-License-Identifier: Apache-2.0
 *
 * Times as clients send them: RFC 3339 with any offset and up to nine decimals.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

/* Nanoseconds since 1970 UTC; anything else than one whole time is ERROR_BAD_REQUEST. */
int rfc3339_parse(const char *text, int64_t *ret_wall, Error *err);
