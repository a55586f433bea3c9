/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands about changes share.
 */
#pragma once

#include "cli/command.h"

/* The id that the first word or --last means.  0 with it; 1: there is none and that is fine
 * (KIND?); else the failure was reported and the code is -code. */
int changes_find_id(Cli *cli, const Arguments *arguments, char **ret_id);
/* A time as asked for by --abs-time. */
char *changes_format_time(const Arguments *arguments, const json_t *object, const char *key);
/* All changes, oldest first; the array is the caller's, its members belong to *ret_result. */
int changes_get_sorted(Cli *cli, const char *path, json_t **ret_result, json_t ***ret_sorted,
                       Error *err);
