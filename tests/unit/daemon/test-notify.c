/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../unit.h"
#include "base/own.h"
#include "daemon/notify.h"

static void a_state_reaches_the_supervisor(void **state) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char name[64], got[32] = "";
        autofd int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

        (void)state;
        (void)snprintf(name, sizeof(name), "@pawl-notify-%d", (int)getpid());
        memcpy(address.sun_path, name, strlen(name));
        address.sun_path[0] = '\0';
        assert_int_equal(bind(fd, (struct sockaddr *)&address,
                              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name))),
                         0);
        (void)setenv("NOTIFY_SOCKET", name, 1);
        notify_send("READY=1");
        assert_int_equal(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), 7);
        assert_string_equal(got, "READY=1");
        (void)unsetenv("NOTIFY_SOCKET");
        notify_send("READY=1");
        assert_int_equal(recv(fd, got, sizeof(got) - 1, MSG_DONTWAIT), -1);
}

static void the_watchdog_is_fed_twice_as_often_as_asked(void **state) {
        (void)state;
        assert_int_equal(notify_get_watchdog_ms(), 0);
        (void)setenv("WATCHDOG_USEC", "300000000", 1);
        assert_int_equal(notify_get_watchdog_ms(), 150000);
        (void)setenv("WATCHDOG_PID", "1", 1);
        assert_int_equal(notify_get_watchdog_ms(), 0);
        (void)setenv("WATCHDOG_USEC", "-5", 1);
        (void)unsetenv("WATCHDOG_PID");
        assert_int_equal(notify_get_watchdog_ms(), 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_state_reaches_the_supervisor),
                cmocka_unit_test(the_watchdog_is_fed_twice_as_often_as_asked),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
