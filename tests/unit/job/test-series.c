/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "base/limits.h"
#include "job/job.h"
#include "job/series.h"
#include "unit.h"

#define ITEM_COUNT 20
#define LARGE      (2 * FRAME_INLINE_MAX)

/* What the children leave for us: how many there were, and how often each looked at what. */
typedef struct Board {
        int children;
        int looks[ITEM_COUNT];
        pid_t last;
} Board;

static Board *board;

typedef struct Stage {
        uv_loop_t loop;
        Series *series;
        char items[ITEM_COUNT][64]; /* "NUMBER WORD" */
        char order[ITEM_COUNT * 8]; /* of those that are done */
        char answers[ITEM_COUNT][ERROR_MESSAGE_MAX + 64];
        int rested;
} Stage;

/* --- in the child --- */

static int enter(Error *err) {
        (void)err;
        board->children++;
        board->last = getpid();
        return 0;
}

static int enter_in_vain(Error *err) {
        return error_set(err, ERROR_FORBIDDEN, "the door is shut");
}

/* Not a fault that a sanitizer would tell of. */
static void die(void) {
        (void)kill(getpid(), SIGKILL);
}

static int work(const char *input, size_t length, Text *ret, Error *err) {
        char *word = NULL;
        long number = strtol(input, &word, 10);

        board->looks[number]++;
        if (string_has_prefix(word, " die once") && board->looks[number] == 1)
                die();
        if (string_has_prefix(word, " die always"))
                die();
        if (string_has_prefix(word, " sleep"))
                (void)pause();
        if (string_has_prefix(word, " fail"))
                return error_set(err, ERROR_NOT_FOUND, "no such thing: %ld", number);
        text_append_format(ret, "%zu bytes of %ld", length, number);
        return 0;
}

/* --- in the daemon --- */

static void describe(const void *item, Text *ret) {
        const char *text = item;

        text_append(ret, text);
        while (strstr(text, "large") && ret->length < LARGE)
                text_append(ret, " and more");
        while (strstr(text, "frame") && ret->length < FRAME_INLINE_MAX - 10)
                text_append(ret, " and more");
}

static void take_done(void *context, void *item, const Text *result, const Error *err) {
        Stage *stage = context;
        long number = strtol(item, NULL, 10);
        size_t length = strlen(stage->order);

        (void)snprintf(stage->order + length, sizeof(stage->order) - length, "%ld ", number);
        (void)snprintf(stage->answers[number], sizeof(stage->answers[0]), "%s%s",
                       err ? "error: " : "", err ? err->message : result->bytes);
}

static void count_rest(void *context) {
        ((Stage *)context)->rested++;
}

static const SeriesKind KIND = { enter, work, describe, take_done, count_rest, 60000 };
static const SeriesKind IN_VAIN = { enter_in_vain, work, describe, take_done, count_rest, 60000 };
static const SeriesKind SHORT = { enter, work, describe, take_done, count_rest, 3000 };

static int begin(void **state) {
        Stage *stage = memory_new(sizeof(*stage));

        board = mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                     0);
        assert_int_equal(uv_loop_init(&stage->loop), 0);
        stage->series = series_new(&stage->loop, &KIND, stage);
        *state = stage;
        return board == MAP_FAILED;
}

static int end(void **state) {
        Stage *stage = *state;

        (void)series_free(stage->series);
        (void)uv_run(&stage->loop, UV_RUN_DEFAULT);
        assert_int_equal(uv_loop_close(&stage->loop), 0);
        (void)munmap(board, sizeof(*board));
        free(stage);
        return 0;
}

static void use(Stage *stage, const SeriesKind *kind) {
        (void)series_free(stage->series);
        stage->series = series_new(&stage->loop, kind, stage);
}

static void add(Stage *stage, int number, const char *word, bool is_hasty) {
        Error err = ERROR_INIT;

        (void)snprintf(stage->items[number], sizeof(stage->items[0]), "%d %s", number, word);
        assert_int_equal(series_add(stage->series, stage->items[number], is_hasty, &err), 0);
}

static void run(Stage *stage) {
        (void)uv_run(&stage->loop, UV_RUN_DEFAULT);
}

static void one_child_works_on_all_and_stays(void **state) {
        Stage *stage = *state;

        for (int i = 0; i < 10; i++)
                add(stage, i, "x", false);
        run(stage);
        assert_string_equal(stage->order, "0 1 2 3 4 5 6 7 8 9 ");
        for (int i = 10; i < ITEM_COUNT; i++) {
                add(stage, i, "x", false);
                run(stage);
        }
        assert_string_equal(stage->answers[19], "4 bytes of 19");
        assert_int_equal(board->children, 1);
        assert_true(stage->rested >= 11);
}

static void what_is_wanted_sooner_is_done_sooner(void **state) {
        Stage *stage = *state;

        /* The child has eight of them before anybody is in haste. */
        for (int i = 0; i < 15; i++)
                add(stage, i, "x", false);
        series_hasten(stage->series, stage->items[14]);
        series_hasten(stage->series, stage->items[3]);
        series_hasten(stage->series, "no item");
        add(stage, 15, "x", true);
        add(stage, 16, "x", false);
        run(stage);
        assert_string_equal(stage->order, "0 1 2 3 4 5 6 7 14 15 8 9 10 11 12 13 16 ");
}

static void a_failure_is_that_of_one(void **state) {
        Stage *stage = *state;

        add(stage, 0, "x", false);
        add(stage, 1, "fail", false);
        add(stage, 2, "x", false);
        run(stage);
        assert_string_equal(stage->answers[1], "error: no such thing: 1");
        assert_string_equal(stage->answers[2], "3 bytes of 2");
        assert_int_equal(board->children, 1);
}

static void a_child_that_dies_takes_only_the_one_at_hand(void **state) {
        Stage *stage = *state;

        for (int i = 0; i < ITEM_COUNT; i++)
                add(stage, i, i == 5 ? "die always" : i == 11 ? "die once" : "x", false);
        run(stage);
        assert_string_equal(stage->answers[5], "error: a worker of the launcher died");
        for (int i = 0; i < ITEM_COUNT; i++) {
                if (i != 5)
                        assert_non_null(strstr(stage->answers[i], "bytes of"));
                assert_int_equal(board->looks[i], i == 5 || i == 11 ? 2 : 1);
        }
        assert_int_equal(board->children, 1 + 2 + 1);
}

/* Killed by somebody while it has nothing to do: the next item does not notice. */
static void an_idle_child_that_was_killed_is_replaced(void **state) {
        Stage *stage = *state;

        for (int i = 0; i < 5; i++) {
                add(stage, i, "x", false);
                run(stage);
                assert_non_null(strstr(stage->answers[i], "bytes of"));
                assert_int_equal(kill(board->last, SIGKILL), 0);
        }
        assert_int_equal(board->children, 5);
}

static void one_that_takes_too_long_is_given_up(void **state) {
        Stage *stage = *state;

        use(stage, &SHORT);
        add(stage, 1, "sleep", false);
        add(stage, 2, "x", false);
        run(stage);
        assert_string_equal(stage->answers[1], "error: no answer within 3 s");
        assert_non_null(strstr(stage->answers[2], "bytes of"));
        assert_int_equal(board->looks[1], 1);
}

static void who_cannot_lock_himself_in_works_on_nothing(void **state) {
        Stage *stage = *state;

        use(stage, &IN_VAIN);
        for (int i = 0; i < 12; i++)
                add(stage, i, "x", false);
        run(stage);
        for (int i = 0; i < 12; i++) {
                assert_string_equal(stage->answers[i], "error: the door is shut");
                assert_int_equal(board->looks[i], 0);
        }
}

static void a_large_input_arrives_whole(void **state) {
        Stage *stage = *state;
        autotext input = TEXT_INIT;
        char wanted[64];

        for (int i = 0; i < 12; i++)
                add(stage, i, i % 4 == 3 ? "large" : "frame", false);
        run(stage);
        for (int i = 0; i < 12; i++)
                assert_non_null(strstr(stage->answers[i], "bytes of"));
        describe("7 large", &input);
        (void)snprintf(wanted, sizeof(wanted), "%zu bytes of 7", input.length);
        assert_string_equal(stage->answers[7], wanted);
}

static void at_rest_there_is_no_child(void **state) {
        Stage *stage = *state;

        add(stage, 0, "x", false);
        series_rest(stage->series); /* not while there is something to do */
        run(stage);
        assert_int_equal(board->children, 1);
        series_rest(stage->series);
        assert_int_equal(kill(board->last, 0), -1); /* reaped */
        add(stage, 1, "x", false);
        run(stage);
        assert_int_equal(board->children, 2);
}

static void what_is_stopped_is_not_done(void **state) {
        Stage *stage = *state;

        for (int i = 0; i < 12; i++)
                add(stage, i, "sleep", false);
        series_stop(stage->series);
        run(stage);
        assert_string_equal(stage->order, "");
        assert_int_equal(stage->rested, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(one_child_works_on_all_and_stays, begin, end),
                cmocka_unit_test_setup_teardown(what_is_wanted_sooner_is_done_sooner, begin, end),
                cmocka_unit_test_setup_teardown(a_failure_is_that_of_one, begin, end),
                cmocka_unit_test_setup_teardown(a_child_that_dies_takes_only_the_one_at_hand, begin,
                                                end),
                cmocka_unit_test_setup_teardown(an_idle_child_that_was_killed_is_replaced, begin,
                                                end),
                cmocka_unit_test_setup_teardown(one_that_takes_too_long_is_given_up, begin, end),
                cmocka_unit_test_setup_teardown(who_cannot_lock_himself_in_works_on_nothing, begin,
                                                end),
                cmocka_unit_test_setup_teardown(a_large_input_arrives_whole, begin, end),
                cmocka_unit_test_setup_teardown(at_rest_there_is_no_child, begin, end),
                cmocka_unit_test_setup_teardown(what_is_stopped_is_not_done, begin, end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
