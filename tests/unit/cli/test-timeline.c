/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../unit.h"
#include "base/text.h"
#include "cli/graph.h"
#include "cli/timeline.h"

#define START INT64_C(1704164645000000000) /* 2024-01-02T03:04:05Z */
#define MS    INT64_C(1000000)

static json_t *parse(const char *text) {
        Error err = ERROR_INIT;
        json_t *value;
        assert_int_equal(json_parse(text, strlen(text), &value, &err), 0);
        return value;
}

static void assert_stretch(const Stretch *stretch, int64_t from, int64_t to) {
        assert_int_equal(stretch->from, START + from * MS);
        assert_int_equal(stretch->to, START + to * MS);
}

/* 1 took 10 ms, 2 waits for it and took 20, 3 is at it. */
static const char running[] =
        "{\"id\":\"9\",\"summary\":\"a <b> & \\u0001\",\"status\":\"Doing\",\"spawn-time\":\"2024-01-02T03:04:05Z\","
        "\"tasks\":[{\"id\":\"1\",\"status\":\"Done\",\"ready-time\":\"2024-01-02T03:04:05.015Z\","
        "\"doing-ns\":10000000,\"undoing-ns\":0,\"waits\":[],\"lanes\":[\"4\"]},"
        "{\"id\":\"2\",\"status\":\"Done\",\"ready-time\":\"2024-01-02T03:04:05.04Z\",\"doing-ns\":20000000,"
        "\"undoing-ns\":0,\"waits\":[\"1\"],\"lanes\":[]},"
        "{\"id\":\"3\",\"status\":\"Doing\",\"doing-ns\":0,\"undoing-ns\":0,\"waits\":[\"2\"],\"lanes\":[]},"
        "{\"id\":\"4\",\"status\":\"Do\",\"doing-ns\":0,\"undoing-ns\":0,\"waits\":[\"3\"],\"lanes\":[]}]}";

static void what_was_done_ends_where_the_daemon_says(void **state) {
        (void)state;
        Error err = ERROR_INIT;
        autojson change = parse(running);
        autotimeline timeline = { 0 };
        assert_int_equal(timeline_load(change, START + 100 * MS, &timeline, &err), 0);
        assert_int_equal(timeline.count, 4);
        assert_stretch(&timeline.steps[0].doing, 5, 15);
        assert_stretch(&timeline.steps[1].doing, 20, 40);
        assert_stretch(&timeline.steps[2].doing, 40, 100);
        assert_int_equal(timeline.steps[3].doing.to, 0);
        assert_int_equal(timeline.steps[0].lane, 4);
        assert_int_equal(timeline.steps[1].wait_count, 1);
        assert_int_equal(timeline.from, START);
        assert_int_equal(timeline.to, START + 100 * MS);
}

/* On the way back the moments are those of the undoing, also of 1 and 2, which had nothing to undo.
 */
static void what_was_undone_begins_where_it_was_let(void **state) {
        (void)state;
        Error err = ERROR_INIT;
        autojson change = parse(
                "{\"spawn-time\":\"2024-01-02T03:04:05Z\",\"tasks\":["
                "{\"id\":\"1\",\"status\":\"Done\",\"ready-time\":\"2024-01-02T03:04:05.9Z\",\"doing-ns\":7000000,"
                "\"undoing-ns\":0,\"waits\":[]},"
                "{\"id\":\"2\",\"status\":\"Done\",\"ready-time\":\"2024-01-02T03:04:05.8Z\",\"doing-ns\":0,"
                "\"undoing-ns\":0,\"waits\":[\"1\"]},"
                "{\"id\":\"3\",\"status\":\"Undone\",\"ready-time\":\"2024-01-02T03:04:05.7Z\",\"doing-ns\":3000000,"
                "\"undoing-ns\":50000000,\"waits\":[\"2\"]},"
                "{\"id\":\"4\",\"status\":\"Hold\",\"ready-time\":\"2024-01-02T03:04:05.6Z\",\"doing-ns\":0,"
                "\"undoing-ns\":0,\"waits\":[\"3\"]}]}");
        autotimeline timeline = { 0 };
        assert_int_equal(timeline_load(change, START + 1000 * MS, &timeline, &err), 0);
        assert_stretch(&timeline.steps[0].doing, 0, 7);
        assert_stretch(&timeline.steps[1].doing, 7, 7);
        assert_stretch(&timeline.steps[2].doing, 7, 10);
        assert_stretch(&timeline.steps[2].undoing, 650, 700);
        assert_int_equal(timeline.steps[3].doing.to, 0);
        assert_int_equal(timeline.to, START + 700 * MS);
}

/* What a daemon says may be nonsense; waits in a circle and bad times must not hang or crash. */
static void nonsense_is_survived(void **state) {
        (void)state;
        static const char *const cases[] = {
                "{\"spawn-time\":\"2024-01-02T03:04:05Z\"}",
                "{\"spawn-time\":\"2024-01-02T03:04:05Z\",\"tasks\":[{\"id\":\"1\",\"waits\":[\"1\",\"7\",3]},{}]}",
                "{\"spawn-time\":\"2024-01-02T03:04:05Z\",\"tasks\":[{\"id\":\"1\",\"waits\":[\"2\"],\"lanes\":[5],"
                "\"status\":\"Done\",\"doing-ns\":-5,\"ready-time\":\"yesterday\"},"
                "{\"id\":\"2\",\"waits\":[\"1\"],\"status\":\"Undoing\"}]}",
        };
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                Error err = ERROR_INIT;
                autojson change = parse(cases[i]);
                autotimeline timeline = { 0 };
                assert_int_equal(timeline_load(change, START, &timeline, &err), 0);
                autofree char *picture = graph_draw(change, &timeline);
                assert_non_null(strstr(picture, "</svg>"));
        }
        Error err = ERROR_INIT;
        autojson timeless = parse("{}");
        autotimeline timeline = { 0 };
        assert_true(timeline_load(timeless, START, &timeline, &err) < 0);
}

static void a_picture_escapes_what_it_is_given(void **state) {
        (void)state;
        Error err = ERROR_INIT;
        autojson change = parse(running);
        autotimeline timeline = { 0 };
        assert_int_equal(timeline_load(change, START + 100 * MS, &timeline, &err), 0);
        autofree char *picture = graph_draw(change, &timeline);
        assert_non_null(strstr(picture, "a &lt;b&gt; &amp; ?"));
        assert_non_null(strstr(picture, "data-from=\"3\" data-to=\"4\""));
        assert_non_null(strstr(picture, ">lane 4<"));
}

static void durations_are_short(void **state) {
        (void)state;
        static const struct {
                int64_t ns;
                const char *text;
        } cases[] = { { 0, "0 s" },           { 999, "0 s" },   { 1500, "1.5 us" },
                      { 15 * MS, "15 ms" },   { MS, "1.0 ms" }, { 1500 * MS, "1.5 s" },
                      { 90000 * MS, "90 s" }, { -5, "0 s" } };
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autofree char *text = timeline_format_duration(cases[i].ns, true);
                assert_string_equal(text, cases[i].text);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(what_was_done_ends_where_the_daemon_says),
                cmocka_unit_test(what_was_undone_begins_where_it_was_let),
                cmocka_unit_test(nonsense_is_survived),
                cmocka_unit_test(a_picture_escapes_what_it_is_given),
                cmocka_unit_test(durations_are_short),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
