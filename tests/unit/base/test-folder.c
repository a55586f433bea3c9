/* SPDX-License-Identifier: Apache-2.0
 *
 * A directory that is somebody else's, looked for again after he did things to what lies above it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/text.h"
#include "scratch.h"
#include "unit.h"

static char place[SCRATCH_SIZE];
static int top;

static int make_place(void **state) {
        Error err = ERROR_INIT;

        (void)state;
        scratch_make(place);
        top = directory_open(place, &err);
        assert_int_equal(mkdirat(top, "home", 0755), 0);
        assert_int_equal(mkdirat(top, "home/work", 0755), 0);
        assert_int_equal(mkdirat(top, "home/other", 0755), 0);
        return 0;
}

static int remove_place(void **state) {
        (void)state;
        (void)close(top);
        return scratch_remove(place);
}

static char *find(const char *name) {
        autofree char *path = string_format("%s/%s", place, name);
        Error err = ERROR_INIT;
        char *source = NULL;
        autofd int fd = folder_find(path, &source, &err);

        if (fd < 0)
                fail_msg("%s", err.message);
        return source;
}

/* "" where it was found. */
static char *look(const char *source, FolderOpen how) {
        Error err = ERROR_INIT;
        autofd int fd = folder_open(source, how, &err);

        return string_copy(fd < 0 ? err.message : "");
}

static void assert_lost(const char *source, const char *words) {
        autofree char *message = look(source, FOLDER_OPEN_MAY_BLOCK);
        autofree char *cached = look(source, FOLDER_OPEN_CACHED);

        if (!strstr(message, words))
                fail_msg("\"%s\" is not in \"%s\"", words, message);
        assert_string_not_equal(cached, "");
}

static void assert_there(const char *source) {
        autofree char *message = look(source, FOLDER_OPEN_MAY_BLOCK);
        autofree char *cached = look(source, FOLDER_OPEN_CACHED);

        assert_string_equal(message, "");
        assert_string_equal(cached, "");
}

static void it_is_found_by_its_own_path(void **state) {
        (void)state;
        assert_int_equal(symlinkat("home", top, "link"), 0);
        autofree char *source = find("link/./work/../work");
        autofree char *path = string_format("%s/home/work", place);
        assert_true(folder_is_source(source));
        assert_string_equal(folder_get_path(source), path);
        assert_there(source);
}

static void names_of_images_are_no_sources(void **state) {
        (void)state;
        assert_false(folder_is_source(NULL));
        assert_false(folder_is_source("hello_x1.snap"));
        assert_false(folder_is_source("0ad_key_x12.snap"));
}

static void another_one_in_its_place_is_not_it(void **state) {
        autofree char *source = NULL;

        (void)state;
        source = find("home/work");
        assert_int_equal(renameat(top, "home/work", top, "home/away"), 0);
        assert_lost(source, "is gone");
        assert_int_equal(renameat(top, "home/other", top, "home/work"), 0);
        assert_lost(source, "not the directory that was tried");
        assert_int_equal(unlinkat(top, "home/work", AT_REMOVEDIR), 0);
        assert_int_equal(symlinkat("away", top, "home/work"), 0);
        assert_lost(source, "is gone");
        assert_int_equal(unlinkat(top, "home/work", 0), 0);
        assert_int_equal(renameat(top, "home/away", top, "home/work"), 0);
        assert_there(source);
}

static void a_link_above_it_is_not_followed(void **state) {
        autofree char *source = NULL;

        (void)state;
        source = find("home/work");
        assert_int_equal(renameat(top, "home", top, "house"), 0);
        assert_int_equal(symlinkat("house", top, "home"), 0);
        assert_lost(source, "is gone");
}

static void files_and_relative_paths_are_refused(void **state) {
        autofree char *file = string_format("%s/file", place);
        autofd int fd = openat(top, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        Error err = ERROR_INIT;
        char *source = NULL;

        (void)state;
        assert_true(fd >= 0);
        assert_int_equal(folder_find(file, &source, &err), -1);
        assert_int_equal(err.kind, ERROR_SNAP_NOT_A_SNAP);
        assert_int_equal(folder_find("home/work", &source, &err), -1);
        assert_null(source);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(it_is_found_by_its_own_path, make_place,
                                                remove_place),
                cmocka_unit_test(names_of_images_are_no_sources),
                cmocka_unit_test_setup_teardown(another_one_in_its_place_is_not_it, make_place,
                                                remove_place),
                cmocka_unit_test_setup_teardown(a_link_above_it_is_not_followed, make_place,
                                                remove_place),
                cmocka_unit_test_setup_teardown(files_and_relative_paths_are_refused, make_place,
                                                remove_place),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
