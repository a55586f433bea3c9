/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "base/text.h"
#include "snap/setting.h"

static const struct {
        const char *patch, *flat, *error; /* one of both */
} PATCHES[] = {
        { "{}", "{}", NULL },
        { "{\"refresh.retain\":3}", "{\"refresh.retain\":\"3\"}", NULL },
        { "{\"refresh\":{\"retain\":\"20\"}}", "{\"refresh.retain\":\"20\"}", NULL },
        { "{\"refresh.retain\":null}", "{\"refresh.retain\":null}", NULL },
        { "{\"refresh\":null}", "{\"refresh\":null}", NULL },
        { "{\"refresh.retain\":\"\"}", "{\"refresh.retain\":null}", NULL },
        { "{\"experimental.parallel-instances\":true}",
          "{\"experimental.parallel-instances\":\"true\"}", NULL },
        { "{\"experimental\":{\"parallel-instances\":\"false\"}}",
          "{\"experimental.parallel-instances\":\"false\"}", NULL },
        { "{\"refresh.running-apps\":\"defer\"}", "{\"refresh.running-apps\":\"defer\"}", NULL },
        { "{\"refresh.running-apps-for\":{\"notes_b\":\"ignore\"}}",
          "{\"refresh.running-apps-for.notes_b\":\"ignore\"}", NULL },
        { "{\"refresh.running-apps-for\":null}", "{\"refresh.running-apps-for\":null}", NULL },
        { "[]", NULL, "cannot decode request body into patch values: it is not an object" },
        { "{\"refresh.retain\":1}", NULL,
          "cannot set \"refresh.retain\" to 1: it takes a number from 2 to 20" },
        { "{\"refresh.retain\":21}", NULL,
          "cannot set \"refresh.retain\" to 21: it takes a number from 2 to 20" },
        { "{\"refresh.retain\":-3}", NULL,
          "cannot set \"refresh.retain\" to -3: it takes a number from 2 to 20" },
        { "{\"refresh.retain\":3.5}", NULL,
          "cannot set \"refresh.retain\" to 3.5: it takes a number from 2 to 20" },
        { "{\"refresh.retain\":[3]}", NULL,
          "cannot set \"refresh.retain\" to [3]: it takes a number from 2 to 20" },
        { "{\"refresh.retain\":true}", NULL,
          "cannot set \"refresh.retain\" to true: it takes a number from 2 to 20" },
        { "{\"experimental.parallel-instances\":1}", NULL,
          "cannot set \"experimental.parallel-instances\" to 1: it takes true or false" },
        { "{\"refresh.running-apps\":\"maybe\"}", NULL,
          "cannot set \"refresh.running-apps\" to maybe: it takes refuse, defer or ignore" },
        { "{\"refresh.retain\":3,\"a.b\":1}", NULL,
          "unsupported system option \"a.b\" (those there are: man pawl, SETTINGS)" },
        { "{\"a\":null}", NULL,
          "unsupported system option \"a\" (those there are: man pawl, SETTINGS)" },
        { "{\"refresh.ret\":null}", NULL,
          "unsupported system option \"refresh.ret\" (those there are: man pawl, SETTINGS)" },
        { "{\"refresh.running-apps-for.NO!\":\"defer\"}", NULL,
          "unsupported system option \"refresh.running-apps-for.NO!\" (those there are: man pawl, "
          "SETTINGS)" },
        { "{\"refresh\":3}", NULL,
          "unsupported system option \"refresh\" (those there are: man pawl, SETTINGS)" },
};

static void patches_are_checked_whole(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(PATCHES); i++) {
                autojson patch = json_loads(PATCHES[i].patch, JSON_DECODE_ANY, NULL);
                autojson flat = NULL;
                Error err = ERROR_INIT;
                int outcome = setting_parse_patch(patch, &flat, &err);
                if (PATCHES[i].error) {
                        assert_int_equal(outcome, -1);
                        assert_int_equal(err.kind, ERROR_BAD_REQUEST);
                        assert_string_equal(err.message, PATCHES[i].error);
                        continue;
                }
                if (outcome < 0)
                        fail_msg("%s: %s", PATCHES[i].patch, err.message);
                autofree char *text = json_format(flat);
                assert_string_equal(text, PATCHES[i].flat);
        }
}

static void what_counts_by_default_is_a_value_itself(void **state) {
        (void)state;
        for (size_t i = 0; i < SETTING_KEY_COUNT; i++) {
                if (!SETTINGS[i].fallback)
                        continue;
                autojson value = json_string(SETTINGS[i].fallback);
                autofree char *text = NULL;
                Error err = ERROR_INIT;
                assert_int_equal(setting_format_value(SETTINGS[i].key, value, &text, &err), 0);
                assert_string_equal(text, SETTINGS[i].fallback);
        }
}

static void words_have_their_choice(void **state) {
        (void)state;
        for (RunningApps i = RUNNING_REFUSE; i < RUNNING_APPS_COUNT; i++)
                assert_int_equal(running_apps_parse(running_apps_get_name(i)), i);
        assert_int_equal(running_apps_parse("later"), RUNNING_APPS_COUNT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(patches_are_checked_whole),
                cmocka_unit_test(what_counts_by_default_is_a_value_itself),
                cmocka_unit_test(words_have_their_choice),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
