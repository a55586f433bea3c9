/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/columns.h"

#include <string.h>

#include "base/text.h"
#include "cli/fill.h"

#define CELL_COUNT_MAX 16

typedef struct Line {
        const char *cells[CELL_COUNT_MAX];
        size_t lengths[CELL_COUNT_MAX];
        size_t widths[CELL_COUNT_MAX];
        size_t stops; /* cells ended by a tab; one more, the rest of the line, follows */
} Line;

static const char *split_line(const char *text, Line *line) {
        while (true) {
                size_t length = strcspn(text, line->stops + 1 < CELL_COUNT_MAX ? "\t\n" : "\n");
                line->cells[line->stops] = text;
                line->lengths[line->stops] = length;
                text += length;
                if (*text != '\t')
                        return *text == '\n' ? text + 1 : text;
                line->stops++;
                text++;
        }
}

static size_t count_lines(const char *text) {
        size_t count = 1;
        for (; *text != '\0'; text++)
                count += *text == '\n';
        return count;
}

/* Gives one width to the run of lines from `from` on that have this cell; returns the line after
 * the run. */
static size_t stretch_run(Line *lines, size_t count, size_t from, size_t cell, size_t padding) {
        size_t end = from, widest = 0;
        for (; end < count && lines[end].stops > cell; end++) {
                size_t width =
                        fill_count(lines[end].cells[cell], lines[end].lengths[cell]) + padding;
                widest = width > widest ? width : widest;
        }
        for (size_t i = from; i < end; i++)
                lines[i].widths[cell] = widest;
        return end > from ? end : from + 1;
}

static void append_line(Text *out, const Line *line, size_t width_min) {
        for (size_t cell = 0; cell < line->stops; cell++) {
                size_t columns = fill_count(line->cells[cell], line->lengths[cell]);
                size_t width = line->widths[cell] < width_min ? width_min : line->widths[cell];
                text_append_bytes(out, line->cells[cell], line->lengths[cell]);
                text_append_format(out, "%*s", (int)(width - columns), "");
        }
        text_append_bytes(out, line->cells[line->stops], line->lengths[line->stops]);
}

char *columns_align(const char *text, size_t width_min, size_t padding) {
        size_t count = 0, line_max = count_lines(text);
        Line *lines = memory_new(line_max * sizeof *lines);
        while (*text != '\0')
                text = split_line(text, &lines[count++]);
        for (size_t cell = 0; cell < CELL_COUNT_MAX; cell++)
                for (size_t i = 0; i < count;)
                        i = stretch_run(lines, count, i, cell, padding);
        autotext out = TEXT_INIT;
        for (size_t i = 0; i < count; i++) {
                append_line(&out, &lines[i], width_min);
                text_append(&out, "\n");
        }
        free(lines);
        return text_take(&out);
}
