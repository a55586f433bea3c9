/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>

#include "wire/generation.h"
#include "wire/launch.h"

/* What is installed. */
const Generation generation_builtin = {
        .name = "none",
        .protocol = LAUNCH_PROTOCOL,
        .protocol_oldest = LAUNCH_PROTOCOL_OLDEST,
        .rules = "",
        .steps = "",
        .profile = "",
        .word = NULL,
};
