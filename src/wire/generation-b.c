/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "wire/generation.h"
#include "wire/launch.h"

/* Newer, but speaks with launchers of A as well; its plans have a line that those may skip and one
 * that they may not. */
const Generation generation_builtin = {
        .name = "B",
        .protocol = LAUNCH_PROTOCOL + 1,
        .protocol_oldest = LAUNCH_PROTOCOL_OLDEST,
        .rules = GENERATION_RULE("20802"),
        .steps = GENERATION_PLACES "allow /generation/B read,write\n?ornament B\ngeneration B\n",
        .profile = GENERATION_PROFILE("B"),
        .word = "generation",
};
