/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "api/snap-instruction.h"

static json_t *parse(const char *text) {
        Error err = ERROR_INIT;
        json_t *body = NULL;

        if (json_parse(text, strlen(text), &body, &err) < 0)
                fail_msg("%s: %s", text, err.message);
        return body;
}

static const struct {
        const char *body, *message;
} REFUSED[] = {
        { "[]", "cannot decode request body into snap instruction: it is not an object" },
        { "{}", "unknown action " },
        { "{\"action\":\"eat\"}", "unknown action eat" },
        { "{\"action\":\"remove\",\"cohort-key\":\"k\"}",
          "cohort-key can only be specified for install, refresh, or switch" },
        { "{\"action\":\"install\",\"leave-cohort\":true}",
          "leave-cohort can only be specified for refresh or switch" },
        { "{\"action\":\"refresh\",\"leave-cohort\":true,\"cohort-key\":\"k\"}",
          "cannot specify both cohort-key and leave-cohort" },
        { "{\"action\":\"install\",\"revision\":\"1\",\"cohort-key\":\"k\"}",
          "cannot specify both cohort-key and revision" },
        { "{\"action\":\"remove\",\"transaction\":\"per-snap\"}",
          "transaction type is unsupported for \"remove\" actions" },
        { "{\"action\":\"install\",\"transaction\":\"some\"}",
          "invalid value for transaction type: some" },
        { "{\"action\":\"install\",\"devmode\":true,\"jailmode\":true}",
          "cannot use devmode and jailmode flags together" },
        { "{\"action\":\"install\",\"devmode\":true,\"classic\":true}",
          "cannot use classic and devmode flags together" },
        { "{\"action\":\"install\",\"channel\":\"a/b/c/d\"}", "invalid channel name: \"a/b/c/d\"" },
        { "{\"action\":\"enable\",\"revision\":\"x1\"}", "enable takes no revision argument" },
        { "{\"action\":\"revert\",\"revision\":\"y1\"}", "invalid snap revision: \"y1\"" },
        { "{\"action\":\"revert\",\"revision\":\"x0\"}", "invalid snap revision: \"x0\"" },
        { "{\"action\":\"revert\",\"revision\":-1}", "invalid snap revision: \"-1\"" },
        { "{\"action\":\"revert\",\"revision\":99999999999999999999}", NULL },
};

static void what_contradicts_itself_is_refused(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(REFUSED); i++) {
                SnapInstruction instruction;
                Error err = ERROR_INIT;
                json_t *body = NULL;

                if (!REFUSED[i].message) {
                        assert_true(json_parse(REFUSED[i].body, strlen(REFUSED[i].body), &body,
                                               &err) < 0);
                        continue;
                }
                body = parse(REFUSED[i].body);
                assert_true(snap_instruction_parse(body, &instruction, &err) < 0);
                assert_string_equal(err.message, REFUSED[i].message);
                assert_int_equal(error_kind_get_info(err.kind)->http_status, 400);
                json_decref(body);
        }
}

static void revisions_come_as_text_or_as_numbers(void **state) {
        static const struct {
                const char *body, *revision;
        } CASES[] = {
                { "{\"action\":\"revert\",\"revision\":\"x3\"}", "x3" },
                { "{\"action\":\"revert\",\"revision\":12}", "12" },
                { "{\"action\":\"revert\",\"revision\":\"12\"}", "12" },
                { "{\"action\":\"revert\",\"revision\":\"unset\"}", "" },
                { "{\"action\":\"revert\",\"unknown\":{}}", "" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                autojson body = parse(CASES[i].body);
                SnapInstruction instruction;
                Error err = ERROR_INIT;
                assert_int_equal(snap_instruction_parse(body, &instruction, &err), 0);
                assert_string_equal(instruction.revision, CASES[i].revision);
                assert_int_equal(instruction.action, SNAP_ACTION_REVERT);
        }
}

static void options_of_one_are_refused_for_many(void **state) {
        static const char *const BODIES[] = {
                "{\"action\":\"remove\",\"snaps\":[\"a\"],\"purge\":true}",
                "{\"action\":\"install\",\"snaps\":[\"a\"],\"channel\":\"edge\"}",
                "{\"action\":\"refresh\",\"snaps\":[\"a\"],\"revision\":\"2\"}",
                "{\"action\":\"install\",\"snaps\":[\"a\"],\"devmode\":true}",
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(BODIES); i++) {
                autojson body = parse(BODIES[i]);
                SnapInstruction instruction;
                const json_t *names = NULL;
                Error err = ERROR_INIT;
                assert_true(snap_instruction_parse_many(body, &instruction, &names, &err) < 0);
                assert_string_equal(err.message,
                                    "unsupported option provided for multi-snap operation");
        }
}

static void names_of_many_are_strings_and_not_too_many(void **state) {
        autojson numbers = parse("{\"action\":\"remove\",\"snaps\":[1]}");
        autojson body = parse("{\"action\":\"remove\",\"snaps\":[]}");
        SnapInstruction instruction;
        const json_t *names = NULL;
        Error err = ERROR_INIT;

        (void)state;
        assert_true(snap_instruction_parse_many(numbers, &instruction, &names, &err) < 0);
        assert_int_equal(snap_instruction_parse_many(body, &instruction, &names, &err), 0);
        for (int i = 0; i <= SNAP_INSTRUCTION_SNAP_MAX; i++)
                json_array_append_new(json_object_get(body, "snaps"), json_string("a"));
        assert_true(snap_instruction_parse_many(body, &instruction, &names, &err) < 0);
        assert_int_equal(err.kind, ERROR_TOO_LARGE);
}

static int parse_channel(const char *channel) {
        autojson body = json_pack("{s:s,s:s}", "action", "switch", "channel", channel);
        SnapInstruction instruction;
        Error err = ERROR_INIT;
        int parsed = snap_instruction_parse(body, &instruction, &err);

        assert_true(parsed == 0 || err.kind == ERROR_BAD_REQUEST);
        return parsed;
}

static void channels_have_a_risk_in_the_right_place(void **state) {
        static const char *const GOOD[] = { "stable",      "latest/stable", "edge",
                                            "1.0/beta",    "beta/fix",      "22",
                                            "1.0/edge/fix" };
        static const char *const BAD[] = { "/",     "latest/", "/stable",         "a/b",
                                           "a/b/c", "a//edge", "stable/edge/x/y", "22/st able" };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(GOOD); i++)
                if (parse_channel(GOOD[i]) < 0)
                        fail_msg("refused %s", GOOD[i]);
        for (size_t i = 0; i < ARRAY_COUNT(BAD); i++)
                if (parse_channel(BAD[i]) == 0)
                        fail_msg("took %s", BAD[i]);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_contradicts_itself_is_refused),
                cmocka_unit_test(revisions_come_as_text_or_as_numbers),
                cmocka_unit_test(options_of_one_are_refused_for_many),
                cmocka_unit_test(names_of_many_are_strings_and_not_too_many),
                cmocka_unit_test(channels_have_a_risk_in_the_right_place),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
