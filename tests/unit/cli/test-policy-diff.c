/* SPDX-License-Identifier: Apache-2.0
 *
 * Two policies compared: what is equal is silent, whatever else is said once.
 */
#include "../unit.h"
#include "base/text.h"
#include "cli/policy-diff.h"

#define POLICY(programs) \
        "{\"confinement\":\"strict\",\"template\":[\"allow read\"],\"programs\":" programs "}"
#define NETWORK(connected, sentence)                                                     \
        "{\"app\":{\"plugs\":{\"network\":{\"interface\":\"network\",\"is-known\":true," \
        "\"is-connected\":" connected ",\"grants\":[{\"sentence\":\"" sentence "\"}]}}}}"

typedef struct Case {
        const char *before, *after;
        const char *diff; /* canonical */
} Case;

static const Case CASES[] = {
        { POLICY(NETWORK("true", "open")), POLICY(NETWORK("true", "open")), "[]" },
        { POLICY(NETWORK("true", "open")), POLICY(NETWORK("true", "close")),
          "[{\"gained\":[\"close\"],\"lost\":[\"open\"],\"what\":\"app, by plug network:\"}]" },
        { POLICY(NETWORK("true", "open")), POLICY(NETWORK("false", "open")),
          "[{\"gained\":[\"has the plug network (interface network), not connected\"],\"lost\":[\"has "
          "the plug network (interface network), connected\"],\"what\":\"app, by plug network once "
          "it is connected:\"}]" },
        { POLICY("{\"app\":{}}"), POLICY(NETWORK("false", "open")),
          "[{\"gained\":[\"has the plug network (interface network), not connected\",\"open\"],"
          "\"lost\":[],\"what\":\"app, by plug network once it is connected:\"}]" },
        { POLICY("{\"app\":{}}"), POLICY("{}"),
          "[{\"gained\":[],\"lost\":[\"is there\"],\"what\":\"app\"}]" },
        { POLICY("{}"),
          "{\"confinement\":\"devmode\",\"template\":[\"allow write\"],\"programs\":{}}",
          "[{\"gained\":[\"devmode\"],\"lost\":[\"strict\"],\"what\":\"confinement:\"},{\"gained\":["
          "\"allow write\"],\"lost\":[\"allow read\"],\"what\":\"every program, system calls:\"}]" },
};

static void test_differences(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                autojson before = json_loads(CASES[i].before, 0, NULL);
                autojson after = json_loads(CASES[i].after, 0, NULL);
                assert_non_null(before);
                assert_non_null(after);
                autojson diff = policy_diff(before, after);
                autofree char *text = json_format_canonical(diff);
                assert_string_equal(text, CASES[i].diff);
        }
}

/* A file is whatever somebody wrote. */
static void test_what_is_no_policy_is_no_crash(void **state) {
        static const char *const texts[] = {
                "{}",
                "{\"programs\":[]}",
                "{\"programs\":{\"a\":7}}",
                "{\"template\":[7,null]}",
                "{\"programs\":{\"a\":{\"plugs\":{\"b\":[]}}}}",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
                for (size_t j = 0; j < ARRAY_COUNT(texts); j++) {
                        autojson before = json_loads(texts[i], 0, NULL);
                        autojson after = json_loads(texts[j], 0, NULL);
                        autojson diff = policy_diff(before, after);
                        assert_true(json_is_array(diff));
                        if (i == j)
                                assert_int_equal(json_array_size(diff), 0);
                }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_differences),
                cmocka_unit_test(test_what_is_no_policy_is_no_crash),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
