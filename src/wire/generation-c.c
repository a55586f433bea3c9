/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "wire/generation.h"
#include "wire/launch.h"

/* Newer still: with launchers of the others it has no version in common. */
const Generation generation_builtin = {
        .name = "C",
        .protocol = LAUNCH_PROTOCOL + 2,
        .protocol_oldest = LAUNCH_PROTOCOL + 2,
        .rules = GENERATION_RULE("20803"),
        .steps = GENERATION_PLACES "allow /generation/C read,write\n",
        .profile = GENERATION_PROFILE("C"),
        .word = NULL,
};
