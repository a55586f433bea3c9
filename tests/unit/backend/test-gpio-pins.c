/* SPDX-License-Identifier: Apache-2.0
 *
 * On a directory that stands in for sysfs: "export" and "unexport" are files, and a pin is a
 * directory that the test makes, as the kernel would.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend/gpio-pins.h"
#include "base/file.h"
#include "base/text.h"
#include "scratch.h"
#include "unit.h"

typedef struct Fixture {
        char top[SCRATCH_SIZE];
        char sysfs[80], notes[80];
        GpioPlace place;
} Fixture;

static void put(const Fixture *fixture, const char *name, const char *text) {
        Error err = ERROR_INIT;
        autofd int directory = directory_open(fixture->sysfs, &err);

        assert_true(directory >= 0);
        assert_true(file_write_atomic(directory, name, text, strlen(text), 0600, &err) >= 0);
}

/* What was written last; empty from then on. */
static void check_written(const Fixture *fixture, const char *name, const char *wanted) {
        autofree char *path = string_format("%s/%s", fixture->sysfs, name);
        char text[32] = "";
        FILE *file = fopen(path, "re");

        assert_non_null(file);
        if (!fgets(text, sizeof(text), file))
                text[0] = '\0';
        (void)fclose(file);
        assert_string_equal(text, wanted);
        put(fixture, name, "");
}

/* As the kernel does when it is told. */
static void have_pin(const Fixture *fixture, const char *number, bool is_there) {
        autofree char *path = string_format("%s/gpio%s", fixture->sysfs, number);

        assert_int_equal(is_there ? mkdir(path, 0700) : rmdir(path), 0);
}

static int set_up(void **state) {
        Fixture *fixture = memory_new(sizeof(*fixture));

        scratch_make(fixture->top);
        (void)snprintf(fixture->sysfs, sizeof(fixture->sysfs), "%s/sys", fixture->top);
        (void)snprintf(fixture->notes, sizeof(fixture->notes), "%s/notes", fixture->top);
        assert_int_equal(mkdir(fixture->sysfs, 0700), 0);
        fixture->place = (GpioPlace){ fixture->sysfs, fixture->notes };
        put(fixture, "export", "");
        put(fixture, "unexport", "");
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        Fixture *fixture = *state;
        int status = scratch_remove(fixture->top);

        free(fixture);
        return status;
}

#define WANTED "# Written by pawl: do not edit.\n# gpio\n17\n"

static void a_granted_pin_is_exported_and_taken_back(void **state) {
        const Fixture *fixture = *state;
        const GpioPlace *place = &fixture->place;
        Error err = ERROR_INIT;

        assert_false(gpio_pins_are_exported(place, "x", WANTED));
        assert_int_equal(gpio_pins_export(place, "x", WANTED, &err), 0);
        check_written(fixture, "export", "17");
        have_pin(fixture, "17", true);
        assert_true(gpio_pins_are_exported(place, "x", WANTED));
        assert_int_equal(gpio_pins_export(place, "x", WANTED, &err), 0);
        check_written(fixture, "export", "");
        assert_false(gpio_pins_are_exported(place, "x", NULL));
        assert_int_equal(gpio_pins_export(place, "x", NULL, &err), 0);
        check_written(fixture, "unexport", "17");
        assert_true(gpio_pins_are_exported(place, "x", NULL));
        have_pin(fixture, "17", false);
}

static void a_pin_that_somebody_else_exported_stays_his(void **state) {
        const Fixture *fixture = *state;
        const GpioPlace *place = &fixture->place;
        Error err = ERROR_INIT;

        have_pin(fixture, "17", true);
        assert_int_equal(gpio_pins_export(place, "x", WANTED, &err), 0);
        assert_int_equal(gpio_pins_export(place, "x", NULL, &err), 0);
        check_written(fixture, "export", "");
        check_written(fixture, "unexport", "");
        have_pin(fixture, "17", false);
}

static void of_two_packages_the_last_takes_it_back(void **state) {
        const Fixture *fixture = *state;
        const GpioPlace *place = &fixture->place;
        Error err = ERROR_INIT;

        assert_int_equal(gpio_pins_export(place, "x", WANTED, &err), 0);
        have_pin(fixture, "17", true);
        assert_int_equal(gpio_pins_export(place, "x_two", WANTED, &err), 0);
        assert_int_equal(gpio_pins_export(place, "x", NULL, &err), 0);
        check_written(fixture, "unexport", "");
        assert_int_equal(gpio_pins_export(place, "x_two", NULL, &err), 0);
        check_written(fixture, "unexport", "17");
        have_pin(fixture, "17", false);
}

static void a_pin_that_cannot_be_had_is_told_and_not_noted(void **state) {
        const Fixture *fixture = *state;
        const GpioPlace *place = &fixture->place;
        autofree char *path = string_format("%s/export", fixture->sysfs);
        Error err = ERROR_INIT;

        assert_int_equal(unlink(path), 0);
        assert_int_equal(gpio_pins_export(place, "x", WANTED, &err), -1);
        assert_non_null(strstr(err.message, path));
        assert_true(gpio_pins_are_exported(place, "x", NULL));
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test_setup_teardown(a_granted_pin_is_exported_and_taken_back, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_pin_that_somebody_else_exported_stays_his, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(of_two_packages_the_last_takes_it_back, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_pin_that_cannot_be_had_is_told_and_not_noted,
                                                set_up, tear_down),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
