/* SPDX-License-Identifier: Apache-2.0
 *
 * Environment: the program's variables and its argument list, from the caller's own, changed as the
 * plan says.
 */
#pragma once

#include "base/text.h"
#include "wire/launch.h"

#define COMMAND_WORD_COUNT_MAX 256

typedef struct Command {
        char *words[COMMAND_WORD_COUNT_MAX + 1]; /* owned, NULL-terminated */
        size_t count;
        char *directory; /* where to stand when the caller's is not there; owned */
} Command;

/* Carries out one step that is about the environment or the command. */
void environment_apply(Command *command, const LaunchStep *step);
/* `$VAR` and `${VAR}` by the process's environment; unknown ones are empty; owned by the caller. */
char *environment_expand(const char *text);
