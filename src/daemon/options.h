/* SPDX-License-Identifier: Apache-2.0
 *
 * Options of pawld's command line.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

typedef struct Options {
        char *root;    /* owned; "" or absolute without a slash at its end */
        char *libexec; /* owned; where our helpers lie */
        bool is_check; /* open the state, verify it, end */
        char **argv;   /* borrowed: as it was started */
} Options;

/* 1: nothing is left to do (--help, --version); the text is on stdout. */
int options_parse(int argc, char *argv[], Options *ret, Error *err);
void options_done(Options *options);
