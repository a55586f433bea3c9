/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "base/limits.h"
#include "base/text.h"
#include "interface/dynamic-attribute.h"

static json_t *must_parse(const char *text) {
        json_t *value = NULL;
        Error err;

        if (json_parse(text, strlen(text), &value, &err) < 0)
                fail_msg("%s", err.message);
        return value;
}

static void assert_json(const json_t *value, const char *expected) {
        autofree char *text = json_format_canonical(value);

        assert_string_equal(text, expected);
}

static void what_a_file_says_is_never_hidden(void **state) {
        autojson fixed = must_parse("{\"a\":1,\"m\":{\"x\":1}}");
        autojson dynamic = must_parse("{\"a\":2,\"m\":{\"y\":2},\"b\":3}");
        autojson all = attributes_merge(fixed, dynamic);
        autojson none = attributes_merge(NULL, NULL);

        (void)state;
        assert_json(all, "{\"a\":1,\"b\":3,\"m\":{\"x\":1}}");
        assert_json(none, "{}");
        assert_json(fixed, "{\"a\":1,\"m\":{\"x\":1}}");
}

static void paths_lead_into_mappings(void **state) {
        static const struct {
                const char *path, *value; /* NULL: no name, "": there is none */
        } ROWS[] = {
                { "a", "1" },       { "m", "{\"x\":{\"y\":[2]}}" },
                { "m.x.y", "[2]" }, { "d", "\"dynamic\"" },
                { "z", "" },        { "a.b", "" },
                { "m.x.z", "" },    { "", NULL },
                { ".a", NULL },     { "a.", NULL },
                { "a..b", NULL },   { "a b", NULL },
                { "a/b", NULL },    { "a.b.c.d.e.f.g.h.i", NULL },
        };
        autojson side = must_parse(
                "{\"fixed\":{\"a\":1,\"m\":{\"x\":{\"y\":[2]}}},\"dynamic\":{\"d\":\"dynamic\"}}");

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
                const json_t *value = NULL;
                Error err = ERROR_INIT;
                int found = attribute_find(side, ROWS[i].path, &value, &err);
                if (!ROWS[i].value) {
                        assert_int_equal(found, -1);
                        continue;
                }
                assert_int_equal(found, *ROWS[i].value ? 1 : 0);
                if (found != 1)
                        continue;
                autofree char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
                assert_string_equal(text, ROWS[i].value);
        }
}

static void values_are_set_and_taken_away(void **state) {
        static const struct {
                const char *path, *value; /* NULL: away */
                int result;
                const char *after;
        } ROWS[] = {
                { "b", "1", 0, "{\"b\":1}" },
                { "m.x", "\"t\"", 0, "{\"b\":1,\"m\":{\"x\":\"t\"}}" },
                { "m.y", "[1]", 0, "{\"b\":1,\"m\":{\"x\":\"t\",\"y\":[1]}}" },
                { "a", "2", -1, "{\"b\":1,\"m\":{\"x\":\"t\",\"y\":[1]}}" },
                { "a.inner", "2", -1, "{\"b\":1,\"m\":{\"x\":\"t\",\"y\":[1]}}" },
                { "a", NULL, -1, "{\"b\":1,\"m\":{\"x\":\"t\",\"y\":[1]}}" },
                { "m.x", NULL, 0, "{\"b\":1,\"m\":{\"y\":[1]}}" },
                { "n.x", NULL, 0, "{\"b\":1,\"m\":{\"y\":[1]}}" },
                { "m", "null", 0, "{\"b\":1}" },
                { "b.deep", "1", 0, "{\"b\":{\"deep\":1}}" },
                { "not a name", "1", -1, "{\"b\":{\"deep\":1}}" },
        };
        autojson side = must_parse("{\"fixed\":{\"a\":1},\"dynamic\":{}}");

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
                Error err = ERROR_INIT;
                json_t *value =
                        ROWS[i].value ? json_loads(ROWS[i].value, JSON_DECODE_ANY, NULL) : NULL;
                assert_int_equal(attribute_set(side, ROWS[i].path, value, &err), ROWS[i].result);
                assert_json(json_object_get(side, "dynamic"), ROWS[i].after);
        }
}

static void a_side_has_a_size(void **state) {
        autofree char *large = memory_new(DYNAMIC_ATTRIBUTES_SIZE_MAX + 1);
        autojson side = must_parse("{\"fixed\":{},\"dynamic\":{}}");
        Error err = ERROR_INIT;

        (void)state;
        memset(large, 'x', DYNAMIC_ATTRIBUTES_SIZE_MAX);
        assert_int_equal(attribute_set(side, "a", json_string(large), &err), -1);
        assert_int_equal(err.kind, ERROR_TOO_LARGE);
        assert_json(json_object_get(side, "dynamic"), "{}");
        large[DYNAMIC_ATTRIBUTES_SIZE_MAX - 20] = '\0';
        assert_int_equal(attribute_set(side, "a", json_string(large), &err), 0);
}

/* None that a snap.yaml could not have either, at any depth. */
static void control_characters_are_refused(void **state) {
        static const struct {
                const char *value;
                bool is_right;
        } ROWS[] = {
                { "\"plain \u00e9 \u20ac\"", true },
                { "[1,true,{\"k\":[\"a\\tb\\nc\"]}]", true },
                { "\"\\u001b[2J\"", false },
                { "\"\\u0007\"", false },
                { "\"\\u007f\"", false },
                { "[[\"a\",{\"k\":\"\\u0001\"}]]", false },
                { "{\"\\u001b\":1}", false },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
                autojson side = must_parse("{\"fixed\":{},\"dynamic\":{}}");
                json_t *value = json_loads(ROWS[i].value, JSON_DECODE_ANY, NULL);
                Error err = ERROR_INIT;
                assert_non_null(value);
                assert_int_equal(attribute_set(side, "a.b", value, &err),
                                 ROWS[i].is_right ? 0 : -1);
                assert_string_equal(err.message,
                                    ROWS[i].is_right
                                            ? ""
                                            : "the value of \"a.b\" has control characters, which "
                                              "attributes cannot have");
                assert_int_equal(json_object_size(json_object_get(side, "dynamic")),
                                 ROWS[i].is_right);
        }
}

/* What counts is told whole, and not behind what does not; nothing of it commands a terminal. */
static void what_hooks_said_is_told_to_people(void **state) {
        autotext noise = TEXT_INIT;
        autotext long_path = TEXT_INIT;

        (void)state;
        for (unsigned i = 0; i < 100; i++) {
                text_append_format(&noise, "\"a%02u\":\"%060u\",", i, i);
                text_append(&long_path, "/abcdefghi");
        }
        autofree char *text =
                string_format("{%s\"target\":\"$SNAP%s\",\"n\":[1,{\"\u00e9\":true}]}", noise.bytes,
                              long_path.bytes);
        autojson dynamic = must_parse(text);
        autojson none = json_object();
        autofree char *known = attributes_format_said(true, "content", dynamic, true);
        autofree char *others = attributes_format_said(true, "content", dynamic, false);
        autofree char *wanted = string_format("target=\"$SNAP%s\"", long_path.bytes);
        assert_string_equal(known, wanted);
        assert_true(strlen(others) < 450);
        assert_non_null(strstr(others, "a00=\"00000"));
        assert_non_null(strstr(others, "..., ..."));
        assert_null(attributes_format_said(true, "content", none, true));
        assert_null(attributes_format_said(true, "content", none, false));
        /* A slot has no target, and nobody knows what an interface that is gone had. */
        autofree char *of_slot = attributes_format_said(false, "content", dynamic, true);
        assert_null(of_slot);
        autojson few = must_parse("{\"n\":[1,{\"\u00e9\":true}]}");
        autofree char *unknown = attributes_format_said(true, "gone", few, false);
        assert_string_equal(unknown, "n=[1,{\"\\u00E9\":true}]");
}

/* Who connects personal-files by hand has read in the file what it is for. */
static void hooks_add_no_attributes_to_what_was_looked_at(void **state) {
        static const struct {
                bool is_plug;
                const char *interface, *dynamic;
                int result;
        } ROWS[] = {
                { true, "personal-files", "{\"write\":[\"$HOME/.ssh\"]}", -1 },
                { true, "system-files", "{\"read\":[\"/etc/shadow\"]}", -1 },
                { true, "mount-control", "{\"mount\":[]}", -1 },
                { true, "personal-files", "{\"note\":1}", 0 },
                { true, "content", "{\"target\":\"$SNAP_DATA/t\"}", 0 },
                { false, "content", "{\"read\":[\"$SNAP/x\"]}", 0 },
                /* What the package's other plugs and slots depend on neither. */
                { true, "shared-memory", "{\"private\":true}", -1 },
                { true, "shared-memory", "{\"private\":false}", 0 },
                { false, "shared-memory", "{\"private\":true}", 0 },
        };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
                autojson dynamic = must_parse(ROWS[i].dynamic);
                Error err = ERROR_INIT;

                assert_int_equal(
                        attributes_check_dynamic(ROWS[i].is_plug, ROWS[i].interface, dynamic, &err),
                        ROWS[i].result);
        }
        const char *const arguments[] = { "plug", "personal-files", "{\"read\":[\"$HOME/.a\"]}",
                                          "{\"write\":[\"$HOME/.ssh\"]}" };
        autofree char *merged = merged_attributes(arguments);
        assert_string_equal(merged, arguments[2]);
}

static void what_does_not_suit_the_interface_counts_for_nothing(void **state) {
        static const struct {
                const char *arguments[4], *merged;
        } ROWS[] = {
                { { "slot", "content", "{\"read\":[\"$SNAP/a\"]}",
                    "{\"write\":[\"$SNAP_DATA/b\"]}" },
                  "{\"read\":[\"$SNAP/a\"],\"write\":[\"$SNAP_DATA/b\"]}" },
                { { "slot", "content", "{\"read\":[\"$SNAP/a\"]}", "{\"write\":[\"../b\"]}" },
                  "{\"read\":[\"$SNAP/a\"]}" },
                { { "slot", "content", "{\"read\":[\"$SNAP/a\"]}", "{\"read\":[\"$SNAP/b\"]}" },
                  "{\"read\":[\"$SNAP/a\"]}" },
                { { "slot", "content", "{\"read\":[\"$SNAP/a\"]}", "broken" },
                  "{\"read\":[\"$SNAP/a\"]}" },
                { { "slot", "unknown", "{\"a\":1}", "{\"b\":1}" }, "{\"a\":1}" },
                { { "slot", "content", "{\"read\":[\"$SNAP/a\"]}",
                    "{\"source\":{\"read\":[\"$SNAP_DATA/b\"]}}" },
                  "{\"read\":[\"$SNAP/a\"]}" },
                { { "plug", "shared-memory", "{}", "{\"private\":true}" }, "{}" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
                autofree char *merged = merged_attributes(ROWS[i].arguments);
                assert_string_equal(merged, ROWS[i].merged);
        }
}

/* A task whose data is nested deeper than it can be read would stop all changes for good. */
static void a_side_has_a_depth(void **state) {
        static const struct {
                const char *path;
                unsigned depth;
                int result;
        } ROWS[] = {
                { "a", DYNAMIC_ATTRIBUTES_DEPTH_MAX - 1, 0 },
                { "a", DYNAMIC_ATTRIBUTES_DEPTH_MAX, -1 },
                { "a.b.c", DYNAMIC_ATTRIBUTES_DEPTH_MAX - 3, 0 },
                { "a.b.c", DYNAMIC_ATTRIBUTES_DEPTH_MAX - 2, -1 },
                { "a", API_JSON_DEPTH_MAX, -1 },
        };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++) {
                autojson side = json_pack("{s:{}, s:{}}", "fixed", "dynamic");
                json_t *value = json_integer(1);
                Error err = ERROR_INIT;

                for (unsigned depth = 0; depth < ROWS[i].depth; depth++)
                        value = depth % 2 ? json_pack("{s:o}", "k", value)
                                          : json_pack("[o]", value);
                assert_int_equal(attribute_set(side, ROWS[i].path, value, &err), ROWS[i].result);
                if (ROWS[i].result < 0)
                        assert_int_equal(err.kind, ERROR_TOO_LARGE);
                assert_int_equal(json_object_size(json_object_get(side, "dynamic")),
                                 ROWS[i].result == 0);
        }
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(what_a_file_says_is_never_hidden),
                cmocka_unit_test(paths_lead_into_mappings),
                cmocka_unit_test(values_are_set_and_taken_away),
                cmocka_unit_test(a_side_has_a_size),
                cmocka_unit_test(a_side_has_a_depth),
                cmocka_unit_test(control_characters_are_refused),
                cmocka_unit_test(what_hooks_said_is_told_to_people),
                cmocka_unit_test(hooks_add_no_attributes_to_what_was_looked_at),
                cmocka_unit_test(what_does_not_suit_the_interface_counts_for_nothing),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
