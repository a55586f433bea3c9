/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "unit.h"

#define PARENT_MAX 40

void scratch_make(char ret[SCRATCH_SIZE]) {
        const char *parent = getenv("TMPDIR");

        (void)snprintf(ret, SCRATCH_SIZE, "%s/pawl-unit-XXXXXX",
                       parent && strlen(parent) <= PARENT_MAX ? parent : "/tmp");
        assert_non_null(mkdtemp(ret));
}

int scratch_remove(const char *path) {
        Error err = ERROR_INIT;
        autofd int top = directory_open("/", &err);

        return tree_remove(top, path + 1, &err);
}

int scratch_set_up(void **state) {
        char *path = memory_new(SCRATCH_SIZE);

        scratch_make(path);
        *state = path;
        return 0;
}

int scratch_tear_down(void **state) {
        int removed = scratch_remove(*state);

        free(*state);
        return removed;
}
