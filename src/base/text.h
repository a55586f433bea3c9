/* SPDX-License-Identifier: Apache-2.0
 *
 * Text: a growing, NUL-terminated string, and small exact string functions.
 * Out of memory aborts; sizes are bounded by the caller.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct Text {
        char *bytes; /* NULL while empty, else NUL-terminated */
        size_t length;
        size_t capacity;
} Text;

#define TEXT_INIT ((Text){ 0 })

void text_done(Text *text);
#define autotext __attribute__((cleanup(text_done))) Text

void text_append(Text *text, const char *string);
void text_append_bytes(Text *text, const void *bytes, size_t length);
void text_append_format(Text *text, const char *format, ...) printf_like(2, 3);
/* Moves the bytes out; "" rather than NULL when nothing was appended. */
char *text_take(Text *text);

/* Allocate or abort. */
void *memory_new(size_t size); /* zeroed */
char *string_copy(const char *string);
char *string_copy_length(const char *string, size_t length);
char *string_format(const char *format, ...) printf_like(1, 2);

static inline bool string_equal(const char *a, const char *b) {
        return __builtin_strcmp(a, b) == 0;
}
bool string_has_prefix(const char *string, const char *prefix);
bool string_has_suffix(const char *string, const char *suffix);

/* The whole string is a decimal number (no sign, blank or leading "+") within [min, max]. */
int string_parse_u64(const char *string, uint64_t max, uint64_t *ret, Error *err);
int string_parse_i64(const char *string, int64_t *ret, Error *err);

/* Valid UTF-8 without NUL, control characters other than \t \n \r, surrogates or overlong forms. */
bool string_is_clean_utf8(const char *string, size_t length);
