/* SPDX-License-Identifier: Apache-2.0
 *
 * Command: a program of the machine, run to its end; from the fixed places where such programs are,
 * with an environment of nothing else.  Blocks: meant for a worker.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Its path, owned; NULL where it is not installed. */
char *command_find(const char *name);
bool command_is_there(const char *name);
/* words[0] is the name; NULL ends.  An exit status other than 0 is an error. */
int command_run(const char *const *words, Error *err);
