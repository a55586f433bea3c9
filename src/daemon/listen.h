/* SPDX-License-Identifier: Apache-2.0
 *
 * Listening sockets: those that a supervisor passed (LISTEN_FDS, matched by their address), else
 * ours, bound beside the final name and renamed, so that a client never finds a socket that nobody
 * will answer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

#define LISTEN_PASSED_MAX 16

typedef struct PassedSocket {
        int fd; /* owned; -1 once taken */
        /* Of one that an earlier pawld left (base/start.h) only the file's name. */
        char path[108];
        bool is_own; /* that one had bound it */
} PassedSocket;

typedef struct PassedSockets {
        PassedSocket sockets[LISTEN_PASSED_MAX];
        size_t count;
} PassedSockets;

/* Takes what was passed to this very process, once; the environment says nothing of it afterwards.
 */
void passed_sockets_take(PassedSockets *ret);
bool passed_sockets_has(const PassedSockets *passed, const char *path);
void passed_sockets_done(PassedSockets *passed);

typedef struct ListenSocket {
        const char *path; /* borrowed */
        int type;         /* SOCK_STREAM or SOCK_SEQPACKET */
        mode_t mode;
        int fd;        /* owned until taken; -1 = none */
        bool is_bound; /* by us: the name is ours to remove; else the supervisor's */
} ListenSocket;

/* Fills `fd`.  ERROR_BUSY when somebody answers at that path. */
int listen_socket_open(ListenSocket *listen_socket, PassedSockets *passed, Error *err);
/* Closes it, and removes the name where it was ours. */
void listen_socket_done(ListenSocket *listen_socket);
