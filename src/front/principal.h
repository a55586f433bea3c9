/* SPDX-License-Identifier: Apache-2.0
 *
 * Principal: a uid (and whether it is confined, and in which view) with the one `pawl-http` that
 * speaks HTTP for it, and its connections.
 *
 *   RUNNING ──idle──▶ STOPPING ──┐
 *      └──nonsense, death──▶ ENDING ──reaped──▶ freed
 *
 * Only a RUNNING one is found for new connections and replies.  The others keep their slot, so that
 * two processes never share a uid.
 */
#pragma once

#include "front/connection.h"
#include "front/front.h"
#include "front/outbox.h"
#include "front/watch.h"
#include "sandbox/helper.h"

typedef enum PrincipalState {
        PRINCIPAL_RUNNING,
        PRINCIPAL_STOPPING, /* was told to stop; has no connections */
        PRINCIPAL_ENDING,   /* was killed, or its socket closed */
} PrincipalState;

typedef struct Principal {
        Front *front;
        const FrontSetup *setup; /* the front's */
        uint64_t id;             /* never used twice */
        uid_t uid;
        bool is_confined;
        uint64_t view; /* request.h */
        unsigned slot;
        PrincipalState state;
        Helper helper;
        int control; /* non-blocking */
        Watch *control_watch;
        bool wants_room; /* the outbox is not empty: told when the socket takes more */
        Watch *end_watch;
        Outbox outbox;
        Connection *connections[HTTP_CONNECTION_COUNT_MAX];
        size_t connection_count;
        uint64_t last_upload;
} Principal;

/* Starts the process. */
int principal_new(Front *front, const Peer *peer, unsigned slot, Principal **ret, Error *err);
/* Kills and reaps what still runs, and frees. */
Principal *principal_free(Principal *principal);

/* Takes the peer's pidfd and the client's socket, whatever the outcome; the caller has seen that
 * there is room. */
void principal_add_connection(Principal *principal, uint64_t number, Peer *owned_peer,
                              int owned_client);

/* Where the reply of a request goes: its connection, if it still waits for that. */
Connection *principal_find_pending(Principal *principal, uint64_t number, uint64_t request);
/* Head with "op":"reply"; body text (NULL = none) is sent inline or as a memory file; or a file. */
void principal_send_reply(Principal *principal, Connection *connection, json_t *owned_head,
                          const char *body, int owned_file);
