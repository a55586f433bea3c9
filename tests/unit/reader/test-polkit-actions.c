/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "reader/polkit-actions.h"

static int read_text(const char *text, json_t **ret, Error *err) {
        const PolkitFile file = { .bytes = text,
                                  .length = strlen(text),
                                  .prefix = "org.example.user" };

        return polkit_actions_read(&file, ret, err);
}

#define DOCTYPE                                                                               \
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                        \
        "<!DOCTYPE policyconfig PUBLIC \"-//freedesktop//DTD PolicyKit Policy Configuration " \
        "1.0//EN\" \"http://www.freedesktop.org/standards/PolicyKit/1/policyconfig.dtd\">\n"
#define ONE(inner) \
        "<policyconfig><action id=\"org.example.user.a\">" inner "</action></policyconfig>"

static void what_a_file_says_is_taken(void **state) {
        autojson actions = NULL;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(
                read_text(
                        DOCTYPE
                        "<policyconfig>\n  <vendor>Example &amp; Co</vendor>\n"
                        "  <vendor_url>https://example.org</vendor_url>\n"
                        "  <!-- a comment -->\n"
                        "  <action id=\"org.example.user\">\n"
                        "    <description>Do\n       it</description>\n"
                        "    <description xml:lang=\"da\">G\xc3\xb8r det</description>\n"
                        "    <message gettext-domain=\"x\">Who are you?</message>\n"
                        "    <icon_name>some</icon_name>\n"
                        "    <defaults><allow_any>no</allow_any>\n"
                        "      <allow_active> auth_admin_keep </allow_active></defaults>\n"
                        "  </action>\n"
                        "  <action id=\"org.example.user.more-2\"><vendor>Else</vendor></action>\n"
                        "</policyconfig>\n",
                        &actions, &err),
                0);
        autofree char *text = json_format_canonical(actions);
        assert_string_equal(
                text,
                "[{\"allow_active\":\"auth_admin_keep\",\"allow_any\":\"no\",\"description\":{\"\":\"Do it\","
                "\"da\":\"G\xc3\xb8r det\"},\"icon_name\":\"some\",\"id\":\"org.example.user\",\"message\":{\"\":"
                "\"Who are you?\"},\"vendor\":\"Example & Co\",\"vendor_url\":\"https://example.org\"},"
                "{\"id\":\"org.example.user.more-2\",\"vendor\":\"Else\",\"vendor_url\":\"https://example.org\"}]");
}

typedef struct Case {
        const char *text;
        const char *message; /* whole */
} Case;

static const Case BAD[] = {
        { "", "line 1: no element found" },
        { "no XML", "line 1: syntax error" },
        { "<policyconfig>\n<action", "line 2: unclosed token" },
        { "<policyconfig>\n</busconfig>", "line 2: mismatched tag" },
        { "<policyconfig/><policyconfig/>", "line 1: junk after document element" },
        { "<busconfig/>", "line 1: no element of an action file, or not here: busconfig" },
        { "<policyconfig>\n<action/></policyconfig>", "line 2: an action has no id" },
        { "<policyconfig><action id=\"\"/></policyconfig>",
          "line 1: an action's id is made of letters, digits, \".\" and \"-\", not as " },
        { "<policyconfig><action id=\"org.example.user.&quot;&gt;\"/></policyconfig>",
          "line 1: an action's id is made of letters, digits, \".\" and \"-\", not as "
          "org.example.user.\">" },
        { "<policyconfig><action id=\"org.example\"/></policyconfig>",
          "line 1: the plug's action-prefix is not that of action org.example" },
        { "<policyconfig><action id=\"org.example.users\"/></policyconfig>",
          "line 1: the plug's action-prefix is not that of action org.example.users" },
        { "<policyconfig><action id=\"org.freedesktop.policykit.exec\"/></policyconfig>",
          "line 1: the plug's action-prefix is not that of action org.freedesktop.policykit.exec" },
        { "<policyconfig><action id=\"org.example.user\"/>\n<action id=\"org.example.user\"/></policyconfig>",
          "line 2: twice the same action: org.example.user" },
        { "<policyconfig><action id=\"org.example.user\" owner=\"me\"/></policyconfig>",
          "line 1: an action has no attribute owner" },
        /* Two of those that would make root of everybody. */
        { ONE("<annotate key=\"org.freedesktop.policykit.exec.path\">/bin/sh</annotate>"),
          "line 1: annotations of actions are not taken: they imply other actions, or run programs as "
          "root" },
        { ONE("<annotate key=\"org.freedesktop.policykit.imply\">org.freedesktop.x</annotate>"),
          "line 1: annotations of actions are not taken: they imply other actions, or run programs as "
          "root" },
        { ONE("<defaults><allow_any>maybe</allow_any></defaults>"),
          "line 1: who may is no, yes, auth_self, auth_admin, auth_self_keep or auth_admin_keep, not "
          "maybe" },
        { ONE("<defaults><allow_any>yes</allow_any><allow_any>no</allow_any></defaults>"),
          "line 1: said twice: allow_any" },
        { ONE("<allow_any>yes</allow_any>"),
          "line 1: no element of an action file, or not here: allow_any" },
        { ONE("<defaults>yes</defaults>"), "line 1: text where only elements stand" },
        { ONE("<message>a</message><message>b</message>"), "line 1: said twice: message" },
        { ONE("<message><b>a</b></message>"),
          "line 1: no element of an action file, or not here: b" },
        { ONE("<message xml:lang=\"a b\"/>"), "line 1: no language: a b" },
        { ONE("<message \xc3\xb8=\"a\"/>"), "line 1: a text has no attribute ??" },
        { ONE("<message>a&#x7f;b</message>"), "line 1: control characters in message" },
        { ONE("<message>\xff</message>"), "line 1: not well-formed (invalid token)" },
        { ONE("<message>&#0;</message>"), "line 1: reference to invalid character number" },
        { "<!DOCTYPE policyconfig [<!ENTITY a \"b\">]>\n<policyconfig/>",
          "line 1: declarations in DOCTYPE are not taken" },
        { "<!DOCTYPE policyconfig [<!ENTITY a SYSTEM \"file:///etc/shadow\">]><policyconfig>&a;</policyconfig>",
          "line 1: declarations in DOCTYPE are not taken" },
        { DOCTYPE ONE("<message>a&b;</message>"), "line 3: no such entity: b" },
        { ONE("<message>a&b;</message>"), "line 1: undefined entity" },
        { "<?xml-stylesheet href=\"x\"?><policyconfig/>",
          "line 1: an instruction to programs: xml-stylesheet" },
};

static void what_is_wrong_is_said_by_its_line(void **state) {
        size_t bad = 0;

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(BAD); i++) {
                Error err = ERROR_INIT;
                autojson actions = NULL;
                int outcome = read_text(BAD[i].text, &actions, &err);
                if (outcome < 0 && string_equal(err.message, BAD[i].message))
                        continue;
                bad++;
                print_message("case %zu:\n%s\n  wanted: %s\n  is:     %s\n", i, BAD[i].text,
                              BAD[i].message, outcome < 0 ? err.message : "right");
        }
        assert_int_equal(bad, 0);
}

static void expect_fault(const Text *text, const char *wanted) {
        autojson actions = NULL;
        Error err = ERROR_INIT;

        assert_int_equal(read_text(text->bytes, &actions, &err), -1);
        assert_string_equal(err.message, wanted);
}

static void sizes_and_numbers_are_bounded(void **state) {
        autotext many = TEXT_INIT;
        autotext wide = TEXT_INIT;
        autotext large = TEXT_INIT;

        (void)state;
        text_append(&many, "<policyconfig>");
        for (int i = 0; i <= POLKIT_ACTION_COUNT_MAX; i++)
                text_append_format(&many, "<action id=\"org.example.user.a%d\"/>", i);
        expect_fault(&many, "line 1: too many actions of one file, at org.example.user.a64");
        text_append(&wide, "<policyconfig><vendor>");
        for (int i = 0; i <= POLKIT_TEXT_SIZE_MAX; i++)
                text_append(&wide, "a");
        expect_fault(&wide, "line 1: too long a text: vendor");
        for (int i = 0; i <= POLKIT_FILE_SIZE_MAX; i++)
                text_append(&large, " ");
        expect_fault(&large, "more than 65536 bytes");
}

/* What polkit itself asks for when it starts programs as root is nobody's to describe. */
static void actions_of_polkit_itself_are_refused(void **state) {
        const char *text =
                "<policyconfig><action id=\"org.freedesktop.policykit.exec\"/></policyconfig>";
        const PolkitFile file = { text, strlen(text), "org.freedesktop" };
        autojson actions = NULL;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(polkit_actions_read(&file, &actions, &err), -1);
        assert_string_equal(err.message, "line 1: polkit's own actions are not a package's to say: "
                                         "org.freedesktop.policykit.exec");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_a_file_says_is_taken),
                cmocka_unit_test(what_is_wrong_is_said_by_its_line),
                cmocka_unit_test(sizes_and_numbers_are_bounded),
                cmocka_unit_test(actions_of_polkit_itself_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
