/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "../unit.h"
#include "base/own.h"

typedef struct Thing {
        int *freed;
} Thing;

static Thing *thing_free(Thing *thing) {
        if (thing)
                (*thing->freed)++;
        return NULL;
}
DEFINE_AUTOPTR(Thing, thing_free);

static void taking_is_the_only_way_out(void **state) {
        int freed = 0;
        Thing thing = { &freed };

        (void)state;
        {
                autoptr(Thing) owned = &thing;
                assert_ptr_equal(take(owned), &thing);
                assert_null(owned);
        }
        assert_int_equal(freed, 0);
        {
                autoptr(Thing) owned = &thing;
                assert_non_null(owned);
        }
        assert_int_equal(freed, 1);
}

static void a_descriptor_closes_with_its_scope(void **state) {
        int seen = -1, taken = -1;

        (void)state;
        {
                autofd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
                seen = fd;
        }
        assert_int_equal(fcntl(seen, F_GETFD), -1);
        {
                autofd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
                taken = take_fd(fd);
                assert_int_equal(fd, -1);
        }
        assert_true(fcntl(taken, F_GETFD) >= 0);
        assert_int_equal(close(taken), 0);
}

static void closing_keeps_errno(void **state) {
        (void)state;
        errno = EXDEV;
        {
                autofd int not_open = 1000000;
                assert_true(not_open > 0);
        }
        assert_int_equal(errno, EXDEV);
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(taking_is_the_only_way_out),
                cmocka_unit_test(a_descriptor_closes_with_its_scope),
                cmocka_unit_test(closing_keeps_errno),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
