/* SPDX-License-Identifier: Apache-2.0
 *
 * Connection: one client of the API, as a number that its `pawl-http` knows, and who it really is.
 *
 * Requests of a connection have growing numbers.  One number goes: uploads*, request, reply; or
 * uploads*, refusal.  Nothing of a number is accepted after its reply.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "front/message.h"
#include "front/request.h"

typedef struct Upload {
        uint64_t number;
        int fd; /* owned; the unnamed file, opened for reading */
} Upload;

typedef enum ConnectionState {
        CONNECTION_IDLE,      /* `request` was answered, or there was none yet */
        CONNECTION_UPLOADING, /* files were given for `request` */
        CONNECTION_PENDING,   /* `request` is with the API */
} ConnectionState;

typedef struct Connection {
        uint64_t number;
        Peer peer; /* owns the pidfd */
        ConnectionState state;
        uint64_t request; /* the newest number */
        Upload uploads[HTTP_UPLOAD_COUNT_MAX];
        size_t upload_count;
} Connection;

/* Takes the peer's pidfd. */
Connection *connection_new(uint64_t number, const Peer *owned_peer);
Connection *connection_free(Connection *connection);

/* A frame of this request came; an error when its number may not speak now. */
int connection_begin_upload(Connection *connection, uint64_t request, Error *err);
int connection_begin_request(Connection *connection, uint64_t request, Error *err);
/* The request was answered; what was uploaded for it and not taken is forgotten. */
void connection_end_request(Connection *connection);

void connection_add_upload(Connection *connection, uint64_t number, int owned_fd);
/* Moves the files that a form names into `ret` (`*ret_count` of them).  Each must be of this very
 * request, named once, of the size said, and closed by everybody who could write to it. */
int connection_take_uploads(Connection *connection, const Message *form, RequestFile *ret,
                            size_t *ret_count, Error *err);
