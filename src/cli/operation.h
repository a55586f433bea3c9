/* SPDX-License-Identifier: Apache-2.0
 *
 * What the commands that change something share: flags that become members of a request, names that
 * a finished change speaks of, the line per snap at the end.
 */
#pragma once

#include "cli/command.h"

/* "path/x" or "x.snap": a file rather than a name. */
bool operation_is_file(const char *word);
typedef struct OperationShape {
        const char *action;
        const char *channel;      /* NULL or "": none */
        const char *const *flags; /* what may be said of one snap; NULL-terminated, or NULL */
        bool has_transaction;
} OperationShape;

/* --queue and --queue-timeout, as members of a request to the daemon. */
void operation_put_queue(json_t *body, const Arguments *arguments);
const char *operation_get_conflict_choice(const Arguments *arguments); /* NULL: none was made */
/* 0, or the exit code of two modes that exclude each other. */
int operation_check_modes(const Cli *cli, const Arguments *arguments);
/* The channel of --channel, --edge, …: 0 with it ("" for none), or an exit code. */
int operation_get_channel(const Cli *cli, const Arguments *arguments, const char **ret);
/* Asks the daemon for it and waits as asked, from request to exit code: a failure is reported.  The
 * change, or NULL when all is said. */
int operation_run(Cli *cli, const Arguments *arguments, const OperationShape *shape,
                  json_t **ret_change);
/* The same for an action on one snap, with the line at the end: "hello disabled". */
int operation_run_simple(Cli *cli, const Arguments *arguments, const char *action,
                         const char *done);
/* The names in the change's data, as an array that may be empty. */
json_t *operation_get_names(const json_t *change);
bool operation_has_name(const json_t *names, const char *name);
/* The snaps of `names` as installed now, by one request. */
int operation_get_snaps(Cli *cli, const json_t *names, json_t **ret_snaps, Error *err);
/* "hello 2.10 installed" for each, and what else is worth a line. */
int operation_print_snaps(Cli *cli, const Arguments *arguments, const json_t *names,
                          const char *done);
