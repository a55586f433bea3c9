/* SPDX-License-Identifier: Apache-2.0
 *
 * Watch: a descriptor in the loop.  libuv frees a handle only in a later turn; a Watch hides that:
 * after watch_free neither callback nor descriptor are touched again.
 */
#pragma once

#include <uv.h>

#include "base/error.h"

typedef struct Watch Watch;
typedef void (*WatchCallback)(void *context, int events);

/* `events` are UV_READABLE, UV_WRITABLE, UV_DISCONNECT; `fd` is borrowed. */
int watch_new(uv_loop_t *loop, int fd, Watch **ret, Error *err);
int watch_start(Watch *watch, int events, WatchCallback on_event, void *context, Error *err);
/* Before the descriptor is closed.  Returns NULL. */
Watch *watch_free(Watch *watch);
