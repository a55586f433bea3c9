/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands about changes share.
 */
#pragma once

#include "cli/command.h"

/* What a command does with one change: its exit code, or negative and explained. */
typedef int ChangeAct(Cli *cli, const Arguments *arguments, const char *id, Error *err);

/* The whole of a command about the change that its first word or --last means; where there is none
 * and that is fine (--last=KIND?), nothing.  Reports what failed; the exit code. */
int changes_run(Cli *cli, const Arguments *arguments, ChangeAct *act);
/* /v2/changes/ID; free it. */
char *changes_format_path(const Cli *cli, const char *id);
/* A time as asked for by --abs-time. */
char *changes_format_time(const Arguments *arguments, const json_t *object, const char *key);
/* All changes, oldest first; the array is the caller's, its members belong to *ret_result. */
int changes_get_sorted(Cli *cli, const char *path, json_t **ret_result, json_t ***ret_sorted,
                       Error *err);
