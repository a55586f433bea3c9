/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void *require_memory(void *memory) {
        if (!memory)
                abort();
        return memory;
}

void *memory_new(size_t size) {
        return require_memory(calloc(1, size ? size : 1));
}

char *string_copy(const char *string) {
        return require_memory(strdup(string));
}

char *string_copy_length(const char *string, size_t length) {
        return require_memory(strndup(string, length));
}

char *string_format(const char *format, ...) {
        char *result = NULL;
        va_list args;

        va_start(args, format);
        int length = vasprintf(&result, format, args);
        va_end(args);
        if (length < 0)
                abort();
        return result;
}

void text_done(Text *text) {
        free(text->bytes);
        *text = TEXT_INIT;
}

static void reserve(Text *text, size_t more) {
        size_t need = text->length + more + 1;

        if (text->bytes && need <= text->capacity)
                return;
        size_t capacity = text->capacity ? text->capacity : 64;
        while (capacity < need)
                capacity *= 2;
        text->bytes = require_memory(realloc(text->bytes, capacity));
        text->capacity = capacity;
}

void text_append_bytes(Text *text, const void *bytes, size_t length) {
        reserve(text, length);
        if (length)
                memcpy(text->bytes + text->length, bytes, length);
        text->length += length;
        text->bytes[text->length] = '\0';
}

void text_append(Text *text, const char *string) {
        text_append_bytes(text, string, strlen(string));
}

void text_append_format(Text *text, const char *format, ...) {
        autofree char *piece = NULL;
        va_list args;

        va_start(args, format);
        int length = vasprintf(&piece, format, args);
        va_end(args);
        if (length < 0)
                abort();
        text_append_bytes(text, piece, (size_t)length);
}

char *text_take(Text *text) {
        if (!text->bytes)
                reserve(text, 0), text->bytes[0] = '\0';
        char *bytes = take(text->bytes);
        *text = TEXT_INIT;
        return bytes;
}

bool string_has_prefix(const char *string, const char *prefix) {
        return strncmp(string, prefix, strlen(prefix)) == 0;
}

bool string_has_suffix(const char *string, const char *suffix) {
        size_t length = strlen(string), tail = strlen(suffix);

        return length >= tail && memcmp(string + length - tail, suffix, tail) == 0;
}

int string_parse_u64(const char *string, uint64_t max, uint64_t *ret, Error *err) {
        uint64_t value = 0;

        if (!*string)
                return error_set(err, ERROR_BAD_REQUEST, "expected a number, got nothing");
        for (const char *c = string; *c; c++) {
                if (*c < '0' || *c > '9')
                        return error_set(err, ERROR_BAD_REQUEST, "not a number: \"%.40s\"", string);
                unsigned digit = (unsigned)(*c - '0');
                if (value > (max - digit) / 10 || digit > max)
                        return error_set(err, ERROR_BAD_REQUEST, "number too large: %.40s", string);
                value = value * 10 + digit;
        }
        *ret = value;
        return 0;
}

int string_parse_i64(const char *string, int64_t *ret, Error *err) {
        bool negative = *string == '-';
        uint64_t magnitude = 0;

        if (string_parse_u64(string + negative, INT64_MAX, &magnitude, err) < 0)
                return -1;
        *ret = negative ? -(int64_t)magnitude : (int64_t)magnitude;
        return 0;
}

/* Length of the sequence that `lead` opens and the smallest code point it may encode; 0 = bad. */
static int sequence_length(unsigned char lead, uint32_t *ret_smallest, uint32_t *ret_bits) {
        static const struct {
                unsigned char mask, value;
                uint32_t smallest;
        } SHAPES[] = {
                { 0x80, 0x00, 0 },
                { 0xe0, 0xc0, 0x80 },
                { 0xf0, 0xe0, 0x800 },
                { 0xf8, 0xf0, 0x10000 },
        };

        for (size_t i = 0; i < ARRAY_COUNT(SHAPES); i++) {
                if ((lead & SHAPES[i].mask) != SHAPES[i].value)
                        continue;
                *ret_smallest = SHAPES[i].smallest;
                *ret_bits = lead & (unsigned char)~SHAPES[i].mask;
                return (int)i + 1;
        }
        return 0;
}

static bool is_clean_code_point(uint32_t code) {
        if (code < 0x20)
                return code == '\t' || code == '\n' || code == '\r';
        return code != 0x7f && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
}

bool string_is_clean_utf8(const char *string, size_t length) {
        const unsigned char *at = (const unsigned char *)string, *end = at + length;

        while (at < end) {
                uint32_t smallest = 0, code = 0;
                int count = sequence_length(*at, &smallest, &code);

                if (count == 0 || end - at < count)
                        return false;
                for (int i = 1; i < count; i++) {
                        if ((at[i] & 0xc0) != 0x80)
                                return false;
                        code = code << 6 | (at[i] & 0x3f);
                }
                if (code < smallest || !is_clean_code_point(code))
                        return false;
                at += count;
        }
        return true;
}
