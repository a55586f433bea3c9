/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program's confinement is made of, as it is: the rules of its filter, its AppArmor profile,
 * its launch plan.
 */
#pragma once

#include <sys/types.h>

#include "state/database.h"
#include "wire/launch.h"

typedef struct RawQuestion {
        const char *form; /* "seccomp", "apparmor", "plan" */
        const char *root;
        const LaunchRequest *request;
        uid_t uid; /* who would start it */
} RawQuestion;

/* `ret_text` is owned.  A plan is written without looking into the base: its lines of what the base
 * holds, and the lengths of filters, are not in it. */
int raw_form_write(Database *database, const RawQuestion *question, char **ret_text, Error *err);
