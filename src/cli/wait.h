/* SPDX-License-Identifier: Apache-2.0
 *
 * Waiting for a change, with its progress on a terminal.  The daemon may restart meanwhile; the
 * first ^C asks it to abort the change, the second one says that it goes on alone and ends the
 * program with EXIT_INTERRUPTED.
 */
#pragma once

#include "cli/command.h"

/* 0 with the finished change; a change that failed is a failure.  Explained by report_failure. */
int wait_for_change(Cli *cli, const char *id, json_t **ret_change, Error *err);

/* Between these ^C says that nobody knows yet whether the change begins, and ends the program with
 * EXIT_INTERRUPTED; under the name snap it ends it without a word. */
void wait_begin_request(const Cli *cli);
void wait_end_request(void);

/* For a command that started a change: with --no-wait prints its id (1), else waits for it (0, the
 * change is the caller's); with --json the change was printed too (1). */
int wait_as_asked(Cli *cli, const Arguments *arguments, const char *id, json_t **ret_change,
                  Error *err);

/* The upload's share of the progress line. */
void wait_show_upload(void *data, uint64_t sent, uint64_t total);
void wait_clear_line(const Cli *cli);
