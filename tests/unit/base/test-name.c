/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/name.h"
#include "base/own.h"
#include "unit.h"

#define FORTY "abcdefghijabcdefghijabcdefghijabcdefghij"

typedef struct Case {
        bool (*is_valid)(const char *);
        const char *name;
        bool expected;
} Case;

static const Case CASES[] = {
        { name_is_snap, "hello", true },
        { name_is_snap, "hello-world", true },
        { name_is_snap, "0ad", true },
        { name_is_snap, "a0", true },
        { name_is_snap, FORTY, true },
        { name_is_snap, FORTY "a", false },
        { name_is_snap, "", false },
        { name_is_snap, "a", false },
        { name_is_snap, "123", false },
        { name_is_snap, "1-2", false },
        { name_is_snap, "-a0", false },
        { name_is_snap, "a0-", false },
        { name_is_snap, "a--b", false },
        { name_is_snap, "Hello", false },
        { name_is_snap, "a_b", false },
        { name_is_snap, "a b", false },
        { name_is_snap, "a/b", false },
        { name_is_snap, "..", false },
        { name_is_snap, "h\xc3\xa9llo", false },
        { name_is_instance, "hello_key1", true },
        { name_is_instance, "hello", true },
        { name_is_instance, FORTY "_0123456789", true },
        { name_is_instance, "hello_", false },
        { name_is_instance, "hello_KEY", false },
        { name_is_instance, "hello_a_b", false },
        { name_is_instance, "_a", false },
        { name_is_instance, "hello_0123456789a", false },
        { name_is_instance_key, "0", true },
        { name_is_instance_key, "", false },
        { name_is_instance_key, "a-b", false },
        { name_is_app, "A", true },
        { name_is_app, "App-1", true },
        { name_is_app, "1-a-B", true },
        { name_is_app, "", false },
        { name_is_app, "-a", false },
        { name_is_app, "a-", false },
        { name_is_app, "a--b", false },
        { name_is_app, "a_b", false },
        { name_is_app, "a.b", false },
        { name_is_alias, "a_b.c-d", true },
        { name_is_alias, "7z", true },
        { name_is_alias, ".a", false },
        { name_is_alias, "_a", false },
        { name_is_alias, "a/b", false },
        { name_is_alias, "", false },
        { name_is_hook, "install", true },
        { name_is_hook, "a1-b2", true },
        { name_is_hook, "1a", false },
        { name_is_hook, "Install", false },
        { name_is_hook, "a-", false },
        { name_is_supported_hook, "configure", true },
        { name_is_supported_hook, "connect-plug-home", true },
        { name_is_supported_hook, "connect-plug-", false },
        { name_is_supported_hook, "connect-plug-X", false },
        { name_is_supported_hook, "connect-plug", false },
        { name_is_supported_hook, "preinst", false },
        { name_is_socket, "a", true },
        { name_is_socket, "a--b", false },
        { name_is_socket, "A", false },
        { name_is_version, "1.0+git~3:a-b1", true },
        { name_is_version, "1", true },
        { name_is_version, "1~", true },
        { name_is_version, "1.", false },
        { name_is_version, "+1", false },
        { name_is_version, "", false },
        { name_is_version, "1 0", false },
        { name_is_version, "12345678901234567890123456789012", true },
        { name_is_version, "123456789012345678901234567890123", false },
        { name_is_provenance, "prov-1", true },
        { name_is_provenance, "--", false },
        { name_is_system_user, "snap_daemon", true },
        { name_is_system_user, "-a", false },
        { name_is_system_user, "A", false },
        { name_is_link, "source-code", true },
        { name_is_link, "a_b", false },
        { name_is_link, "1a", false },
        { name_is_channel, "stable", true },
        { name_is_channel, "latest/edge", true },
        { name_is_channel, "1.0", true },
        { name_is_channel, "1.0/stable/fix-1", true },
        { name_is_channel, "edge/fix-1", true },
        { name_is_channel, "", false },
        { name_is_channel, "/edge", false },
        { name_is_channel, "1.0/nope", false },
        { name_is_channel, "a/stable/b/c", false },
        { name_is_channel, "stable/", false },
        { name_is_channel, "a b", false },
};

static void each_name_is_judged(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                if (CASES[i].is_valid(CASES[i].name) != CASES[i].expected)
                        fail_msg("case %zu: \"%s\"", i, CASES[i].name);
        }
}

static void instance_splits_at_the_key(void **state) {
        (void)state;
        assert_int_equal(name_get_snap_length("hello_key"), 5);
        assert_int_equal(name_get_snap_length("hello"), 5);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_name_is_judged),
                cmocka_unit_test(instance_splits_at_the_key),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
