/* SPDX-License-Identifier: Apache-2.0
 *
 * Sheet: rows under headings, printed for scripts (two blanks between columns) or, by libsmartcols,
 * for a person.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/text.h"

typedef struct Sheet {
        const char *const *headings; /* borrowed; NULL-terminated; NULL: a sheet without headings */
        size_t column_count;
        Text text; /* cells ended by tabs, rows by line ends */
} Sheet;

Sheet sheet_make(const char *const *headings, size_t column_count);
void sheet_done(Sheet *sheet);
#define autosheet __attribute__((cleanup(sheet_done))) Sheet
/* `cells` has column_count of them, none with a tab or line end (those become blanks). */
void sheet_add(Sheet *sheet, const char *const *cells);
void sheet_print_plain(const Sheet *sheet, FILE *out);
/* Bold headings where `has_colour`; the last column is wrapped to the terminal. */
void sheet_print_pretty(const Sheet *sheet, FILE *out, bool has_colour);
