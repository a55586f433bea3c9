/* SPDX-License-Identifier: Apache-2.0
 *
 * What verify and repair share: asking for it, and telling what was found.
 */
#pragma once

#include "cli/command.h"

/* `action` as POST /v2/pawl/verify has it, of the snaps that were named, or of all; exit code. */
int verification_run(Cli *cli, const char *action, const Arguments *arguments);
