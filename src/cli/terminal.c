/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/terminal.h"

#include <string.h>

#include "base/own.h"
#include "base/text.h"

/* How many bytes of UTF-8 at `at` are one such character; 0: it is none. */
static size_t get_command_length(const unsigned char *at) {
        if ((*at < 0x20 && *at != '\n' && *at != '\t') || *at == 0x7f)
                return 1;
        if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) /* U+0080 … U+009F */
                return 2;
        if (at[0] != 0xe2)
                return 0;
        if (at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae) /* U+202A … U+202E */
                return 3;
        return at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9 ? 3 : 0; /* U+2066 … U+2069 */
}

void terminal_neutralise_text(char *text) {
        char *to = text;

        for (const char *from = text; *from;) {
                size_t length = get_command_length((const unsigned char *)from);

                *to++ = (char)(length > 0 ? '?' : *from);
                from += length ? length : 1;
        }
        *to = '\0';
}

static void neutralise_string(json_t *value) {
        autofree char *text = string_copy(json_string_value(value));

        terminal_neutralise_text(text);
        if (!string_equal(text, json_string_value(value)))
                (void)json_string_set(value, text);
}

/* One that is another then takes the other's place. */
static void neutralise_keys(json_t *object) {
        const char *key;
        json_t *item;
        void *next;

        json_object_foreach_safe(object, next, key, item) {
                autofree char *old = string_copy(key);
                autofree char *text = string_copy(key);
                terminal_neutralise_text(text);
                if (string_equal(text, old))
                        continue;
                json_object_set(object, text, item);
                (void)json_object_del(object, old);
        }
}

void terminal_neutralise(json_t *value) {
        const char *key;
        json_t *item;
        size_t i;

        if (json_is_object(value))
                neutralise_keys(value);

        if (json_is_string(value))
                neutralise_string(value);
        json_array_foreach(value, i, item) terminal_neutralise(item);
        json_object_foreach(value, key, item) terminal_neutralise(item);
}
