/* SPDX-License-Identifier: Apache-2.0
 *
 * Access: who may use a route.  The level is a column of the route table; nothing else in api/
 * looks at uids.
 */
#pragma once

#include "front/request.h"

typedef enum Access {
        ACCESS_NONE, /* no such method */
        ACCESS_OPEN, /* anybody on the main socket */
        ACCESS_AUTH, /* root, or whom the authority lets manage */
        ACCESS_ROOT,
        ACCESS_SNAP, /* anybody on the snap socket, nobody on the main one */
        ACCESS_COUNT,
} Access;

typedef enum AccessVerdict {
        ACCESS_DENIED,       /* 403: being root would not help, or only root may */
        ACCESS_UNAUTHORIZED, /* 401: root could */
        ACCESS_GRANTED,
        ACCESS_ASK, /* the authority decides */
} AccessVerdict;

/* Decides by what the kernel said about the peer.  A confined peer is never root. */
AccessVerdict access_check(Access access, const Peer *peer);
