/* SPDX-License-Identifier: Apache-2.0
 *
 * The AppArmor profile of one program: what every strict program may, and what it was granted.
 *
 * Its paths are those of the program's own view, in which there is nothing that was not shown on
 * purpose; so it says which of that may be written or run, and what has no path: capabilities,
 * sockets, signals, tracing, the bus.  Pure.
 */
#pragma once

#include "base/text.h"
#include "interface/grant.h"

typedef struct ApparmorProfile {
        const char *label;    /* "snap.x.app" */
        const char *instance; /* "x" or "x_key" */
        const char *name;     /* "x" */
        bool is_first;        /* of its file: what a file says once stands before it */
        bool is_complaining;  /* devmode: what is not allowed is logged */
        const GrantSet *grants;
        const GrantSet *others; /* allowed besides: what is run under this label is not all new */
        size_t other_count;
        const char *more; /* lines of this build, or NULL */
} ApparmorProfile;

void apparmor_profile_write(const ApparmorProfile *profile, Text *ret);
