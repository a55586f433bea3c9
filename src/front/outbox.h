/* SPDX-License-Identifier: Apache-2.0
 *
 * Outbox: frames that wait until a `pawl-http` reads.  The daemon never blocks on it, and a process
 * that lets too much pile up is broken.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* At most a connection, a reply and an upload for each of its clients are on the way, and a stop.
 */
#define OUTBOX_COUNT_MAX 256

typedef struct OutboxFrame {
        char *bytes;
        size_t length;
        int fd; /* owned, -1 = none */
} OutboxFrame;

typedef struct Outbox {
        OutboxFrame frames[OUTBOX_COUNT_MAX]; /* a ring */
        size_t first;
        size_t count;
} Outbox;

void outbox_done(Outbox *outbox);
/* Takes both; an error when it is full. */
int outbox_add(Outbox *outbox, char *owned_bytes, size_t length, int owned_fd, Error *err);
/* Sends what the socket takes now: 0 = all is sent, 1 = the socket is full. */
int outbox_flush(Outbox *outbox, int socket, Error *err);
