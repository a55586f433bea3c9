/* SPDX-License-Identifier: Apache-2.0
 *
 * What pawl-read says of an image is a claim of a program that read foreign bytes and may have been
 * taken over by them.  Here, once, is checked what all others rely on: names that become paths,
 * links and rows, and the types of members.  It knows nothing of what a good package is.
 */
#pragma once

#include "base/error.h"
#include "base/json.h"

/* ERROR_CORRUPT when it is not as said. */
int report_check(const json_t *report, Error *err);
