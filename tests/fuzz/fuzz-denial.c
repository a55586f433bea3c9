/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of logs (denial/denial.h), and what they say matched against a pattern.
 */
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "denial/denial-match.h"
#include "denial/denial-words.h"
#include "denial/path-pattern.h"
#include "fuzz.h"

static void check(const Denial *denial) {
        const char *const texts[] = { denial->program, denial->executable, denial->text,
                                      denial->bus,     denial->path,       denial->member };

        if (denial->kind >= DENIAL_KIND_COUNT || denial->source >= DENIAL_SOURCE_COUNT ||
            strspn(denial->access, "rwx") != strlen(denial->access))
                abort();
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
                if (strlen(texts[i]) >= DENIAL_WORD_MAX)
                        abort();
        /* A program's name is never longer than its field, and holds no blank that a label may not.
         */
        if (strpbrk(denial->program, " /"))
                abort();
        autofree char *wish = denial_format_wish(denial);
        (void)path_pattern_matches("/a/{b,c}*/**", denial->text);
        autojson found = denial_match(denial, NULL);
        if (json_array_size(found) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        autofree char *copy = malloc(length + 1);
        char *rest = NULL;
        Denial denial, last = { 0 };

        if (!copy)
                return 0;
        memcpy(copy, bytes, length);
        copy[length] = '\0';
        for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                if (denial_parse(line, &denial) == 1) {
                        check(&denial);
                        last = denial;
                } else if (denial_join(line, &last) == 1) {
                        check(&last);
                } else {
                        (void)denial_count_lost(line);
                }
        return 0;
}
