/* SPDX-License-Identifier: Apache-2.0
 *
 * Cloner: a child of the daemon in a user and mount namespace made after the daemon's, whose clones
 * of the daemon's mounts therefore carry *locked* flags: whoever receives one is root in a user
 * namespace of his own, and can still not clear ro, nosuid or nodev.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

typedef struct Cloner {
        int socket; /* owned */
        pid_t pid;  /* 0 = none */
} Cloner;

#define CLONER_INIT ((Cloner){ .socket = -1 })

/* Starts it where it does not run.  Clones of `paths` in `ret_fds`; blocks for some 20 µs each. */
int cloner_clone(Cloner *cloner, const char *const *paths, size_t count, int *ret_fds, Error *err);
/* Ends and reaps it. */
void cloner_done(Cloner *cloner);
