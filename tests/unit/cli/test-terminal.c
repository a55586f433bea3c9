/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "base/json.h"
#include "base/own.h"
#include "base/text.h"
#include "cli/terminal.h"

static void what_commands_a_terminal_becomes_a_question_mark(void **state) {
        static const struct {
                const char *text, *shown;
        } cases[] = {
                { "", "" },
                { "plain\ttab\nline – é €", "plain\ttab\nline – é €" },
                { "\x1b[2J\x1b]0;title\a", "?[2J?]0;title?" },
                { "\r\b\x7f", "???" },
                { "\xc2\x9b"
                  "31m",
                  "?31m" },
                { "a\xe2\x80\xae"
                  "b\xe2\x81\xa6"
                  "c",
                  "a?b?c" },
                { "cut \xc2", "cut \xc2" },
                { "cut \xe2\x80", "cut \xe2\x80" },
        };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autofree char *text = string_copy(cases[i].text);
                terminal_neutralise_text(text);
                assert_string_equal(text, cases[i].shown);
        }
}

static void every_string_of_an_answer_is_looked_at(void **state) {
        autojson answer = json_pack("{s:[{s:s},s],s:i}", "a", "b", "x\x1b", "\x1b", "n", 1);
        autojson wanted = json_pack("{s:[{s:s},s],s:i}", "a", "b", "x?", "?", "n", 1);
        (void)state;

        terminal_neutralise(answer);
        assert_true(json_equal(answer, wanted));
}

static void keys_are_looked_at_too(void **state) {
        autojson answer = json_pack("{s:i,s:{s:s},s:[{s:i}]}", "a\x1b", 1, "b\rb", "c\x7f", "\x1b",
                                    "d", "\xc2\x9b", 2);
        autojson wanted =
                json_pack("{s:i,s:{s:s},s:[{s:i}]}", "a?", 1, "b?b", "c?", "?", "d", "?", 2);
        (void)state;

        terminal_neutralise(answer);
        assert_true(json_equal(answer, wanted));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_commands_a_terminal_becomes_a_question_mark),
                cmocka_unit_test(every_string_of_an_answer_is_looked_at),
                cmocka_unit_test(keys_are_looked_at_too),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
