/* SPDX-License-Identifier: Apache-2.0
 *
 * Machine: what system-info says of the host, read anew each time (a few small files, no process).
 */
#pragma once

#include <stddef.h>

#define MACHINE_TEXT_SIZE          64
#define MACHINE_SECCOMP_ACTION_MAX 16
/* From this one on Landlock also stands for signals and abstract sockets: DESIGN 6. */
#define MACHINE_STRICT_LANDLOCK_ABI 6

typedef struct Machine {
        char os_id[MACHINE_TEXT_SIZE]; /* "linux" when the host does not say */
        char os_version_id[MACHINE_TEXT_SIZE];
        char virtualization[MACHINE_TEXT_SIZE]; /* "" on bare metal, or unknown */
        int landlock_abi;                       /* 0 = none */
        char seccomp_actions[MACHINE_SECCOMP_ACTION_MAX][MACHINE_TEXT_SIZE];
        size_t seccomp_action_count;
} Machine;

/* What cannot be found out stays empty. */
void machine_read(Machine *ret);
