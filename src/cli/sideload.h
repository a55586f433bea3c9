/* SPDX-License-Identifier: Apache-2.0
 *
 * Installing from files, or from a directory: the form of POST /v2/snaps.
 */
#pragma once

#include "cli/command.h"

/* Opens the files that the words name, sends them, gives the change's id. */
int sideload_start(Cli *cli, const Arguments *arguments, const char *channel, char **ret_change,
                   Error *err);
/* For the directory at `path` (absolute), which is not sent but only named. */
int sideload_try(Cli *cli, const Arguments *arguments, const char *path, char **ret_change,
                 Error *err);
/* From the files to the lines at the end ("hello 1.0 <done>"); exit code. */
int sideload_run(Cli *cli, const Arguments *arguments, const char *done);
