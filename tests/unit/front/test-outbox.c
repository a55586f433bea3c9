/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>

#include "base/text.h"
#include "front/outbox.h"
#include "unit.h"
#include "wire/frame.h"

static void add(Outbox *outbox, int number) {
        char *text = string_format("%d", number);
        Error err = ERROR_INIT;

        assert_int_equal(outbox_add(outbox, text, strlen(text), -1, &err), 0);
}

/* Small frames are sent until the socket is full, the rest later and in order. */
static void a_full_socket_keeps_the_order(void **state) {
        static Outbox outbox;
        int pair[2];
        int sent = 0;
        int received = 0;
        int outcome = 0;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(frame_open_pair(pair, &err), 0);
        assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
        assert_int_equal(fcntl(pair[1], F_SETFL, O_NONBLOCK), 0);
        while (outcome == 0 && sent < 100000) {
                add(&outbox, ++sent);
                outcome = outbox_flush(&outbox, pair[0], &err);
        }
        assert_int_equal(outcome, 1);
        add(&outbox, ++sent);
        while (received < sent) {
                autoframe frame = FRAME_INIT;
                if (frame_receive(pair[1], &frame, &err) == 0) {
                        assert_true(outbox_flush(&outbox, pair[0], &err) >= 0);
                        continue;
                }
                autofree char *expected = string_format("%d", ++received);
                assert_string_equal(frame.bytes, expected);
        }
        assert_int_equal(outbox.count, 0);
        (void)close(pair[0]);
        (void)close(pair[1]);
}

static void it_is_bounded_and_owns_what_it_refuses(void **state) {
        static Outbox outbox;
        Error err = ERROR_INIT;

        (void)state;
        for (int i = 0; i < OUTBOX_COUNT_MAX; i++)
                add(&outbox, i);
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        assert_int_equal(outbox_add(&outbox, string_copy("x"), 1, fd, &err), -1);
        assert_int_equal(err.kind, ERROR_BUSY);
        assert_int_equal(fcntl(fd, F_GETFD), -1);
        outbox_done(&outbox);
        assert_int_equal(outbox.count, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_full_socket_keeps_the_order),
                cmocka_unit_test(it_is_bounded_and_owns_what_it_refuses),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
