/* SPDX-License-Identifier: Apache-2.0
 *
 * Denials against interfaces as the daemon describes them.
 */
#include "../unit.h"
#include "base/text.h"
#include "denial/denial-match.h"
#include "denial/path-pattern.h"

static const char INTERFACES[] =
        "[{\"name\":\"files\",\"plug\":{\"attributes\":[],\"blocks\":[{\"grants\":["
        "{\"kind\":\"file\",\"text\":\"/etc/one/**\",\"access\":\"r\",\"sentence\":\"read it\"},"
        "{\"kind\":\"device\",\"text\":\"/dev/video*\",\"access\":\"rw\",\"sentence\":\"film\"}],"
        "\"seccomp\":[\"allow socket 0&0xffffffff=2\",\"rule mount - - ext4\"]}]}},"
        "{\"name\":\"words\",\"plug\":{\"blocks\":[{\"grants\":["
        "{\"kind\":\"capability\",\"text\":\"net_admin\",\"sentence\":\"keep\"},"
        "{\"kind\":\"abstract-socket\",\"text\":\"@/x\",\"sentence\":\"reach\"},"
        "{\"kind\":\"socket\",\"text\":\"netlink-route\",\"sentence\":\"open\"},"
        "{\"kind\":\"flag\",\"text\":\"s\",\"lifts\":\"signal,scope.signal\",\"sentence\":\"kill\"},"
        "{\"kind\":\"bus\",\"bus\":\"system\",\"verb\":\"talk\",\"text\":\"org.a.*\",\"sentence\":\"talk\"}],"
        "\"seccomp\":[\"refuse listen\"]}]}},"
        "{\"name\":\"own-files\",\"plug\":{\"attributes\":[{\"name\":\"read\",\"type\":\"home-paths\"},"
        "{\"name\":\"write\",\"type\":\"home-paths\"}],\"blocks\":[]}}]";

typedef struct Case {
        Denial denial;
        const char *interface, *attribute; /* of the first; NULL = none at all */
} Case;

static const Case CASES[] = {
        { { .kind = DENIAL_FILE, .text = "/etc/one/a/b", .access = "r" }, "files", "" },
        { { .kind = DENIAL_FILE, .text = "/etc/one/a/b", .access = "w" }, NULL, "" },
        { { .kind = DENIAL_FILE, .text = "/etc/oneself", .access = "r" }, NULL, "" },
        { { .kind = DENIAL_FILE, .text = "/dev/video7", .access = "rw" }, "files", "" },
        { { .kind = DENIAL_FILE, .text = "/home/u/.a/b", .access = "w" }, "own-files", "write" },
        { { .kind = DENIAL_FILE, .text = "/root/.a", .access = "r" }, "own-files", "read" },
        { { .kind = DENIAL_SYSTEM_CALL, .text = "socket" }, "files", "" },
        { { .kind = DENIAL_SYSTEM_CALL, .text = "mount" }, "files", "" },
        { { .kind = DENIAL_SYSTEM_CALL, .text = "listen" }, "words", "" },
        { { .kind = DENIAL_SYSTEM_CALL, .text = "moun" }, NULL, "" },
        { { .kind = DENIAL_SYSTEM_CALL, .text = "" }, NULL, "" },
        { { .kind = DENIAL_CAPABILITY, .text = "net_admin" }, "words", "" },
        { { .kind = DENIAL_CAPABILITY, .text = "sys_admin" }, NULL, "" },
        { { .kind = DENIAL_SOCKET, .text = "netlink" }, "words", "" },
        { { .kind = DENIAL_SOCKET, .text = "" }, NULL, "" },
        { { .kind = DENIAL_BLOCKER, .text = "scope.signal" }, "words", "" },
        { { .kind = DENIAL_BLOCKER, .text = "scope.sig" }, NULL, "" },
        { { .kind = DENIAL_BLOCKER, .text = "scope.abstract_unix_socket" }, "words", "" },
        { { .kind = DENIAL_FILE, .text = "/dev/sda", .access = "r" }, NULL, "" },
        { { .kind = DENIAL_OTHER, .text = "signal" }, "words", "" },
        { { .kind = DENIAL_BUS, .text = "org.a.b", .bus = "system" }, "words", "" },
        { { .kind = DENIAL_BUS, .text = "org.ab", .bus = "system" }, NULL, "" },
        { { .kind = DENIAL_BUS, .text = "org.a.b", .bus = "session" }, NULL, "" },
        { { .kind = DENIAL_BUS, .text = ":1.5", .bus = "system", .interface = "org.a.I" },
          "words",
          "" },
};

static void test_what_would_allow_it(void **state) {
        autojson interfaces = json_loads(INTERFACES, 0, NULL);

        (void)state;
        assert_non_null(interfaces);
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                autojson found = denial_match(&CASES[i].denial, interfaces);
                const json_t *first = json_array_get(found, 0);
                if (!CASES[i].interface) {
                        assert_null(first);
                        continue;
                }
                assert_string_equal(json_get_string(first, "interface", ""), CASES[i].interface);
                assert_string_equal(json_get_string(first, "attribute", ""), CASES[i].attribute);
        }
}

static void test_patterns(void **state) {
        static const struct {
                const char *pattern, *path;
                bool matches;
        } cases[] = {
                { "/a", "/a", true },
                { "/a", "/a/b/c", true },
                { "/a/**", "/a/b/c", true },
                { "/a/*", "/a/b", true },
                { "/a/*", "/a/.b", false },
                { "/a/*/c", "/a/b/d", false },
                { "/a/b/c", "/a/b", false },
                { "/dev/{video,vbi}[0-9]", "/dev/vbi3", true },
                { "/dev/{video,vbi}[0-9]", "/dev/radio3", false },
                { "/{a,b}/{c,d}", "/b/c", true },
                { "$HOME/*", "/home/u/Documents/x", true },
                { "$HOME/*", "/home/u/.ssh", false },
                { "$HOME/*", "/etc/x", false },
                { "$RUNTIME/wayland-*", "/run/user/1000/wayland-0", true },
                { "$PLUG(a)", "/a", false },
                { "", "/a", false },
                { "/a", "", false },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
                assert_int_equal(path_pattern_matches(cases[i].pattern, cases[i].path),
                                 cases[i].matches);
}

/* 4^40 alternatives would be a long time. */
static void test_braces_are_bounded(void **state) {
        autotext pattern = TEXT_INIT;

        (void)state;
        for (size_t i = 0; i < 40; i++)
                text_append(&pattern, "/{a,b,c,d}");
        assert_false(path_pattern_matches(pattern.bytes, "/x"));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_what_would_allow_it),
                cmocka_unit_test(test_patterns),
                cmocka_unit_test(test_braces_are_bounded),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
