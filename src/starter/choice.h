/* SPDX-License-Identifier: Apache-2.0
 *
 * Choice: which pawld is to run, by the links and the count that base/start.h describes.  Changes
 * nothing but the count.
 */
#pragma once

#include <stdbool.h>

#define CHOICE_PATH_MAX 3

typedef struct Choice {
        char *root;    /* owned; "" or absolute */
        char *host;    /* owned; where the machine's own programs lie */
        bool is_trial; /* of what is in `paths` first */
        /* Owned; pawld by absolute paths, best first; what cannot be executed is passed over. */
        char *paths[CHOICE_PATH_MAX];
        int path_count;
} Choice;

/* From the command line (--root) and the environment. */
void choice_init(Choice *choice, int argc, char *argv[]);
void choice_done(Choice *choice);
/* Looks at the links; where the current program is on trial it counts one more try, durably, or
 * passes it over when it has had all. */
void choice_make(Choice *choice);
/* Still not started whole. */
bool choice_is_on_trial(const Choice *choice);
