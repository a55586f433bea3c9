/* SPDX-License-Identifier: Apache-2.0
 *
 * Peer: who is at the other end of an accepted socket, by the kernel's word.
 */
#pragma once

#include "front/request.h"

#define PEER_INIT ((Peer){ .pidfd = -1 })

/* Fills everything but `socket` and `view`; the pidfd is the caller's. */
int peer_get(int socket, Peer *ret, Error *err);
/* Of one that came by the snap socket: whoever comes there is confined, and his mount namespace is
 * his `view`; one that cannot be told is refused. */
int peer_confine(Peer *peer, Error *err);
/* Closes the pidfd. */
void peer_done(Peer *peer);

/* True for the content of a /proc/PID/cgroup with a component of a snap ("snap.NAME…"). */
bool peer_is_snap_cgroup(const char *text);
