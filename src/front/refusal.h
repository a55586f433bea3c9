/* SPDX-License-Identifier: Apache-2.0
 *
 * Refusal: a client for whom there is no room is told so in HTTP rather than cut off.  The answer
 * does not depend on what the client says, so the daemon can give it without reading a word.
 */
#pragma once

#include <uv.h>

#include "base/error.h"

#define REFUSAL_COUNT_MAX 32

typedef struct Refusal Refusal;

/* Clients that were answered and have not read it yet; the oldest makes room for the next. */
typedef struct RefusalList {
        uv_loop_t *loop;
        Refusal *refusals[REFUSAL_COUNT_MAX]; /* a ring */
        size_t next;
} RefusalList;

void refusal_send(RefusalList *list, int owned_client, const Error *why);
void refusal_list_done(RefusalList *list);
