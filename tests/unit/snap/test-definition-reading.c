/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "base/clock.h"
#include "base/own.h"
#include "base/text.h"
#include "sandbox/helper.h"
#include "snap/definition-reading.h"
#include "unit.h"

#define COUNT 40

typedef struct Files {
        DefinitionFile files[COUNT];
        char names[COUNT][32];
} Files;

static int begin(void **state) {
        Files *files = memory_new(sizeof(*files));

        for (int i = 0; i < COUNT; i++) {
                (void)snprintf(files->names[i], sizeof(files->names[0]), "right-%d", i);
                files->files[i] = (DefinitionFile){ .name = files->names[i],
                                                    .fd = memfd_create("file", MFD_CLOEXEC),
                                                    .failure = ERROR_INIT };
                assert_int_equal(write(files->files[i].fd, "-", 1), 1);
        }
        int fake = open(FAKE_READER, O_PATH | O_CLOEXEC);
        assert_true(fake >= 0);
        helper_replace(HELPER_READ, fake);
        *state = files;
        return 0;
}

static int end(void **state) {
        Files *files = *state;

        for (int i = 0; i < COUNT; i++) {
                json_decref(files->files[i].wire);
                own_close_(&files->files[i].fd);
        }
        free(files);
        return 0;
}

static void call(Files *files, int i, const char *what) {
        (void)snprintf(files->names[i], sizeof(files->names[0]), "%s-%d", what, i);
}

static void read_all(Files *files, int64_t file_ms, int64_t all_ms) {
        const DefinitionLimits limits = { file_ms, clock_get_boot() / 1000000 + all_ms };

        definition_files_read(files->files, COUNT, &limits);
}

static void check_right(const Files *files, int i) {
        const char *name = json_get_string(files->files[i].wire, "name", "");

        if (!string_equal(name, files->names[i]))
                fail_msg("%s: \"%s\" %s", files->names[i], name, files->files[i].failure.message);
}

static void check_failed(const Files *files, int i, const char *message) {
        assert_null(files->files[i].wire);
        if (!strstr(files->files[i].failure.message, message))
                fail_msg("%s: %s", files->names[i], files->files[i].failure.message);
}

static void each_gets_its_answer(void **state) {
        Files *files = *state;

        call(files, 3, "refuse");
        read_all(files, 30000, 60000);
        for (int i = 0; i < COUNT; i++)
                if (i != 3)
                        check_right(files, i);
        check_failed(files, 3, "refuse-3");
}

static void what_cannot_be_opened_is_left_as_it_is(void **state) {
        Files *files = *state;

        own_close_(&files->files[0].fd);
        own_close_(&files->files[COUNT - 1].fd);
        files->files[0].fd = files->files[COUNT - 1].fd = -1;
        (void)error_set(&files->files[0].failure, ERROR_FORBIDDEN, "not root's");
        read_all(files, 30000, 60000);
        check_failed(files, 0, "not root's");
        for (int i = 1; i < COUNT - 1; i++)
                check_right(files, i);
}

/* Whatever a reader does over one file, that one is named, and the others are read. */
static void a_file_takes_no_other_along(void **state) {
        static const struct {
                const char *what, *message;
        } cases[] = {
                { "die-always", "pawl-read died over it" },
                { "half", "pawl-read died over it" },
                { "word", "an answer of another shape" },
                { "much", "an answer of another shape" },
                { "endless", "an answer of another shape" },
                { "broken", "cannot understand pawl-read" },
        };
        Files *files = *state;
        size_t left_out = 0;

        for (int i = 0; i < (int)ARRAY_COUNT(cases); i++)
                call(files, i * 6, cases[i].what);
        call(files, COUNT - 1, "die-once");
        read_all(files, 30000, 60000);
        for (int i = 0; i < COUNT; i++) {
                if (i % 6 == 0 && i / 6 < (int)ARRAY_COUNT(cases)) {
                        check_failed(files, i, cases[i / 6].message);
                        left_out++;
                } else
                        check_right(files, i);
        }
        assert_int_equal(left_out, 6);
}

/* What it says unasked is nobody's. */
static void one_who_says_more_than_was_asked_is_ended(void **state) {
        Files *files = *state;

        call(files, 20, "twice");
        call(files, COUNT - 1, "twice");
        read_all(files, 30000, 60000);
        for (int i = 0; i < COUNT - 1; i++)
                if (i != 20)
                        check_right(files, i);
}

static void one_that_takes_too_long_is_left_out(void **state) {
        Files *files = *state;

        call(files, 7, "sleep");
        read_all(files, 5000, 60000);
        for (int i = 0; i < COUNT; i++)
                if (i != 7)
                        check_right(files, i);
        check_failed(files, 7, "cannot read the file within 5 s");
}

static void all_together_have_a_limit(void **state) {
        Files *files = *state;

        for (int i = 0; i < COUNT; i++)
                call(files, i, "sleep");
        int64_t begun = clock_get_boot();
        read_all(files, 100, 300);
        assert_true(clock_get_boot() - begun >= INT64_C(300000000));
        check_failed(files, COUNT - 1, "all files together took longer");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(each_gets_its_answer, begin, end),
                cmocka_unit_test_setup_teardown(what_cannot_be_opened_is_left_as_it_is, begin, end),
                cmocka_unit_test_setup_teardown(a_file_takes_no_other_along, begin, end),
                cmocka_unit_test_setup_teardown(one_who_says_more_than_was_asked_is_ended, begin,
                                                end),
                cmocka_unit_test_setup_teardown(one_that_takes_too_long_is_left_out, begin, end),
                cmocka_unit_test_setup_teardown(all_together_have_a_limit, begin, end),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
