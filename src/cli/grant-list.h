/* SPDX-License-Identifier: Apache-2.0
 *
 * Grants (objects of the daemon, src/tell/describe-grants.h) as lines for a person.
 */
#pragma once

#include "cli/command.h"

/* "HEADING  SENTENCE" lines, the heading where it changes, each after `indent` blanks. */
void grant_list_print(const Cli *cli, const json_t *grants, size_t indent);
