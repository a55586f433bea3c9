/* SPDX-License-Identifier: Apache-2.0
 *
 * What a failed call of the API means for the person who gave the command: one text, one exit code,
 * one next step.
 */
#pragma once

#include "cli/command.h"

typedef struct Subject {
        const char *snap;     /* name or file as given, "" when there are several */
        const char *revision; /* NULL or as given */
        const char *doing; /* NULL or "cannot list snaps": put before what is not the daemon's own
                              word */
} Subject;

/* Prints the failure of the client's last call (or `err`, where it was none of the client's) and
 * gives the code. */
int report_failure(const Cli *cli, const Subject *subject, const Error *err);
