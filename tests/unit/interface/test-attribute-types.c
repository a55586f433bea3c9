/* SPDX-License-Identifier: Apache-2.0
 *
 * Each type of an attribute: what is right, what is wrong, and what is said of it.
 */
#include <string.h>

#include "../unit.h"
#include "base/json.h"
#include "base/text.h"
#include "interface/endpoint-check.h"
#include "interface/kind-load.h"

typedef struct Case {
        const char *attribute; /* besides its name, "a" */
        const char *values;    /* a list: all right, or all wrong */
        const char *message;   /* whole; NULL: they are right */
} Case;

/* Judges {"a": value} by an interface that has nothing but this attribute. */
static void judge(const char *attribute, const json_t *value, Error *err) {
        autofree char *text = string_format("{\"format\":1,\"name\":\"of-test\",\"policy\":{},"
                                            "\"kind\":{\"summary\":\"for tests\",\"slot-types\":"
                                            "[\"app\"],\"auto-connect\":\"never\",\"plug\":"
                                            "{\"attributes\":[{\"name\":\"a\",%s}]}}}",
                                            attribute);
        InterfaceKind *kind = NULL;
        autojson wire = NULL;
        autojson attributes = json_object();

        if (json_parse(text, strlen(text), &wire, err) < 0 || kind_load(wire, NULL, &kind, err) < 0)
                fail_msg("%s: %s", attribute, err->message);
        interface_kind_add(kind);
        json_object_set(attributes, "a", (json_t *)(uintptr_t)value);
        (void)endpoint_check(true, "of-test", attributes, err);
        interface_kind_forget_added();
        (void)kind_free(kind);
}

static void check(const Case *one) {
        autojson values = NULL;
        Error err = ERROR_INIT;
        const json_t *value;
        size_t i;

        if (json_parse(one->values, strlen(one->values), &values, &err) < 0)
                fail_msg("%s: %s", one->values, err.message);
        assert_true(json_array_size(values) > 0);
        json_array_foreach(values, i, value) {
                autofree char *told = json_dumps(value, JSON_ENCODE_ANY);
                err = ERROR_INIT;
                judge(one->attribute, value, &err);
                const char *wanted = one->message ? one->message : "";
                if (!string_equal(err.message, wanted))
                        fail_msg("%s = %s: \"%s\", not \"%s\"", one->attribute, told, err.message,
                                 wanted);
        }
}

#define TYPE(word) "\"type\":\"" word "\""

/* Of entries with b (a number), c (a text) and l (a list). */
#define RULE(of, rest)                                                                                 \
        TYPE("entries")                                                                                \
        ",\"fields\":[{\"name\":\"b\",\"type\":\"int\"},{\"name\":\"c\",\"type\":\"text\"},{\"name\":" \
        "\"l\",\"type\":\"texts\"}],\"rules\":[{\"attribute\":\"" of                                   \
        "\",\"message\":\"not so\"," rest "}]"
#define ENTRY_RULE(rest) RULE("b", rest)
#define LIST_RULE(rest)  RULE("l", rest ",\"excludes\":[\"c\"]")

static const Case CASES[] = {
        { TYPE("text"), "[\"\", \"x\", \"$HOME\", \"a b\"]", NULL },
        { TYPE("text"), "[1, true, null, [], {}]", "\"a\" must be a text" },
        { TYPE("text") ",\"pattern\":\"[a-z]+\"", "[\"abc\"]", NULL },
        { TYPE("text") ",\"pattern\":\"[a-z]+\"", "[\"\", \"aB\", \"a\\nb\", \"a1\"]",
          "\"a\" must be a text" },
        /* Of the whole text, also where it says one of several. */
        { TYPE("text") ",\"pattern\":\"a|b\"", "[\"ab\", \"xa\"]", "\"a\" must be a text" },
        { TYPE("texts"), "[[], [\"a\", \"\"]]", NULL },
        { TYPE("texts"), "[\"a\", [1], [[\"a\"]], {}]", "\"a\" must be a list of texts" },
        { TYPE("choice") ",\"choices\":[\"x\",\"y\"]", "[\"x\", \"y\"]", NULL },
        { TYPE("choice") ",\"choices\":[\"x\",\"y\"]", "[\"z\", \"\", \"X\", 1, [\"x\"]]",
          "\"a\" has a value that is not known" },
        { TYPE("choices") ",\"choices\":[\"x\",\"y\"]", "[[], [\"x\"], [\"y\", \"x\"]]", NULL },
        { TYPE("choices") ",\"choices\":[\"x\",\"y\"]", "[\"x\", [\"z\"], [\"x\", 1]]",
          "\"a\" must be a list of values that are known" },
        { TYPE("bool"), "[true, false]", NULL },
        { TYPE("bool"), "[\"true\", 1, 0, null, \"yes\"]", "\"a\" must be true or false" },
        { TYPE("int"), "[0, -1, 9223372036854775807, -9223372036854775808]", NULL },
        { TYPE("int"), "[1.0, \"1\", true, null]", "\"a\" must be a number" },
        { TYPE("int") ",\"minimum\":1,\"maximum\":3", "[1, 2, 3]", NULL },
        { TYPE("int") ",\"minimum\":1,\"maximum\":3", "[0, 4, -1]", "\"a\" must be a number" },
        { TYPE("path"), "[\"/a\", \"/a/b.c-d_e\", \"/a b\"]", NULL },
        { TYPE("path"),
          "[\"\", \"/\", \"a\", \"/a/\", \"//a\", \"/a//b\", \"/a/./b\", \"/a/../b\", \"/..\", "
          "\"/a*\", \"/a?\", \"/[a]\", \"/{a,b}\", \"/$HOME\", \"/a\\\\b\", \"/a\\nb\", \"/~\", "
          "\"/a\\\"b\", 1, [\"/a\"]]",
          "\"a\" must be a clean absolute path" },
        { TYPE("paths"), "[[], [\"/a\", \"/b/c\"]]", NULL },
        { TYPE("paths"), "[\"/a\", [\"/a\", \"b\"], [1]]",
          "\"a\" must be a list of clean absolute paths" },
        { TYPE("device"), "[\"/dev/a\", \"/dev/a/b0\"]", NULL },
        { TYPE("device"), "[\"/dev\", \"/dev/\", \"/etc/a\", \"/dev/../etc\", \"/dev/a*\", 1]",
          "\"a\" must be a device below /dev" },
        { TYPE("device") ",\"pattern\":\"/dev/tty[A-Z]+[0-9]+\"", "[\"/dev/ttyS0\"]", NULL },
        { TYPE("device") ",\"pattern\":\"/dev/tty[A-Z]+[0-9]+\"", "[\"/dev/sda\"]",
          "\"a\" must be a device below /dev" },
        { TYPE("devices"), "[[], [\"/dev/a\"]]", NULL },
        { TYPE("devices"), "[\"/dev/a\", [\"/etc/a\"]]",
          "\"a\" must be a list of devices below /dev" },
        { TYPE("dbus-name"), "[\"a.b\", \"org.example.A-b\", \"_a.b_9\", \"a.b-c9\"]", NULL },
        { TYPE("dbus-name"),
          "[\"a\", \"\", \".a.b\", \"a.\", \"a..b\", \"a.9b\", \"a.b-9\", \"a.b*\", \":1.2\", \"a b.c\", "
          "1]",
          "\"a\" must be a D-Bus name that does not end with a number" },
        { TYPE("home-paths"), "[[], [\"$HOME/.a\", \"$HOME/a/b\"]]", NULL },
        { TYPE("home-paths"),
          "[\"$HOME/a\", [\"$HOME\"], [\"$HOME/\"], [\"$HOME/../a\"], [\"/home/a\"], [\"$HOME/$HOME\"], "
          "[\"~/a\"], [\"$HOME/a*\"]]",
          "\"a\" must be a list of clean paths that start with \"$HOME/\"" },
        { TYPE("system-paths"), "[[], [\"/a\", \"/b\"]]", NULL },
        { TYPE("system-paths"), "[\"/a\", [\"/\"], [\"$HOME/a\"], [\"/a/$HOME\"], [\"/a/..\"]]",
          "\"a\" must be a list of clean absolute paths without variables" },
        { TYPE("share-path"),
          "[\"a\", \"/a\", \"$SNAP\", \"$SNAP/a\", \"$SNAP_DATA/a\", \"$SNAP_COMMON\"]", NULL },
        { TYPE("share-path"),
          "[\"\", \"../a\", \"$SNAP/../a\", \"$HOME/a\", \"$SNAPS/a\", \"a/$SNAP\", \"a//b\", 1]",
          "\"a\" must be a clean path of the snap" },
        { TYPE("share-paths"), "[[], [\"a\", \"$SNAP/b\"]]", NULL },
        { TYPE("share-paths"), "[\"a\", [\"..\"], [1]]",
          "\"a\" must be a list of clean paths of the snap" },
        { TYPE("share-source"),
          "[{\"read\": [\"a\"]}, {\"read\": [], \"write\": [\"$SNAP_DATA\"]}]", NULL },
        { TYPE("share-source"),
          "[{}, [], \"a\", {\"red\": [\"a\"]}, {\"read\": \"a\"}, {\"read\": [\"..\"]}]",
          "\"a\" must have lists of clean paths, read or write" },
        { TYPE("entries") ",\"fields\":[{\"name\":\"b\",\"type\":\"int\",\"is-required\":true}]",
          "[[], [{\"b\": 1}, {\"b\": 2}]]", NULL },
        { TYPE("entries") ",\"fields\":[{\"name\":\"b\",\"type\":\"int\",\"is-required\":true}]",
          "[{\"b\": 1}, \"b\", null]", "\"a\" must be a list of mappings" },
        { TYPE("entries") ",\"fields\":[{\"name\":\"b\",\"type\":\"int\",\"is-required\":true}]",
          "[[1], [[]]]", "\"a\", entry 1: must be a mapping" },
        { TYPE("entries") ",\"fields\":[{\"name\":\"b\",\"type\":\"int\",\"is-required\":true}]",
          "[[{\"b\": 1}, {}], [{\"b\": 2}, {\"b\": \"1\"}]]",
          "\"a\", entry 2: \"b\" must be a number" },
        { TYPE("entries") ",\"fields\":[{\"name\":\"b\",\"type\":\"int\",\"is-required\":true}]",
          "[[{\"b\": 1, \"c\": 2}]]", "\"a\", entry 1: unknown key \"c\"" },
        /* What is required says something. */
        { TYPE("texts") ",\"is-required\":true", "[[\"\"]]", NULL },
        { TYPE("texts") ",\"is-required\":true", "[[]]",
          "\"a\" must be a list of texts, and not an empty one" },
        { TYPE("any") ",\"is-required\":true", "[0, false, \"\", null, [0]]", NULL },
        { TYPE("any") ",\"is-required\":true", "[[], {}]",
          "\"a\" is missing, and not an empty one" },
        /* Rules between the fields of an entry: of which what is there decides. */
        { ENTRY_RULE("\"value\":5,\"excludes\":[\"c\"]"),
          "[[{\"b\": 5}], [{\"b\": 4, \"c\": \"x\"}], [{\"c\": \"x\"}]]", NULL },
        { ENTRY_RULE("\"value\":5,\"excludes\":[\"c\"]"), "[[{\"b\": 5, \"c\": \"x\"}]]",
          "\"a\", entry 1: not so" },
        { ENTRY_RULE("\"needs\":[\"l\"]"), "[[{}], [{\"b\": 1, \"l\": [\"x\"]}]]", NULL },
        { ENTRY_RULE("\"needs\":[\"l\"]"), "[[{\"b\": 1}], [{\"b\": 1, \"l\": []}]]",
          "\"a\", entry 1: not so" },
        { ENTRY_RULE("\"limits\":{\"l\":[\"x\",\"y\"],\"c\":[\"z\"]}"),
          "[[{\"b\": 1}], [{\"b\": 1, \"l\": []}], [{\"b\": 1, \"l\": [\"y\", \"x\"], \"c\": "
          "\"z\"}], [{\"l\": [\"q\"]}]]",
          NULL },
        { ENTRY_RULE("\"limits\":{\"l\":[\"x\",\"y\"],\"c\":[\"z\"]}"),
          "[[{\"b\": 1, \"l\": [\"x\", \"q\"]}], [{\"b\": 1, \"c\": \"y\"}]]",
          "\"a\", entry 1: not so" },
        /* A list is such where one of it is. */
        { LIST_RULE("\"value\":\"x\""), "[[{\"l\": []}], [{\"l\": [\"y\"], \"c\": \"\"}]]", NULL },
        { LIST_RULE("\"value\":\"x\""), "[[{\"l\": [\"y\", \"x\"], \"c\": \"\"}]]",
          "\"a\", entry 1: not so" },
        { LIST_RULE("\"pattern\":\"x|y+\""), "[[{\"l\": [\"yx\"], \"c\": \"\"}]]", NULL },
        { LIST_RULE("\"pattern\":\"x|y+\""), "[[{\"l\": [\"z\", \"yy\"], \"c\": \"\"}]]",
          "\"a\", entry 1: not so" },
        { TYPE("any"), "[1, \"a\", [], {}, true, null]", NULL },
        { TYPE("text") ",\"message\":\"say a word\"", "[1]", "say a word" },
};

static void each_type_takes_what_it_says_and_nothing_else(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++)
                check(&CASES[i]);
}

/* A list of 64 is right, of 65 it is not; a path of 1,000 bytes is, a longer one is not. */
static void lists_and_paths_have_an_end(void **state) {
        static const struct {
                const char *attribute, *item;
        } lists[] = { { TYPE("texts"), "x" },
                      { TYPE("paths"), "/x" },
                      { TYPE("devices"), "/dev/x" },
                      { TYPE("home-paths"), "$HOME/x" },
                      { TYPE("system-paths"), "/x" },
                      { TYPE("share-paths"), "x" },
                      { TYPE("choices") ",\"choices\":[\"x\"]", "x" } };
        autotext path = TEXT_INIT;

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
                autojson list = json_array();
                Error right = ERROR_INIT, wrong = ERROR_INIT;
                while (json_array_size(list) < 64)
                        json_array_append_new(list, json_string(lists[i].item));
                judge(lists[i].attribute, list, &right);
                assert_string_equal(right.message, "");
                json_array_append_new(list, json_string(lists[i].item));
                judge(lists[i].attribute, list, &wrong);
                assert_string_not_equal(wrong.message, "");
        }
        for (size_t i = 0; i < 250; i++)
                text_append(&path, "/abc");
        for (size_t more = 0; more < 2; more++) {
                Error err = ERROR_INIT;
                text_append(&path, "x");
                autojson value = json_string(path.bytes);
                judge(TYPE("path"), value, &err);
                assert_string_equal(err.message,
                                    more == 0 ? "" : "\"a\" must be a clean absolute path");
        }
}

/* A wire form of another shape is refused as a whole, whichever key it is. */
static void a_wire_form_of_another_shape_is_refused(void **state) {
        static const struct {
                const char *kind, *key;
        } cases[] = {
                { "\"slot-types\":7", "slot-types" },
                { "\"slot-types\":[\"app\"],\"plug\":[]", "plug" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"files\":{}}", "files" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"files\":[{\"path\":1}]}", "path" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"files\":[{\"path\":\"/a\",\"access\":\"q\"}]}",
                  "access" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"devices\":[{\"access\":\"r\"}]}",
                  "devices" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"sockets\":[[\"inet\",999,-1]]}",
                  "sockets" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"dbus\":[{\"bus\":\"system\"}]}", "dbus" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"udev\":[7]}", "udev" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"attributes\":[{\"name\":\"a\",\"type\":\"b\"}]}",
                  "type" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"attributes\":[{\"name\":\"a\",\"type\":"
                  "\"choice\"}]}",
                  "choices" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"requires-one-of\":[\"a\"]}",
                  "requires-message" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"rules\":{}}", "rules" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"rules\":[{\"attribute\":\"a\"}]}",
                  "message" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"rules\":[{\"attribute\":\"a\",\"message\":"
                  "\"m\",\"limits\":[]}]}",
                  "limits" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"rules\":[{\"attribute\":\"a\",\"message\":"
                  "\"m\",\"needs\":[1]}]}",
                  "needs" },
                { "\"slot-types\":[\"app\"],\"plug\":{\"rules\":[{\"attribute\":\"a\",\"message\":"
                  "\"m\",\"alone\":1}]}",
                  "alone" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autofree char *text =
                        string_format("{\"format\":1,\"name\":\"n\",\"policy\":{},\"kind\":"
                                      "{\"summary\":\"s\",\"auto-connect\":\"never\",%s}}",
                                      cases[i].kind);
                autofree char *wanted = string_format(
                        "the wire form of an interface has another shape at \"%s\"", cases[i].key);
                InterfaceKind *kind = NULL;
                autojson wire = NULL;
                Error err = ERROR_INIT;
                assert_int_equal(json_parse(text, strlen(text), &wire, &err), 0);
                assert_int_equal(kind_load(wire, NULL, &kind, &err), -1);
                assert_string_equal(err.message, wanted);
        }
}

/* In its place by name, and in the place of a built-in one. */
static void an_added_kind_is_found_by_its_name(void **state) {
        static const InterfaceKind early = { .name = "aaa" }, late = { .name = "zzz" },
                                   camera = { .name = "camera" };
        size_t before, after;

        (void)state;
        (void)interface_kind_list(&before);
        const InterfaceKind *built_in = interface_kind_find("camera");
        interface_kind_add(&late);
        interface_kind_add(&early);
        interface_kind_add(&camera);
        const InterfaceKind *const *list = interface_kind_list(&after);
        assert_int_equal(after, before + 2);
        assert_ptr_equal(list[0], &early);
        assert_ptr_equal(list[after - 1], &late);
        assert_ptr_equal(interface_kind_find("camera"), &camera);
        for (size_t i = 1; i < after; i++)
                assert_true(strcmp(list[i - 1]->name, list[i]->name) < 0);
        interface_kind_forget_added();
        assert_ptr_equal(interface_kind_find("camera"), built_in);
        assert_null(interface_kind_find("aaa"));
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(each_type_takes_what_it_says_and_nothing_else),
                cmocka_unit_test(lists_and_paths_have_an_end),
                cmocka_unit_test(a_wire_form_of_another_shape_is_refused),
                cmocka_unit_test(an_added_kind_is_found_by_its_name),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
