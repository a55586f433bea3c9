/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sheet.h"

#include <libsmartcols.h>
#include <string.h>

#include "cli/columns.h"

#define PLAIN_WIDTH_MIN 5
#define PLAIN_PADDING   2

void sheet_done(Sheet *sheet) {
        text_done(&sheet->text);
}

void sheet_add(Sheet *sheet, const char *const *cells) {
        for (size_t i = 0; i < sheet->column_count; i++) {
                autofree char *cell = string_copy(cells[i]);
                for (char *at = cell; (at = strpbrk(at, "\t\n\r")) != NULL;)
                        *at = ' ';
                text_append(&sheet->text, cell);
                text_append(&sheet->text, i + 1 < sheet->column_count ? "\t" : "\n");
        }
}

Sheet sheet_make(const char *const *headings, size_t column_count) {
        Sheet sheet = { .headings = headings, .column_count = column_count, .text = TEXT_INIT };
        return sheet;
}

void sheet_print_plain(const Sheet *sheet, FILE *out) {
        Sheet whole = sheet_make(sheet->headings, sheet->column_count);
        if (sheet->headings != NULL)
                sheet_add(&whole, sheet->headings);
        text_append(&whole.text, sheet->text.bytes == NULL ? "" : sheet->text.bytes);
        autofree char *text = columns_align(whole.text.bytes == NULL ? "" : whole.text.bytes,
                                            PLAIN_WIDTH_MIN, PLAIN_PADDING);
        (void)fputs(text, out);
        sheet_done(&whole);
}

static void add_table_row(struct libscols_table *table, size_t column_count, char *row) {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        for (size_t i = 0; line != NULL && i < column_count; i++) {
                size_t length = strcspn(row, "\t");
                char *next = row[length] == '\t' ? row + length + 1 : row + length;
                row[length] = '\0';
                (void)scols_line_set_data(line, i, row);
                row = next;
        }
}

static void add_table_columns(struct libscols_table *table, const Sheet *sheet, bool has_colour) {
        for (size_t i = 0; i < sheet->column_count; i++) {
                bool is_last = i + 1 == sheet->column_count;
                struct libscols_column *column = scols_table_new_column(
                        table, sheet->headings == NULL ? "" : sheet->headings[i], 0,
                        is_last ? SCOLS_FL_WRAP : 0);
                if (column != NULL && has_colour)
                        (void)scols_cell_set_color(scols_column_get_header(column), "\x1b[1m");
        }
}

void sheet_print_pretty(const Sheet *sheet, FILE *out, bool has_colour) {
        struct libscols_table *table = scols_new_table();
        if (table == NULL)
                abort();
        (void)scols_table_set_stream(table, out);
        (void)scols_table_enable_colors(table, has_colour);
        (void)scols_table_enable_noheadings(table, sheet->headings == NULL);
        (void)scols_table_set_column_separator(table, "  ");
        add_table_columns(table, sheet, has_colour);
        autofree char *rows = string_copy(sheet->text.bytes == NULL ? "" : sheet->text.bytes);
        char *rest = rows;
        for (char *row = strsep(&rest, "\n"); row != NULL && rest != NULL;
             row = strsep(&rest, "\n"))
                add_table_row(table, sheet->column_count, row);
        (void)scols_print_table(table);
        scols_unref_table(table);
}
