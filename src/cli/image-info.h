/* SPDX-License-Identifier: Apache-2.0
 *
 * What a file says about itself.  Its bytes are a stranger's: pawl-read looks at them, and we at
 * its JSON.
 */
#pragma once

#include "cli/command.h"

/* Exit code; failures are explained on stderr. */
int image_info_print(const Cli *cli, const char *path);
