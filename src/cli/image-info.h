/* SPDX-License-Identifier: Apache-2.0
 *
 * What a file says about itself.  Its bytes are a stranger's: pawl-read looks at them, and we at
 * its JSON.
 */
#pragma once

#include "cli/command.h"

typedef struct ImageQuestion {
        const char *path;
        bool is_verbose;
        bool is_absolute; /* times in full */
        bool is_first;    /* else a line between this page and the one before */
} ImageQuestion;

/* Exit code; failures are explained on stderr, but not to those who called us snap. */
int image_info_print(const Cli *cli, const ImageQuestion *question);
