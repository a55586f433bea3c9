/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/clock.h"
#include "scene.h"

static int64_t must_run(Scene *scene, const char *sql) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        scene_begin(scene, &transaction);
        int r = database_run(scene->database, &err, sql, "");
        if (r < 0)
                fail_msg("%s", err.message);
        scene_commit(&transaction);
        return r;
}

static void a_second_change_of_a_snap_is_a_conflict(void **state) {
        static const char *const WANTED[] = { "other", "hello" };
        Scene *scene = *state;
        Error err = ERROR_INIT;
        int64_t change;

        scene_open(scene);
        {
                autotransaction transaction = TRANSACTION_INIT;
                scene_begin(scene, &transaction);
                assert_int_equal(change_check_conflict(scene->database, WANTED, 2, &err), 0);
                change = scene_add_change(scene, "hello");
                (void)scene_add_task(scene, change, "note", "a", 0);
                scene_commit(&transaction);
        }
        assert_int_equal(change_check_conflict(scene->database, WANTED, 2, &err), -1);
        assert_int_equal(err.kind, ERROR_CONFLICT);
        assert_int_equal(err.number, change);
        assert_string_equal(err.message, "snap \"hello\" has \"install-snap\" change in progress "
                                         "(change 1, started 0 s ago, 0 of 1 steps done)");
        scene_run_until_ready(scene, change);
        assert_int_equal(change_check_conflict(scene->database, WANTED, 2, &err), 0);
        scene_close(scene);
}

/* The first of these that a task has is the change's. */
static void the_status_of_a_change_is_the_first_that_a_task_has(void **state) {
        static const struct {
                const char *statuses, *expected; /* of two tasks, comma between */
        } CASES[] = {
                { "'Do' 'Do'", "Do" },
                { "'Doing' 'Do'", "Doing" },
                { "'Undo' 'Doing'", "Undo" },
                { "'Undoing' 'Undo'", "Undoing" },
                { "'Abort' 'Undoing'", "Abort" },
                { "'Done' 'Do'", "Do" },
                { "'Done' 'Wait'", "Wait" },
                { "'Error' 'Wait'", "Wait" },
                { "'Done' 'Error'", "Error" },
                { "'Undone' 'Done'", "Undone" },
                { "'Undone' 'Error'", "Error" },
                { "'Hold' 'Done'", "Done" },
                { "'Hold' 'Hold'", "Hold" },
                { "'Hold' 'Undone'", "Undone" },
        };
        Scene *scene = *state;
        Error err;

        scene_open(scene);
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                autotransaction transaction = TRANSACTION_INIT;
                autofree char *statuses = string_copy(CASES[i].statuses);
                autojson object = NULL;
                scene_begin(scene, &transaction);
                int64_t change = scene_add_change(scene, NULL);
                char *rest = NULL, *word = strtok_r(statuses, " '", &rest);
                for (; word; word = strtok_r(NULL, " '", &rest)) {
                        int64_t task = scene_add_task(scene, change, "note", word, 0);
                        assert_int_equal(database_run(scene->database, &err,
                                                      "UPDATE task SET status = ? WHERE id = ?",
                                                      "si", word, task),
                                         1);
                }
                assert_int_equal(change_describe(scene->database, change, &object, &err), 1);
                assert_string_equal(json_get_string(object, "status", ""), CASES[i].expected);
        }
        scene_close(scene);
}

static void a_change_is_shown_as_clients_expect_it(void **state) {
        static const char EXPECTED[] =
                "{\"data\":{\"snap-names\":[\"hello\"]},"
                "\"err\":\"cannot perform the following tasks:\\n- Task a (no luck)\","
                "\"id\":\"1\",\"kind\":\"install-snap\",\"ready\":true,"
                "\"ready-time\":\"2024-01-02T03:04:05.000000006Z\","
                "\"spawn-time\":\"2024-01-02T03:04:05.000000006Z\",\"status\":\"Error\","
                "\"summary\":\"Install hello\",\"tasks\":[{\"id\":\"1\",\"kind\":\"note\","
                "\"log\":[\"2024-01-02T03:04:05Z INFO first\",\"2024-01-02T03:04:05Z ERROR no "
                "luck\"],\"progress\":{\"done\":1,\"label\":\"\",\"total\":1},"
                "\"ready-time\":\"2024-01-02T03:04:05.000000006Z\","
                "\"spawn-time\":\"2024-01-02T03:04:05.000000006Z\",\"status\":\"Error\","
                "\"summary\":\"Task a\"}]}";
        static const char *const INSTANCES[] = { "hello" };
        Scene *scene = *state;
        autojson data = json_pack("{s:[s]}", "snap-names", "hello");
        ChangeDraft draft = { "install-snap", "Install hello", data };
        autojson object = NULL;
        int64_t change;
        Error err;

        scene_open(scene);
        clock_set_wall_for_test(1704164645000000006LL);
        autotransaction transaction = TRANSACTION_INIT;
        scene_begin(scene, &transaction);
        assert_int_equal(change_add(scene->database, &draft, INSTANCES, 1, &change, &err), 0);
        int64_t task = scene_add_task(scene, change, "note", "a", 0);
        assert_int_equal(task_add_log(scene->database, task, false, "first", &err), 0);
        assert_int_equal(task_add_log(scene->database, task, true, "no luck", &err), 0);
        assert_int_equal(task_set_status(scene->database, task, TASK_ERROR, &err), 0);
        scene_commit(&transaction);
        clock_set_wall_for_test(0);
        assert_int_equal(change_describe(scene->database, change, &object, &err), 1);
        autofree char *text = json_format_canonical(object);
        assert_string_equal(text, EXPECTED);
        assert_int_equal(change_describe(scene->database, 77, &object, &err), 0);
        scene_close(scene);
}

static void a_timeline_has_what_waits_for_what_and_how_long_it_took(void **state) {
        Scene *scene = *state;
        autojson object = NULL;
        Error err;

        scene_open(scene);
        autotransaction transaction = TRANSACTION_INIT;
        scene_begin(scene, &transaction);
        int64_t change = scene_add_change(scene, NULL);
        int64_t first = scene_add_task(scene, change, "note", "a", 0);
        int64_t second = scene_add_task(scene, change, "note", "b", first);
        assert_int_equal(change_add_lane(scene->database, second, 7, &err), 0);
        assert_int_equal(database_run(scene->database, &err,
                                      "UPDATE task SET doing_ns = 5, undoing_ns = 6 WHERE id = ?",
                                      "i", second),
                         1);
        scene_commit(&transaction);
        assert_int_equal(change_describe(scene->database, change, &object, &err), 1);
        assert_int_equal(change_add_timing(scene->database, object, &err), 0);
        json_t *task = json_array_get(json_object_get(object, "tasks"), 1);
        json_t *waits = json_object_get(task, "waits");
        assert_int_equal(json_array_size(waits), 1);
        assert_string_equal(json_string_value(json_array_get(waits, 0)), "1");
        assert_string_equal(json_string_value(json_array_get(json_object_get(task, "lanes"), 0)),
                            "7");
        assert_int_equal(json_get_int(task, "doing-ns", 0), 5);
        assert_int_equal(json_get_int(task, "undoing-ns", 0), 6);
        task = json_array_get(json_object_get(object, "tasks"), 0);
        assert_int_equal(json_array_size(json_object_get(task, "waits")), 0);
        scene_close(scene);
}

static size_t count_listed(Scene *scene, ChangeSelect select, const char *instance) {
        autojson list = NULL;
        Error err;

        assert_int_equal(change_list(scene->database, select, instance, &list, &err), 0);
        return json_array_size(list);
}

static void lists_choose_by_readiness_and_snap(void **state) {
        Scene *scene = *state;
        int64_t done;

        scene_open(scene);
        {
                autotransaction transaction = TRANSACTION_INIT;
                scene_begin(scene, &transaction);
                done = scene_add_change(scene, "hello");
                (void)scene_add_task(scene, done, "note", "a", 0);
                scene_commit(&transaction);
        }
        scene_run_until_ready(scene, done);
        {
                autotransaction transaction = TRANSACTION_INIT;
                scene_begin(scene, &transaction);
                int64_t waiting = scene_add_change(scene, "other");
                (void)scene_add_task(scene, waiting, "wait", "b", 0);
                scene_commit(&transaction);
        }
        assert_int_equal(count_listed(scene, CHANGE_SELECT_ALL, NULL), 2);
        assert_int_equal(count_listed(scene, CHANGE_SELECT_READY, NULL), 1);
        assert_int_equal(count_listed(scene, CHANGE_SELECT_IN_PROGRESS, NULL), 1);
        assert_int_equal(count_listed(scene, CHANGE_SELECT_ALL, "hello"), 1);
        assert_int_equal(count_listed(scene, CHANGE_SELECT_READY, "other"), 0);
        scene_close(scene);
}

static void a_change_without_tasks_is_done_at_once(void **state) {
        Scene *scene = *state;
        autojson object = NULL;
        int64_t change;
        Error err;

        scene_open(scene);
        {
                autotransaction transaction = TRANSACTION_INIT;
                scene_begin(scene, &transaction);
                change = scene_add_change(scene, NULL);
                scene_commit(&transaction);
        }
        scene_run_until_ready(scene, change);
        assert_int_equal(change_describe(scene->database, change, &object, &err), 1);
        assert_string_equal(json_get_string(object, "status", ""), "Done");
        scene_close(scene);
}

static void a_task_keeps_its_newest_ten_log_lines(void **state) {
        Scene *scene = *state;
        autojson object = NULL;
        Error err;

        scene_open(scene);
        autotransaction transaction = TRANSACTION_INIT;
        scene_begin(scene, &transaction);
        int64_t change = scene_add_change(scene, NULL);
        int64_t task = scene_add_task(scene, change, "note", "a", 0);
        for (int i = 0; i < 14; i++) {
                autofree char *line = string_format("line %d", i);
                assert_int_equal(task_add_log(scene->database, task, false, line, &err), 0);
        }
        assert_int_equal(change_describe(scene->database, change, &object, &err), 1);
        json_t *log = json_object_get(json_array_get(json_object_get(object, "tasks"), 0), "log");
        assert_int_equal(json_array_size(log), 10);
        assert_non_null(strstr(json_string_value(json_array_get(log, 0)), "line 4"));
        assert_non_null(strstr(json_string_value(json_array_get(log, 9)), "line 13"));
        transaction_done(&transaction);
        scene_close(scene);
}

/* Three lanes: 1 fails; a task of 1 and 2 survives; what waits for lane 1 goes, with its lane 3. */
static void an_abort_spreads_by_lanes_and_edges(void **state) {
        static const struct {
                int64_t lanes[2];
                int waits_for; /* index + 1 */
                const char *expected;
        } TASKS[] = {
                { { 1, 0 }, 0, "Hold" }, { { 1, 2 }, 0, "Do" },   { { 2, 0 }, 0, "Do" },
                { { 3, 0 }, 1, "Hold" }, { { 3, 0 }, 0, "Hold" }, { { 0, 0 }, 0, "Do" },
        };
        Scene *scene = *state;
        int64_t tasks[ARRAY_COUNT(TASKS)];
        Error err;

        scene_open(scene);
        autotransaction transaction = TRANSACTION_INIT;
        scene_begin(scene, &transaction);
        int64_t change = scene_add_change(scene, NULL);
        int64_t failed = scene_add_task(scene, change, "note", "failed", 0);
        assert_int_equal(change_add_lane(scene->database, failed, 1, &err), 0);
        for (size_t i = 0; i < ARRAY_COUNT(TASKS); i++) {
                int64_t before = TASKS[i].waits_for ? tasks[TASKS[i].waits_for - 1] : 0;
                tasks[i] = scene_add_task(scene, change, "note", "t", before);
                for (int l = 0; l < 2; l++)
                        if (TASKS[i].lanes[l])
                                assert_int_equal(change_add_lane(scene->database, tasks[i],
                                                                 TASKS[i].lanes[l], &err),
                                                 0);
        }
        assert_int_equal(change_abort_lanes_of(scene->database, failed, &err), 0);
        for (size_t i = 0; i < ARRAY_COUNT(TASKS); i++) {
                autofree char *status = scene_get_status(scene, tasks[i]);
                assert_string_equal(status, TASKS[i].expected);
        }
        transaction_done(&transaction);
        scene_close(scene);
}

static void old_and_surplus_changes_are_pruned_unfinished_ones_are_not(void **state) {
        Scene *scene = *state;
        Error err;

        scene_open(scene);
        (void)must_run(scene,
                       "INSERT INTO change (kind, summary, spawned_at, ready_at, is_clean) "
                       "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "
                       "WHERE i < 600) SELECT 'k', 's', 1, unixepoch() * 1000000000, 1 FROM n");
        (void)must_run(scene, "INSERT INTO change (kind, summary, spawned_at, ready_at, is_clean) "
                              "VALUES ('old', 's', 1, 1, 1), ('unclean', 's', 1, 1, 0)");
        (void)must_run(scene,
                       "INSERT INTO change (kind, summary, spawned_at) VALUES ('open', 's', 1)");
        autotransaction transaction = TRANSACTION_INIT;
        scene_begin(scene, &transaction);
        assert_int_equal(change_prune(scene->database, &err), 101);
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM change WHERE kind = 'k'"), 500);
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM change WHERE kind = 'old'"), 0);
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM change"), 502);
        scene_commit(&transaction);
        scene_close(scene);
}

/* Nothing of it runs at that moment: it waits for a place among the workers. */
static void an_abort_between_two_tasks_does_not_end_the_change(void **state) {
        Scene *scene = *state;
        Error err;

        scene_open(scene);
        autotransaction transaction = TRANSACTION_INIT;
        scene_begin(scene, &transaction);
        int64_t change = scene_add_change(scene, NULL);
        int64_t first = scene_add_task(scene, change, "note", "a", 0);
        (void)scene_add_task(scene, change, "note", "b", first);
        assert_int_equal(task_set_status(scene->database, first, TASK_DONE, &err), 0);
        assert_int_equal(change_abort(scene->database, change, &err), 0);
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM change WHERE ready_at IS NULL"),
                         1);
        scene_assert_statuses(scene, change, "Undo Hold");
        scene_commit(&transaction);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Hold");
        scene_close(scene);
}

/* A status of the change by precedence alone, an undo that has nothing to
 * undo leaves its task Done, and what never ran is on hold. */
static void an_abort_before_anything_had_to_be_undone_is_summed_up_as_clients_know_it(
        void **state) {
        static const struct {
                const char *chain;
                bool has_begun;
                const char *tasks, *status;
        } CASES[] = {
                { "note a, note b", false, "Hold Hold", "Hold" },
                { "no-undo a, note b", true, "Done Hold", "Done" },
                { "no-undo a, note b", false, "Hold Hold", "Hold" },
                { "note a, note b", true, "Undone Hold", "Undone" },
        };
        Scene *scene = *state;
        Error err;

        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                scene_open(scene);
                int64_t change = scene_add_chain(scene, CASES[i].chain);
                autotransaction transaction = TRANSACTION_INIT;
                scene_begin(scene, &transaction);
                if (CASES[i].has_begun)
                        assert_int_equal(
                                database_run(scene->database, &err,
                                             "UPDATE task SET status = 'Done', ready_at = 1 "
                                             "WHERE id = (SELECT min(id) FROM task WHERE "
                                             "change = ?)",
                                             "i", change),
                                1);
                assert_int_equal(change_abort(scene->database, change, &err), 0);
                if (CASES[i].has_begun && string_has_prefix(CASES[i].chain, "note"))
                        assert_int_equal(database_run(scene->database, &err,
                                                      "INSERT INTO setting (key, value) "
                                                      "VALUES ('a', '')",
                                                      ""),
                                         1);
                scene_commit(&transaction);
                scene_run_until_ready(scene, change);
                scene_assert_statuses(scene, change, CASES[i].tasks);
                scene_assert_change(scene, change, CASES[i].status, "");
                scene_close(scene);
        }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_new, scene_free)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                TEST(a_second_change_of_a_snap_is_a_conflict),
                TEST(the_status_of_a_change_is_the_first_that_a_task_has),
                TEST(a_change_is_shown_as_clients_expect_it),
                TEST(a_timeline_has_what_waits_for_what_and_how_long_it_took),
                TEST(lists_choose_by_readiness_and_snap),
                TEST(a_change_without_tasks_is_done_at_once),
                TEST(a_task_keeps_its_newest_ten_log_lines),
                TEST(an_abort_spreads_by_lanes_and_edges),
                TEST(an_abort_between_two_tasks_does_not_end_the_change),
                TEST(an_abort_before_anything_had_to_be_undone_is_summed_up_as_clients_know_it),
                TEST(old_and_surplus_changes_are_pruned_unfinished_ones_are_not),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
