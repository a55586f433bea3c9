/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/capability.h>

#include "../unit.h"
#include "base/capability.h"

static void every_capability_of_these_headers_has_a_name(void **state) {
        (void)state;
        for (unsigned i = 0; i <= CAP_LAST_CAP; i++) {
                assert_non_null(capability_get_name(i));
                assert_ptr_equal(capability_get_names()[i], capability_get_name(i));
        }
        assert_null(capability_get_name(CAP_LAST_CAP + 1));
        assert_null(capability_get_name(UINT32_MAX));
        assert_null(capability_get_names()[CAP_LAST_CAP + 1]);
}

static void names_are_those_of_their_numbers(void **state) {
        (void)state;
        assert_string_equal(capability_get_name(CAP_CHOWN), "chown");
        assert_string_equal(capability_get_name(CAP_NET_ADMIN), "net_admin");
        assert_string_equal(capability_get_name(CAP_CHECKPOINT_RESTORE), "checkpoint_restore");
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_capability_of_these_headers_has_a_name),
                cmocka_unit_test(names_are_those_of_their_numbers),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
