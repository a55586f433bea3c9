/* SPDX-License-Identifier: Apache-2.0 */
#include "place.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"
#include "base/file.h"
#include "base/text.h"

int place_make(void **state) {
        char *directory = string_copy("/tmp/state-test-XXXXXX");

        assert_non_null(mkdtemp(directory));
        *state = directory;
        return 0;
}

int place_remove(void **state) {
        Error err;
        int root = directory_open("/tmp", &err);

        assert_int_equal(tree_remove(root, (char *)*state + strlen("/tmp/"), &err), 0);
        (void)close(root);
        free(*state);
        return 0;
}
