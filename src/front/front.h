/* SPDX-License-Identifier: Apache-2.0
 *
 * Front: the daemon's side of the API's transport.  It accepts clients, takes from the kernel who
 * they are, and passes each connection to the `pawl-http` of that principal (uid, and apart when
 * confined).  What comes back is checked as if a stranger had sent it: a process that says anything
 * it may not is killed, with its connections and nothing else.
 */
#pragma once

#include <uv.h>

#include "front/request.h"

typedef struct Front Front;

typedef struct FrontSetup {
        uv_loop_t *loop;        /* outlives the front */
        int incoming_directory; /* borrowed; uploads are unnamed files (O_TMPFILE) in it */
        void *context;
        /* A complete request; answered by request_reply_…, now or later. */
        void (*on_request)(void *context, Request *owned);
        /* Before the first byte of a file is taken; negative = refused with that error. */
        int (*may_upload)(void *context, const Peer *peer, const char *method, const char *path,
                          Error *err);
        /* 0 = as in base/limits.h */
        unsigned idle_ms;
        unsigned client_timeout_s;
} FrontSetup;

/* Never fails.  The helpers must have been opened (sandbox/helper.h). */
Front *front_new(const FrontSetup *setup);

/* Serves a listening stream socket of this kind from now on. */
int front_add_listener(Front *front, int owned_fd, PeerSocket socket, Error *err);

/* Clients that are connected, and `pawl-http` processes that run: none of both means idle. */
size_t front_count_connections(const Front *front);
size_t front_count_processes(const Front *front);

/* Hears nobody new; who is connected is still served. */
void front_close_listeners(Front *front);

/* Kills the processes, closes everything.  Requests that are still held must have been answered
 * before; the loop must run once more for libuv's handles to be freed. */
void front_free(Front *front);
