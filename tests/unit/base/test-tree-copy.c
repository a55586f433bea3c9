/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/text.h"
#include "base/tree-copy.h"
#include "scratch.h"
#include "unit.h"

static int make_nested(int top, unsigned depth) {
        int at = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        for (unsigned i = 0; i < depth; i++) {
                assert_int_equal(mkdirat(at, "d", 0755), 0);
                int next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                (void)close(at);
                assert_true((at = next) >= 0);
        }
        return at;
}

static unsigned count_nested(int top) {
        int at = openat(top, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        unsigned depth = 0;

        for (int next; (next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC)) >= 0; depth++) {
                (void)close(at);
                at = next;
        }
        (void)close(at);
        return depth;
}

/* Each level holds three descriptors, and 1024 is what most processes are given. */
static void deep_trees_are_copied_and_deeper_ones_refused_in_words(void **state) {
        char place[SCRATCH_SIZE];
        struct rlimit few = { 1024, 0 }, after;
        Error err = ERROR_INIT;
        (void)state;

        scratch_make(place);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
        few.rlim_max = after.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        autofd int directory = directory_open(place, &err);
        assert_int_equal(mkdirat(directory, "from", 0755), 0);
        autofd int from = openat(directory, "from", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        autofd int leaf = make_nested(from, 900);
        assert_int_equal(tree_copy(directory, "from", directory, "to", &err), 0);
        autofd int to = openat(directory, "to", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(count_nested(to), 900);
        autofd int deeper = make_nested(leaf, 200);
        assert_int_equal(tree_copy(directory, "from", directory, "other", &err), -1);
        assert_non_null(strstr(err.message, "nested deeper than 1000"));
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &after), 0);
        assert_int_equal(after.rlim_cur, 1024);
        assert_int_equal(scratch_remove(place), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(deep_trees_are_copied_and_deeper_ones_refused_in_words),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
