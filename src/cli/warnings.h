/* SPDX-License-Identifier: Apache-2.0
 *
 * What a person has seen of the daemon's warnings: a moment in ~/.snap/warnings.json, which is
 * shared with every other client of the API.  $SNAPD_LAST_WARNING_TIMESTAMP_FILENAME names another
 * file.
 */
#pragma once

#include "cli/command.h"

/* 1 with the moment (RFC 3339), 0: warnings were never looked at. */
int warnings_load_seen(const Cli *cli, char **ret_moment, Error *err);
int warnings_save_seen(const Cli *cli, const char *moment, Error *err);
/* One line on stderr where the last answer spoke of warnings newer than what was seen. */
void warnings_mention(const Cli *cli);
/* "28d0h", of Go's "672h0m0s": five characters, whatever the length. */
char *warnings_format_duration(const char *duration);
