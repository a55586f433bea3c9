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

typedef struct Case {
        const char *side, *interface, *attributes, *fault; /* NULL: none */
} Case;

/* In a package with so many plugs and slots of this interface. */
static void check(const Case *one, const char *count) {
        const char *arguments[] = { one->side, one->interface, one->attributes, count };
        autofree char *fault = endpoint_fault(arguments);

        if (!string_equal(fault ? fault : "", one->fault ? one->fault : ""))
                fail_msg("%s %s %s: \"%s\", not \"%s\"", one->side, one->interface, one->attributes,
                         fault ? fault : "", one->fault ? one->fault : "");
}

static void an_endpoint_says_what_its_interface_allows(void **state) {
        static const Case cases[] = {
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
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
                check(&cases[i], "1");
}

#define NOT_BESIDE "\"read\" and \"write\" stand inside of \"source\" where there is one"
#define NEEDS_USB                                                                    \
        "\"path\" /dev/serial-port-NAME is shown for a device of the USB; it needs " \
        "\"usb-vendor\" and \"usb-product\""
#define NO_USB                                                                             \
        "\"usb-vendor\", \"usb-product\" and \"usb-interface-number\" go with a \"path\" " \
        "of /dev/serial-port-NAME"
#define ANY_OPTIONS "\"modules\", entry 1: \"options\" of \"*\" go with \"load\" dynamic only"
#define NO_OPTIONS  "\"modules\", entry 2: \"options\" of a module that is denied are never used"
#define MODULE_NAME "\"modules\", entry 1: \"name\" must be that of a kernel module"
#define NO_SOURCE   "\"mount\", entry 1: \"what\" may be none with \"type\" [tmpfs] only"
#define NO_OBJECTS(what) \
        "\"" what "\" must be a list of names of objects below /dev/shm, without \"..\""
#define SERIAL(rest) "{\"path\":\"/dev/serial-port-a\"" rest "}"
#define TTY(rest)    "{\"path\":\"/dev/ttyUSB3\"" rest "}"
#define MODULE(rest) "{\"modules\":[{\"name\":\"loop\"" rest "}]}"
#define MOUNT(rest)  "{\"mount\":[{\"where\":\"/mnt\"," rest "}]}"

/* What one attribute says of another (interfaces.md 5.3). */
static const Case RULES[] = {
        { "slot", "content", "{\"source\":{\"read\":[\"a\"]},\"read\":[\"b\"]}", NOT_BESIDE },
        { "slot", "content", "{\"source\":{\"read\":[\"a\"]},\"write\":[]}", NOT_BESIDE },
        { "slot", "content", "{\"source\":{\"read\":[\"a\"],\"write\":[\"b\"]}}", NULL },
        { "slot", "content", "{\"read\":[\"a\"],\"write\":[\"$SNAP_DATA/b\"]}", NULL },

        { "slot", "serial-port", SERIAL(""), NEEDS_USB },
        { "slot", "serial-port", SERIAL(",\"usb-vendor\":1"), NEEDS_USB },
        { "slot", "serial-port", SERIAL(",\"usb-product\":1"), NEEDS_USB },
        { "slot", "serial-port", SERIAL(",\"usb-vendor\":1,\"usb-product\":0"), NULL },
        { "slot", "serial-port",
          SERIAL(",\"usb-vendor\":65535,\"usb-product\":65535,\"usb-interface-number\":0"), NULL },
        { "slot", "serial-port", SERIAL(",\"usb-vendor\":0,\"usb-product\":0"),
          "\"usb-vendor\" must be a number from 1 to 0xFFFF" },
        { "slot", "serial-port", SERIAL(",\"usb-vendor\":1,\"usb-product\":65536"),
          "\"usb-product\" must be a number from 0 to 0xFFFF" },
        { "slot", "serial-port", TTY(""), NULL },
        { "slot", "serial-port", TTY(",\"usb-vendor\":1,\"usb-product\":2"), NO_USB },
        { "slot", "serial-port", TTY(",\"usb-product\":0"), NO_USB },
        { "slot", "serial-port", TTY(",\"usb-interface-number\":0"), NO_USB },
        { "slot", "serial-port", "{\"path\":\"/dev/sda\"}",
          "\"path\" must be the node of a serial port, /dev/ttyS0 and the like, or "
          "/dev/serial-port-NAME" },

        { "plug", "kernel-module-load", "{}", "\"modules\" must be a list of mappings" },
        { "plug", "kernel-module-load", "{\"modules\":[]}",
          "\"modules\" must be a list of mappings, and not an empty one" },
        { "plug", "kernel-module-load", MODULE(""), NULL },
        { "plug", "kernel-module-load", MODULE(",\"load\":\"dynamic\",\"options\":\"*\""), NULL },
        { "plug", "kernel-module-load", MODULE(",\"load\":\"on-boot\",\"options\":\"a=*\""), NULL },
        { "plug", "kernel-module-load", MODULE(",\"load\":\"on-boot\",\"options\":\"*\""),
          ANY_OPTIONS },
        { "plug", "kernel-module-load",
          "{\"modules\":[{\"name\":\"a\"},{\"name\":\"b\",\"load\":\"denied\",\"options\":"
          "\"a=1\"}]}",
          NO_OPTIONS },
        { "plug", "kernel-module-load", MODULE(",\"load\":\"denied\""), NULL },
        { "plug", "kernel-module-load", "{\"modules\":[{\"name\":\"-r\"}]}", MODULE_NAME },
        { "plug", "kernel-module-load", "{\"modules\":[{\"name\":\"a b\"}]}", MODULE_NAME },
        { "plug", "kernel-module-load", "{\"modules\":[{\"name\":\"snd-hda_intel\"}]}", NULL },
        { "plug", "kernel-module-load", "{\"modules\":[\"loop\"]}",
          "\"modules\", entry 1: must be a mapping" },
        { "plug", "kernel-module-load", MODULE(",\"lod\":\"denied\""),
          "\"modules\", entry 1: unknown key \"lod\"" },

        { "plug", "mount-control", "{\"mount\":[]}",
          "\"mount\" must be a list of mappings, and not an empty one" },
        { "plug", "mount-control", MOUNT("\"what\":\"none\",\"type\":[\"tmpfs\"]"), NULL },
        { "plug", "mount-control", MOUNT("\"what\":\"none\""), NO_SOURCE },
        { "plug", "mount-control", MOUNT("\"what\":\"none\",\"type\":[]"), NO_SOURCE },
        { "plug", "mount-control", MOUNT("\"what\":\"none\",\"type\":[\"ext4\"]"), NO_SOURCE },
        { "plug", "mount-control", MOUNT("\"what\":\"none\",\"type\":[\"tmpfs\",\"ext4\"]"),
          NO_SOURCE },
        { "plug", "mount-control", MOUNT("\"what\":\"/dev/sda1\",\"type\":[\"ext4\"]"), NULL },
        { "plug", "mount-control", MOUNT("\"what\":\"/dev/sda1\""), NULL },

        { "plug", "shared-memory", "{\"private\":true,\"shared-memory\":\"a\"}",
          "\"private\" and \"shared-memory\" exclude each other" },
        { "plug", "shared-memory", "{\"private\":false,\"shared-memory\":\"a\"}", NULL },
        { "slot", "shared-memory", "{\"read\":[\"a\",\"a/.b..c/..d/...\"]}", NULL },
        { "slot", "shared-memory", "{\"read\":[\"a/../b\"]}", NO_OBJECTS("read") },
        { "slot", "shared-memory", "{\"write\":[\"a\",\"..\"]}", NO_OBJECTS("write") },
        { "slot", "shared-memory", "{\"write\":[\"./a\"]}", NO_OBJECTS("write") },
        { "slot", "shared-memory", "{\"write\":[\"a//b\"]}", NO_OBJECTS("write") },
        { "slot", "shared-memory", "{\"read\":[\"/a\"]}", NO_OBJECTS("read") },
        { "slot", "shared-memory", "{\"read\":[]}",
          "a slot of shared memory names objects in \"read\" or \"write\"" },
};

static void attributes_that_rule_each_other_are_held_together(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(RULES); i++)
                check(&RULES[i], "1");
}

/* It is the private one that takes no part, and the others do. */
static void a_private_plug_is_its_packages_only_one(void **state) {
        static const Case alone = { "plug", "shared-memory", "{\"private\":true}", NULL };
        static const Case among = { "plug", "shared-memory", "{\"private\":true}",
                                    "a \"private\" plug has /dev/shm for itself; its package can "
                                    "have no other plug or slot of shared memory" };
        static const Case others[] = {
                { "plug", "shared-memory", "{\"private\":false}", NULL },
                { "plug", "shared-memory", "{}", NULL },
                { "slot", "shared-memory", "{\"read\":[\"a\"]}", NULL },
        };
        static const char *const asked[] = { "shared-memory", "network", "nothing-such", NULL };

        (void)state;
        check(&alone, "1");
        check(&among, "2");
        for (size_t i = 0; i < ARRAY_COUNT(others); i++)
                check(&others[i], "3");
        for (size_t i = 0; i < ARRAY_COUNT(asked); i++) {
                autofree char *has = interface_has_alone(&asked[i]);
                assert_true(!has == (i > 0));
        }
}

static void plugs_and_slots_of_one_interface_are_counted(void **state) {
        autojson manifest = json_pack("{s:{s:{s:s}, s:{}}, s:{s:{s:s}, s:{s:s}}}", "plugs", "a",
                                      "interface", "shared-memory", "network", "slots", "b",
                                      "interface", "shared-memory", "c", "interface", "content");

        (void)state;
        assert_non_null(manifest);
        assert_int_equal(endpoint_count(manifest, "shared-memory"), 2);
        assert_int_equal(endpoint_count(manifest, "network"), 1);
        assert_int_equal(endpoint_count(manifest, "home"), 0);
}

static void what_is_incomplete_is_a_fault(void **state) {
        (void)state;
        for (size_t i = 0; i < 4; i++) {
                const char *arguments[] = { "plug", "network", "{}", "1" };
                arguments[i] = NULL;
                autofree char *fault = endpoint_fault(arguments);
                assert_string_equal(fault, "incomplete");
        }
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(the_table_is_sorted_and_found_by_name),
                cmocka_unit_test(an_endpoint_says_what_its_interface_allows),
                cmocka_unit_test(attributes_that_rule_each_other_are_held_together),
                cmocka_unit_test(a_private_plug_is_its_packages_only_one),
                cmocka_unit_test(plugs_and_slots_of_one_interface_are_counted),
                cmocka_unit_test(what_is_incomplete_is_a_fault),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
