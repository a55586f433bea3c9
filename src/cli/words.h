/* SPDX-License-Identifier: Apache-2.0
 *
 * Objects of the API in a person's words: publishers with their marks, notes, channels, sizes.
 */
#pragma once

#include "cli/command.h"

/* "acme✓", "-" for none. */
char *words_publisher_short(const Cli *cli, const json_t *snap);
/* "Acme (acme✓)", or "Acme✓" where both names say the same; "" for none. */
char *words_publisher_long(const Cli *cli, const json_t *snap);
/* "base,disabled", "-" for none. */
char *words_notes(const json_t *snap);
/* As list shows it: a/b/c becomes a/b/…, "-" for none. */
char *words_tracking(const json_t *snap);
/* "hello 2.10", "hello (beta) 2.10 from Acme✓" */
char *words_snap_line(const Cli *cli, const json_t *snap);
/* 4096 → "4kB" */
char *words_size(int64_t bytes);
/* The snap is of `result` (a list) and has this name; NULL when it is not there. */
json_t *words_find_snap(const json_t *result, const char *name);
