/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fold.h"

#include <stdbool.h>
#include <string.h>

#include "cli/fill.h"

#define COLUMNS_MIN   40
#define COLUMNS_MAX   100
#define COLUMNS_PLAIN 80
#define MARGIN        3
#define ROOM_MIN      8
#define ROW_INDENT    2

size_t fold_get_width(size_t columns) {
        if (columns < COLUMNS_MIN)
                columns = COLUMNS_PLAIN;
        return (columns > COLUMNS_MAX ? COLUMNS_MAX : columns) - MARGIN;
}

static bool is_blank(char byte) {
        return byte == ' ' || byte == '\t';
}

/* How many bytes of `text` go on a line of `room` characters: all, to the last blank in reach
 * (which may stand just beyond the room), or, in a word without an end, all that fits. */
static size_t find_cut(const char *text, size_t length, size_t room) {
        size_t at = 0, columns = 0, blank = 0;
        while (at < length && columns <= room) {
                if (is_blank(text[at]))
                        blank = at;
                if (columns == room)
                        break;
                columns++;
                for (at++; at < length && ((unsigned char)text[at] & 0xc0) == 0x80; at++)
                        continue;
        }
        if (at == length)
                return length;
        return blank > 0 ? blank : at;
}

/* How the lines of a text lie; the first one starts at `first`, the others at `indent`. */
typedef struct Shape {
        size_t first, indent, width;
} Shape;

static void append_folded(Text *out, const char *text, size_t length, const Shape *shape) {
        size_t used = shape->first;
        while (true) {
                size_t room = shape->width > used + ROOM_MIN ? shape->width - used : ROOM_MIN;
                size_t cut = find_cut(text, length, room);
                text_append_bytes(out, text, cut);
                text += cut;
                length -= cut;
                for (; length > 0 && is_blank(*text); text++, length--)
                        continue;
                if (length == 0)
                        return;
                text_append_format(out, "\n%*s", (int)shape->indent, "");
                used = shape->indent;
        }
}

static size_t trim_length(const char *text, size_t length) {
        while (length > 0 && (is_blank(text[length - 1]) || text[length - 1] == '\n'))
                length--;
        return length;
}

void fold_append_lines(Text *out, const char *text, size_t indent, size_t width) {
        const char *end = text + trim_length(text, strlen(text));
        while (true) {
                const char *stop = memchr(text, '\n', (size_t)(end - text));
                size_t length = trim_length(text, (size_t)((stop == NULL ? end : stop) - text));
                size_t own = 0;
                while (own < length && text[own] == ' ')
                        own++;
                text_append_format(out, "%*s", (int)(indent + own), "");
                const Shape shape = { indent + own, indent + own, width };
                append_folded(out, text + own, length - own, &shape);
                text_append(out, "\n");
                if (stop == NULL)
                        return;
                text = stop + 1;
        }
}

void fold_append_row(Text *out, const char *name, const char *value, size_t width) {
        text_append_format(out, "%s:\t", name);
        const Shape shape = { fill_count(name, strlen(name)) + 2, ROW_INDENT, width };
        append_folded(out, value, trim_length(value, strlen(value)), &shape);
        text_append(out, "\n");
}

static bool is_followed_by_blank(const char *at) {
        return at[1] == '\0' || is_blank(at[1]);
}

/* True where YAML would see a list, a map or a fault; numbers and comments are let through. */
static bool needs_quotes(const char *value) {
        if (*value == '\0' || strchr("[]{},*!|>@`%", *value) != NULL)
                return true;
        if (strchr("-?:", *value) != NULL && is_followed_by_blank(value))
                return true;
        if (*value == '"' || *value == '\'') {
                const char *end = strchr(value + 1, *value);
                return end == NULL || end[1 + strspn(end + 1, " ")] != '\0';
        }
        for (const char *at = value; *at != '\0' && *at != '#'; at++) {
                if (*at == ':' && is_followed_by_blank(at))
                        return true;
                if (is_blank(*at) && at[1] == '#')
                        return false;
        }
        return false;
}

char *fold_quote_always(const char *value) {
        autotext out = TEXT_INIT;
        text_append(&out, "\"");
        for (const char *at = value; *at != '\0'; at++) {
                if (*at == '"' || *at == '\\')
                        text_append(&out, "\\");
                text_append_bytes(&out, at, 1);
        }
        text_append(&out, "\"");
        return text_take(&out);
}

char *fold_quote(const char *value) {
        value += strspn(value, " \t\n");
        autofree char *trimmed = string_copy(value);
        trimmed[trim_length(value, strlen(value))] = '\0';
        return needs_quotes(trimmed) ? fold_quote_always(trimmed) : take(trimmed);
}
