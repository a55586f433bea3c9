/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fill.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"

#define WORD_COUNT_MAX 4096
/* What a line costs that does not end at a stop: as much as eight columns left empty. */
#define NO_STOP_COST 64

typedef struct Word {
        const char *start;
        size_t length;
        size_t columns;
} Word;

size_t fill_count(const char *text, size_t length) {
        size_t count = 0;
        for (size_t i = 0; i < length; i++)
                count += ((unsigned char)text[i] & 0xc0) != 0x80;
        return count;
}

static size_t split_words(const char *text, size_t length, Word words[WORD_COUNT_MAX]) {
        size_t count = 0;
        const char *end = text + length;
        while (count < WORD_COUNT_MAX) {
                while (text < end && strchr(" \t\n", *text) != NULL)
                        text++;
                if (text == end)
                        break;
                Word *word = &words[count++];
                word->start = text;
                while (text < end && strchr(" \t\n", *text) == NULL)
                        text++;
                word->length = (size_t)(text - word->start);
                word->columns = fill_count(word->start, word->length);
        }
        return count;
}

static uint64_t cost_line(const Word *last, size_t used, size_t width, bool is_final) {
        if (is_final)
                return 0;
        bool has_stop = strchr(".,:;)", last->start[last->length - 1]) != NULL;
        uint64_t left = width - used;
        return left * left + (has_stop ? 0 : NO_STOP_COST);
}

/* next[i] becomes the first word of the line after the one that starts with word i, over all lines
 * cheapest: computed from the end, so that each suffix is solved before it is needed. */
static void choose_breaks(const Word *words, size_t count, size_t width, size_t *next) {
        uint64_t *best = memory_new((count + 1) * sizeof *best);
        for (size_t i = count; i-- > 0;) {
                size_t used = 0;
                best[i] = UINT64_MAX;
                for (size_t j = i; j < count; j++) {
                        used += words[j].columns + (j > i);
                        if (used > width && j > i)
                                break;
                        /* A single word wider than the line stands alone. */
                        uint64_t cost = used > width
                                                ? 0
                                                : cost_line(&words[j], used, width, j + 1 == count);
                        if (cost + best[j + 1] >= best[i])
                                continue;
                        best[i] = cost + best[j + 1];
                        next[i] = j + 1;
                }
        }
        free(best);
}

static void fill_paragraph(Text *out, const char *text, size_t length, size_t width,
                           size_t indent) {
        Word *words = memory_new(WORD_COUNT_MAX * sizeof *words);
        size_t *next = memory_new(WORD_COUNT_MAX * sizeof *next);
        size_t count = split_words(text, length, words);
        choose_breaks(words, count, width, next);
        for (size_t line = 0; line < count; line = next[line]) {
                if (out->length > 0)
                        text_append_format(out, "\n%*s", (int)indent, "");
                for (size_t i = line; i < next[line]; i++) {
                        text_append(out, i > line ? " " : "");
                        text_append_bytes(out, words[i].start, words[i].length);
                }
        }
        free(words);
        free(next);
}

char *fill_text(const char *text, size_t width, size_t indent) {
        autotext out = TEXT_INIT;
        while (*text != '\0') {
                const char *gap = strstr(text, "\n\n");
                size_t length = gap == NULL ? strlen(text) : (size_t)(gap - text);
                if (out.length > 0)
                        text_append(&out, "\n");
                fill_paragraph(&out, text, length, width, indent);
                text += length;
                text += strspn(text, "\n");
        }
        return text_take(&out);
}
