/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../scratch.h"
#include "../unit.h"
#include "base/file.h"
#include "base/start.h"
#include "base/text.h"
#include "starter/choice.h"

typedef struct Fixture {
        char root[SCRATCH_SIZE];
        int programs;
        Choice choice;
} Fixture;

static int set_up(void **state) {
        Fixture *fixture = memory_new(sizeof(*fixture));
        Error err = ERROR_INIT;

        scratch_make(fixture->root);
        if (setenv(START_HOST_VARIABLE, "/host", 1) < 0)
                return -1;
        autofd int root = directory_open(fixture->root, &err);
        fixture->programs = directory_make_beneath(root, START_DIRECTORY, 0755, &err);
        char *argv[] = { (char[]){ "pawl-start" }, (char[]){ "--root" }, fixture->root, NULL };
        choice_init(&fixture->choice, 3, argv);
        *state = fixture;
        return fixture->programs < 0 ? -1 : 0;
}

static int tear_down(void **state) {
        Fixture *fixture = *state;

        (void)close(fixture->programs);
        choice_done(&fixture->choice);
        int outcome = scratch_remove(fixture->root);
        free(fixture);
        return outcome;
}

static void point(const Fixture *fixture, const char *link, const char *target) {
        Error err = ERROR_INIT;

        assert_true(link_write_atomic(fixture->programs, link, target, &err) >= 0);
}

static void put_on_trial(const Fixture *fixture, const char *text) {
        Error err = ERROR_INIT;

        assert_true(file_write_atomic(fixture->programs, START_TRIAL, text, strlen(text), 0600,
                                      &err) >= 0);
}

static void assert_choice(Fixture *fixture, bool is_trial, const char *const *wanted) {
        choice_make(&fixture->choice);
        assert_int_equal(fixture->choice.is_trial, is_trial);
        for (int i = 0; i < fixture->choice.path_count; i++) {
                const char *path = fixture->choice.paths[i];
                assert_non_null(wanted[i]);
                assert_string_equal(path + strlen(path) - strlen(wanted[i]), wanted[i]);
        }
        assert_null(wanted[fixture->choice.path_count]);
}

static void without_links_the_machines_own_runs(void **state) {
        assert_choice(*state, false, (const char *const[]){ "/host/pawld", NULL });
}

static void the_current_one_comes_first_and_the_previous_one_stands_in(void **state) {
        point(*state, START_CURRENT, "pawl_x2");
        point(*state, START_PREVIOUS, "pawl_x1");
        assert_choice(*state, false,
                      (const char *const[]){ "programs/pawl_x2/pawld", "programs/pawl_x1/pawld",
                                             "/host/pawld", NULL });
}

static void a_trial_is_counted_before_it_begins_and_ends_after_three(void **state) {
        Fixture *fixture = *state;

        point(fixture, START_CURRENT, "pawl_x2");
        point(fixture, START_PREVIOUS, "/host");
        put_on_trial(fixture, "pawl_x2 0\n");
        for (int i = 1; i <= START_TRIES_MAX; i++) {
                char text[64] = "", wanted[64];
                assert_choice(fixture, true,
                              (const char *const[]){ "programs/pawl_x2/pawld", "/host/pawld",
                                                     "/host/pawld", NULL });
                autofd int trial = openat(fixture->programs, START_TRIAL, O_RDONLY | O_CLOEXEC);
                assert_true(read(trial, text, sizeof(text) - 1) > 0);
                (void)snprintf(wanted, sizeof(wanted), "pawl_x2 %d\n", i);
                assert_string_equal(text, wanted);
        }
        assert_choice(fixture, false, (const char *const[]){ "/host/pawld", "/host/pawld", NULL });
        assert_true(choice_is_on_trial(&fixture->choice));
}

static void a_trial_of_another_one_counts_nothing(void **state) {
        Fixture *fixture = *state;

        point(fixture, START_CURRENT, "pawl_x1");
        put_on_trial(fixture, "pawl_x10 3\n");
        assert_choice(fixture, false,
                      (const char *const[]){ "programs/pawl_x1/pawld", "/host/pawld", NULL });
        assert_false(choice_is_on_trial(&fixture->choice));
}

static void the_machines_own_can_be_on_trial(void **state) {
        Fixture *fixture = *state;

        point(fixture, START_CURRENT, "/host");
        point(fixture, START_PREVIOUS, "pawl_x1");
        put_on_trial(fixture, START_MACHINE " 3\n");
        assert_choice(fixture, false,
                      (const char *const[]){ "programs/pawl_x1/pawld", "/host/pawld", NULL });
}

static void a_trial_that_cannot_be_read_is_none(void **state) {
        Fixture *fixture = *state;

        point(fixture, START_CURRENT, "pawl_x1");
        put_on_trial(fixture, "");
        assert_choice(fixture, false,
                      (const char *const[]){ "programs/pawl_x1/pawld", "/host/pawld", NULL });
}

/* A file system that has this trial and no room for another file. */
static void fill_programs(Fixture *fixture, bool is_read_only) {
        autofree char *path = string_format("%s/%s", fixture->root, START_DIRECTORY);

        assert_int_equal(unshare(CLONE_NEWNS), 0);
        assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
        assert_int_equal(mount("full", path, "tmpfs", 0, "nr_inodes=4,size=64k"), 0);
        (void)close(fixture->programs);
        fixture->programs = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        point(fixture, START_CURRENT, "pawl_x2");
        point(fixture, START_PREVIOUS, "/host");
        put_on_trial(fixture, "pawl_x2 0\n");
        if (is_read_only)
                assert_int_equal(mount(NULL, path, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
}

static void empty_programs(Fixture *fixture) {
        autofree char *path = string_format("%s/%s", fixture->root, START_DIRECTORY);

        assert_int_equal(umount2(path, MNT_DETACH), 0);
}

static void a_full_disk_lets_nobody_be_tried_for_ever(void **state) {
        Fixture *fixture = *state;

        if (geteuid() != 0)
                skip();
        fill_programs(fixture, false);
        for (int i = 0; i < START_TRIES_MAX; i++)
                assert_choice(fixture, true,
                              (const char *const[]){ "programs/pawl_x2/pawld", "/host/pawld",
                                                     "/host/pawld", NULL });
        assert_choice(fixture, false, (const char *const[]){ "/host/pawld", "/host/pawld", NULL });
        empty_programs(fixture);
}

static void what_cannot_be_counted_is_not_tried(void **state) {
        Fixture *fixture = *state;

        if (geteuid() != 0)
                skip();
        fill_programs(fixture, true);
        assert_choice(fixture, false, (const char *const[]){ "/host/pawld", "/host/pawld", NULL });
        assert_string_equal(getenv(START_REFUSED_VARIABLE), "pawl_x2");
        empty_programs(fixture);
        assert_choice(fixture, false, (const char *const[]){ "/host/pawld", NULL });
        assert_null(getenv(START_REFUSED_VARIABLE));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(without_links_the_machines_own_runs, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(
                        the_current_one_comes_first_and_the_previous_one_stands_in, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(
                        a_trial_is_counted_before_it_begins_and_ends_after_three, set_up,
                        tear_down),
                cmocka_unit_test_setup_teardown(a_trial_of_another_one_counts_nothing, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(the_machines_own_can_be_on_trial, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_trial_that_cannot_be_read_is_none, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_full_disk_lets_nobody_be_tried_for_ever, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(what_cannot_be_counted_is_not_tried, set_up,
                                                tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
