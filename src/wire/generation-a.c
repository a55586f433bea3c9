/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "wire/generation.h"
#include "wire/launch.h"

/* As "none", with a policy that can be told from the others'. */
const Generation generation_builtin = {
        .name = "A",
        .protocol = LAUNCH_PROTOCOL,
        .protocol_oldest = LAUNCH_PROTOCOL_OLDEST,
        .rules = GENERATION_RULE("20801"),
        .steps = GENERATION_PLACES "allow /generation/A read,write\n",
        .profile = GENERATION_PROFILE("A"),
        .word = NULL,
};
