/* SPDX-License-Identifier: Apache-2.0
 *
 * The identifiers of the SPDX list (public domain), sorted by bytes; "Proprietary" is the format's
 * own.
 */
#pragma once

#include <stddef.h>

extern const char *const LICENSE_LIST[];
extern const size_t LICENSE_LIST_COUNT;
