/* SPDX-License-Identifier: Apache-2.0
 *
 * Handover: from one pawld to the next in the same process.  The sockets stay open across it, so a
 * client that comes in between waits and is not refused; the next one gets them as from a
 * supervisor (LISTEN_FDS), by the names of base/start.h.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

#define HANDOVER_SOCKET_MAX 4

typedef struct Handover {
        struct {
                int fd;     /* owned: a copy */
                char *name; /* owned: its file's name, with the prefix that says whose it is */
        } sockets[HANDOVER_SOCKET_MAX];
        int socket_count;
        int namespace_fd; /* owned: the mount namespace that this pawld was started in */
} Handover;

#define HANDOVER_INIT ((Handover){ .namespace_fd = -1 })

/* Before the daemon makes its own namespace. */
int handover_init(Handover *handover, Error *err);
/* Keeps a copy of a listening socket. */
int handover_keep(Handover *handover, int fd, const char *path, bool is_own, Error *err);
void handover_done(Handover *handover);

/* Becomes `host`/pawl-start with `argv` of this pawld, where no starter watches it already; then it
 * only ends.  Returns only when that failed. */
int handover_start_again(Handover *handover, const char *host, char *const argv[], Error *err);
