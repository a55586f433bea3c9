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
        const char *const *flags; /* what may be said of one snap; NULL-terminated */
        bool has_transaction;
} OperationShape;

/* The request for the words, which are names: of one snap with everything that may be said of it,
 * of several with their names alone. */
json_t *operation_make_body(const Arguments *arguments, const OperationShape *shape);
/* Sets body[option] = true for each of the NULL-terminated names that was given. */
void operation_put_flags(json_t *body, const Arguments *arguments, const char *const *names);
/* Sets body[option] = value where it was given. */
void operation_put_value(json_t *body, const Arguments *arguments, const char *option);
/* --queue and --queue-timeout, as members of a request to the daemon. */
void operation_put_queue(json_t *body, const Arguments *arguments);
const char *operation_get_conflict_choice(const Arguments *arguments); /* NULL: none was made */
/* 0, or the exit code of two modes that exclude each other. */
int operation_check_modes(const Cli *cli, const Arguments *arguments);
/* The channel of --channel, --edge, …: 0 with it ("" for none), or an exit code. */
int operation_get_channel(const Cli *cli, const Arguments *arguments, const char **ret);
/* POST /v2/snaps/NAME with body, and wait as asked: 0 with the change, 1 when all is said, negative
 * = failed. */
int operation_run(Cli *cli, const Arguments *arguments, const json_t *body, json_t **ret_change,
                  Error *err);
/* The same for an action on one snap, from body to exit code, with `format` for the line at the end
 * (%s: name). */
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
