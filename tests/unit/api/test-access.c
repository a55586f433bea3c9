/* SPDX-License-Identifier: Apache-2.0 */
#include "../unit.h"
#include "api/access.h"

typedef struct Case {
        Access access;
        Peer peer;
        AccessVerdict verdict;
} Case;

#define MAIN(id) \
        { .socket = PEER_SOCKET_MAIN, .uid = (id) }
#define SNAP(id) \
        { .socket = PEER_SOCKET_SNAP, .uid = (id) }
#define CONFINED(id) \
        { .socket = PEER_SOCKET_MAIN, .uid = (id), .is_confined = true }

static const Case CASES[] = {
        { ACCESS_OPEN, MAIN(0), ACCESS_GRANTED },
        { ACCESS_OPEN, MAIN(1000), ACCESS_GRANTED },
        { ACCESS_OPEN, CONFINED(1000), ACCESS_GRANTED },
        { ACCESS_OPEN, SNAP(0), ACCESS_DENIED },
        { ACCESS_AUTH, MAIN(0), ACCESS_GRANTED },
        { ACCESS_AUTH, MAIN(1000), ACCESS_ASK },
        { ACCESS_AUTH, CONFINED(0), ACCESS_UNAUTHORIZED },
        { ACCESS_AUTH, CONFINED(1000), ACCESS_UNAUTHORIZED },
        { ACCESS_AUTH, SNAP(0), ACCESS_DENIED },
        { ACCESS_ROOT, MAIN(0), ACCESS_GRANTED },
        { ACCESS_ROOT, MAIN(1000), ACCESS_DENIED },
        { ACCESS_ROOT, CONFINED(0), ACCESS_DENIED },
        { ACCESS_ROOT, SNAP(0), ACCESS_DENIED },
        { ACCESS_SNAP, SNAP(1000), ACCESS_GRANTED },
        { ACCESS_SNAP, MAIN(0), ACCESS_DENIED },
        { ACCESS_NONE, MAIN(0), ACCESS_DENIED },
        { ACCESS_NONE, SNAP(0), ACCESS_DENIED },
};

static void each_level_lets_in_whom_the_specification_names(void **state) {
        (void)state;
        for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++)
                if (access_check(CASES[i].access, &CASES[i].peer) != CASES[i].verdict)
                        fail_msg("case %zu: got %d, wanted %d", i,
                                 access_check(CASES[i].access, &CASES[i].peer), CASES[i].verdict);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(each_level_lets_in_whom_the_specification_names),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
