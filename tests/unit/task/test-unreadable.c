/* SPDX-License-Identifier: Apache-2.0
 *
 * A task whose stored data cannot be read (again): its change ends, and says so; all others go on.
 */
#include <string.h>

#include "base/file.h"
#include "scene.h"

/* Valid for the state, deeper than anything that is read. */
static void spoil(Scene *scene, const char *name) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        scene_begin(scene, &transaction);
        assert_int_equal(database_run(scene->database, &err,
                                      "UPDATE task SET data = replace(hex(zeroblob(70)), '00', "
                                      "'[') || replace(hex(zeroblob(70)), '00', ']') WHERE summary "
                                      "= 'Task ' || ?",
                                      "s", name),
                         1);
        scene_commit(&transaction);
}

static void open_gate(Scene *scene) {
        Error err;

        assert_true(file_write_atomic(scene->directory_fd, "gate", "", 0, 0600, &err) >= 0);
}

/* The worker of "wait b" is there. */
static bool is_waiting(Scene *scene, int64_t number) {
        (void)number;
        return scene_has_file(scene, "b");
}

static bool is_waited_for(Scene *scene, int64_t number) {
        (void)number;
        return scene_count(scene, "SELECT count(*) FROM task WHERE status = 'Wait'") > 0;
}

/* Of another snap, made when the first one has trouble: it is done. */
static void assert_others_go_on(Scene *scene, const char *name) {
        autotransaction transaction = TRANSACTION_INIT;

        scene_begin(scene, &transaction);
        int64_t change = scene_add_change(scene, "other");
        (void)scene_add_task(scene, change, "work", name, 0);
        scene_commit(&transaction);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Done");
}

static void one_that_was_not_begun_fails_its_change(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note a, work b, note c, note d");
        spoil(scene, "c");
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Undone Error Hold");
        scene_assert_change(scene, change, "Error", "its data in the state cannot be read");
        assert_false(scene_has_row(scene, "a") || scene_has_file(scene, "b"));
        assert_others_go_on(scene, "z");
        scene_close(scene);
}

static void one_that_is_found_at_start_fails_its_change(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note a, wait b, note c");
        scene_run_until(scene, is_waiting, 0);
        spoil(scene, "b");
        scene_close(scene);
        scene_open(scene);
        assert_others_go_on(scene, "z");
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Error Hold");
        /* Its worker was there: what it left, nobody knows. */
        scene_assert_change(scene, change, "Error", "cannot be undone, as its data in the state");
        scene_close(scene);
}

static void one_that_is_done_cannot_be_undone_and_the_others_are(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note x, work a, wait b, fail-plan c");
        scene_run_until(scene, is_waiting, 0);
        spoil(scene, "a");
        open_gate(scene);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Error Undone Error");
        scene_assert_change(scene, change, "Error", "cannot be undone, as its data in the state");
        scene_assert_change(scene, change, "Error", "c cannot be planned");
        assert_true(scene_has_file(scene, "a") && !scene_has_row(scene, "x"));
        scene_close(scene);
}

static void end_wait(Scene *scene) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        scene_begin(scene, &transaction);
        assert_int_equal(task_end_waits(scene->database, "event", NULL, &err), 1);
        scene_commit(&transaction);
}

static void one_that_waits_is_not_done(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note a, wait-event b, note c");
        scene_run_until(scene, is_waited_for, 0);
        spoil(scene, "b");
        scene_close(scene);
        scene_open(scene);
        end_wait(scene);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Error Hold");
        scene_close(scene);
}

static void one_that_is_aborted_at_work_says_what_stays(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note a, wait b, note c");
        scene_run_until(scene, is_waiting, 0);
        spoil(scene, "b");
        scene_abort(scene, change);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Error Hold");
        scene_assert_change(scene, change, "Error", "what it did stays");
        scene_close(scene);
}

/* Its result is there, but for what it was asked nobody knows any more. */
static void one_that_was_at_work_all_the_time_is_not_committed(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note a, wait b, note c");
        scene_run_until(scene, is_waiting, 0);
        spoil(scene, "b");
        open_gate(scene);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Error Hold");
        assert_false(scene_has_row(scene, "b"));
        scene_close(scene);
}

static void what_it_would_have_cleaned_stays_and_the_change_ends(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "cleaned a, wait b, cleaned c");
        scene_run_until(scene, is_waiting, 0);
        spoil(scene, "a");
        open_gate(scene);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Done Done Done");
        scene_assert_trace(scene, "+a +b +c ~c");
        scene_close(scene);
}

static void failures_that_do_not_count_count_here(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note a, ignored b, note c");
        spoil(scene, "b");
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Error Hold");
        scene_close(scene);
}

static void update(Scene *scene, const char *sql, const char *name) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        scene_begin(scene, &transaction);
        assert_int_equal(database_run(scene->database, &err, sql, "s", name), 1);
        scene_commit(&transaction);
}

static void data_that_is_no_object_cannot_be_read_either(void **state) {
        static const char *const DATA[] = { "5", "[]", "null", "\"a\"" };
        Scene *scene = *state;

        scene_open(scene);
        for (size_t i = 0; i < ARRAY_COUNT(DATA); i++) {
                int64_t change = scene_add_chain(scene, "note a, work b, note c");
                update(scene, "UPDATE task SET data = ? WHERE id = (SELECT max(id) FROM task)",
                       DATA[i]);
                scene_run_until_ready(scene, change);
                scene_assert_statuses(scene, change, "Undone Undone Error");
                scene_assert_change(scene, change, "Error", "cannot be read (it is no object)");
        }
        scene_close(scene);
}

/* Of another daemon, say: it is not said to be undone by one that cannot. */
static void a_kind_that_nobody_knows_is_not_undone(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note x, work a, wait b, fail-plan c");
        scene_run_until(scene, is_waiting, 0);
        update(scene, "UPDATE task SET kind = ? WHERE summary = 'Task a'", "work-in-gold");
        open_gate(scene);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Error Undone Error");
        scene_assert_change(scene, change, "Error",
                            "knows no tasks of kind work-in-gold and cannot undo it");
        scene_close(scene);
}

static void a_kind_that_nobody_knows_is_not_done_when_its_wait_ends(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "note a, wait-event b, note c");
        scene_run_until(scene, is_waited_for, 0);
        update(scene, "UPDATE task SET kind = ? WHERE summary = 'Task b'", "wait-in-gold");
        end_wait(scene);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Undone Error Hold");
        scene_close(scene);
}

/* What prepare-snap writes of a snap that is being installed, and unlink-current-snap of another.
 */
static const char *const ROWS[] = {
        "INSERT INTO snap (instance, name, type, epoch) VALUES ('hello', 'hello', 'app', "
        "7)",
        "INSERT INTO revision (instance, revision, position, size, sha3_384, version, "
        "confinement, manifest, raw_manifest, installed_at) SELECT instance, 'x1', 1, 1, "
        "replace(hex(zeroblob(48)), '00', 'aa'), '1', 'strict', '{}', '', 1 FROM snap",
        "INSERT INTO snap (instance, name, type) VALUES ('held', 'held', 'app')",
        "INSERT INTO revision (instance, revision, position, size, sha3_384, version, "
        "confinement, manifest, raw_manifest, installed_at) SELECT 'held', 'x1', 1, 1, "
        "sha3_384, '1', 'strict', '{}', '', 1 FROM revision",
        "UPDATE snap SET current = 'x1', paused_by = 1, paused_boot = 'b' WHERE instance "
        "= 'held'",
        "INSERT INTO connection (plug_snap, plug, slot_snap, slot, interface) VALUES "
        "('hello', 'p', 'held', 's', 'i')",
};

static void add_held(Scene *scene) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        scene_begin(scene, &transaction);
        for (size_t i = 0; i < ARRAY_COUNT(ROWS); i++)
                assert_int_equal(database_run(scene->database, &err, ROWS[i], ""), 1);
        scene_commit(&transaction);
}

static void what_it_still_holds_is_released_with_the_change(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "work a, wait b, fail-plan c");
        scene_run_until(scene, is_waiting, 0);
        add_held(scene);
        spoil(scene, "a");
        open_gate(scene);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Error Undone Error");
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM snap WHERE paused_by IS NULL"),
                         1);
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM revision"), 1);
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM connection"), 0);
        assert_int_equal(scene_count(scene, "SELECT value FROM setting WHERE key = 'epoch-floor'"),
                         8);
        scene_close(scene);
}

/* One that waits in the queue for the installation, and gives up, must not take away what that one
 * is making. */
static void what_another_change_is_installing_is_not_released(void **state) {
        Scene *scene = *state;

        scene_open(scene);
        int64_t change = scene_add_chain(scene, "work a, wait b, note c");
        scene_run_until(scene, is_waiting, 0);
        add_held(scene);
        int64_t queued = scene_add_queued(scene, "q", 1);
        scene_run_until_ready(scene, queued);
        scene_assert_change(scene, queued, "Error", "change in progress");
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM snap"), 2);
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM revision"), 2);
        assert_int_equal(scene_count(scene, "SELECT count(*) FROM connection"), 1);
        update(scene, "UPDATE snap SET current = ? WHERE instance = 'hello'", "x1");
        update(scene, "UPDATE snap SET paused_by = NULL WHERE instance = ?", "held");
        open_gate(scene);
        scene_run_until_ready(scene, change);
        scene_assert_statuses(scene, change, "Done Done Done");
        scene_close(scene);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_new, scene_free)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                TEST(one_that_was_not_begun_fails_its_change),
                TEST(one_that_is_found_at_start_fails_its_change),
                TEST(one_that_is_done_cannot_be_undone_and_the_others_are),
                TEST(one_that_waits_is_not_done),
                TEST(one_that_is_aborted_at_work_says_what_stays),
                TEST(one_that_was_at_work_all_the_time_is_not_committed),
                TEST(what_it_would_have_cleaned_stays_and_the_change_ends),
                TEST(failures_that_do_not_count_count_here),
                TEST(data_that_is_no_object_cannot_be_read_either),
                TEST(a_kind_that_nobody_knows_is_not_undone),
                TEST(a_kind_that_nobody_knows_is_not_done_when_its_wait_ends),
                TEST(what_it_still_holds_is_released_with_the_change),
                TEST(what_another_change_is_installing_is_not_released),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
