/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "base/text.h"
#include "interface/endpoint-check.h"
#include "interface/interface-kind.h"

static void the_table_is_sorted_and_found_by_name(void **state) {
        (void)state;
        for (size_t i = 0; i < interface_kind_count; i++) {
                assert_ptr_equal(interface_kind_find(interface_kinds[i].name), &interface_kinds[i]);
                if (i > 0)
                        assert_true(strcmp(interface_kinds[i - 1].name, interface_kinds[i].name) <
                                    0);
        }
        assert_null(interface_kind_find("nothing"));
}

static void an_endpoint_says_what_its_interface_allows(void **state) {
        static const struct {
                const char *side, *interface, *attributes, *fault; /* NULL: none */
        } cases[] = {
                { "plug", "network", "{}", NULL },
                { "plug", "unknown", "{}", "unknown interface \"unknown\"" },
                { "plug", "home", "{\"read\":\"all\"}", NULL },
                { "plug", "home", "{\"read\":\"some\"}", "home plug requires \"read\" be 'all'" },
                { "plug", "content", "{}", "content plug must contain target path" },
                { "plug", "content", "{\"target\":\"$SNAP/a\"}", NULL },
                { "plug", "content", "{\"target\":\"../a\"}",
                  "content plug must contain target path" },
                { "slot", "content", "{}", "read or write path must be set" },
                { "slot", "content", "{\"read\":[]}", "read or write path must be set" },
                { "slot", "content", "{\"read\":[\"a/b\"]}", NULL },
                { "slot", "content", "{\"source\":{\"read\":[\"$SNAP_DATA/x\"]}}", NULL },
                { "slot", "content", "{\"read\":[\"a/*\"]}",
                  "\"read\" must be a list of clean paths of the snap" },
                { "plug", "personal-files", "{}",
                  "cannot add personal-files plug: needs valid \"read\" or \"write\" attribute" },
                { "plug", "personal-files", "{\"read\":[\"$HOME/.a\"]}", NULL },
                { "plug", "personal-files", "{\"read\":[\"/etc\"]}",
                  "cannot add personal-files plug: \"read\" must be a list of clean paths that start "
                  "with \"$HOME/\"" },
                { "plug", "personal-files", "{\"write\":[\"$HOME/$HOME/a\"]}",
                  "cannot add personal-files plug: \"write\" must be a list of clean paths that "
                  "start with \"$HOME/\"" },
                { "plug", "system-files", "{\"write\":[\"/etc/a\"]}", NULL },
                { "plug", "system-files", "{\"write\":[\"/etc/a/\"]}",
                  "cannot add system-files plug: \"write\" must be a list of clean absolute paths "
                  "without variables" },
                { "plug", "system-files", "{\"write\":[\"/etc/../a\"]}",
                  "cannot add system-files plug: \"write\" must be a list of clean absolute paths "
                  "without variables" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                const char *arguments[] = { cases[i].side, cases[i].interface,
                                            cases[i].attributes };
                autofree char *fault = endpoint_fault(arguments);
                if (!cases[i].fault && fault)
                        fail_msg("%s %s: %s", cases[i].interface, cases[i].attributes, fault);
                if (cases[i].fault)
                        assert_string_equal(fault ? fault : "none", cases[i].fault);
        }
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(the_table_is_sorted_and_found_by_name),
                cmocka_unit_test(an_endpoint_says_what_its_interface_allows),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
