/* SPDX-License-Identifier: Apache-2.0
 *
 * Envelope: the JSON object that every answer of the API is, for the parts that refuse before or
 * without the routes: `pawl-http` (syntax) and front/ (limits, uploads).  Those of the routes are
 * made by api/answer.c, which has more to say.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"

/* The reason phrase of an HTTP status; "Unknown" for one that we never send. */
const char *envelope_get_reason(int status);
/* {"type":"error","status-code":…,"status":…,"result":{"message":…,"kind":…}}; new reference. */
json_t *envelope_new_error(const Error *why);
/* The same with another status than the one of its kind. */
json_t *envelope_new_error_with_status(const Error *why, int status);
