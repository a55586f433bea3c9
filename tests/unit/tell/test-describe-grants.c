/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything that an interface can grant has words, and every interface of this build is described.
 */
#include "../unit.h"
#include "base/text.h"
#include "tell/describe-grants.h"
#include "tell/describe-kind.h"
#include "tell/flag-words.h"
#include "tell/grant-words.h"

static void test_every_flag_that_an_interface_has_has_words(void **state) {
        unsigned known = 0;
        size_t count = 0;
        const FlagWord *words = flag_words_get(&count);

        (void)state;
        for (size_t i = 0; i < count; i++) {
                assert_false(known & words[i].flag);
                known |= words[i].flag;
        }
        /* Flags are given out from the lowest bit on: a gap or a new one shows here. */
        assert_int_equal(known & (known + 1), 0);
        for (size_t i = 0; i < interface_kind_count; i++) {
                const InterfaceSide *const sides[] = { &interface_kinds[i].plug,
                                                       &interface_kinds[i].slot };
                for (size_t j = 0; j < ARRAY_COUNT(sides); j++)
                        for (const InterfaceBlock *block = sides[j]->blocks; block && block->grants;
                             block++)
                                assert_int_equal(block->grants->flags & ~known, 0);
        }
}

static void test_every_grant_of_every_interface_has_a_sentence(void **state) {
        size_t count = 0;

        (void)state;
        for (size_t i = 0; i < interface_kind_count; i++) {
                autojson kind = interface_kind_describe(&interface_kinds[i]);
                const json_t *blocks = json_object_get(json_object_get(kind, "plug"), "blocks");
                for (size_t j = 0; j < json_array_size(blocks); j++) {
                        const json_t *grants = json_object_get(json_array_get(blocks, j), "grants");
                        for (size_t k = 0; k < json_array_size(grants); k++, count++) {
                                const json_t *grant = json_array_get(grants, k);
                                assert_true(*json_get_string(grant, "sentence", ""));
                                assert_true(*json_get_string(grant, "heading", ""));
                                assert_true(*json_get_string(grant, "kind", ""));
                        }
                }
        }
        assert_true(count > 20);
}

typedef struct Case {
        GrantRow row;
        const char *sentence;
} Case;

static void test_sentences(void **state) {
        static const InterfaceDevice video = { NULL, 3, 'c', 81, -1, .property = NULL };
        static const InterfaceBus call = { "system", INTERFACE_BUS_CALL, "a.b", "/a", "a.B", "Do" };
        char path[] = "/x/**", name[] = "a.b", at[] = "/a", rule[] = "~mount", key[] = "K",
             value[] = "v";
        const Case cases[] = {
                { { .kind = GRANT_FILE, .access = 1, .text = path }, "read /x/**" },
                { { .kind = GRANT_FILE, .access = 7, .text = path }, "read, write and run /x/**" },
                { { .kind = GRANT_DEVICE, .access = 3, .device = &video },
                  "read and write character devices of major 81" },
                { { .kind = GRANT_BUS, .text = name, .second = at, .bus = &call },
                  "call Do of a.B of a.b at /a on the system bus" },
                { { .kind = GRANT_SYSTEM_CALL, .text = rule }, "not call mount" },
                { { .kind = GRANT_VARIABLE, .text = key, .second = value }, "find K=v set" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autofree char *sentence = grant_row_format(&cases[i].row);
                assert_string_equal(sentence, cases[i].sentence);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_flag_that_an_interface_has_has_words),
                cmocka_unit_test(test_every_grant_of_every_interface_has_a_sentence),
                cmocka_unit_test(test_sentences),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
