/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../scratch.h"
#include "../unit.h"
#include "base/text.h"
#include "daemon/listen.h"

typedef struct Fixture {
        char directory[SCRATCH_SIZE];
        char path[96];
} Fixture;

static int set_up(void **state) {
        Fixture *fixture = memory_new(sizeof(*fixture));

        scratch_make(fixture->directory);
        (void)snprintf(fixture->path, sizeof(fixture->path), "%s/s", fixture->directory);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        Fixture *fixture = *state;

        int outcome = scratch_remove(fixture->directory);
        free(fixture);
        return outcome;
}

static bool can_connect(const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        return connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
}

static ListenSocket wanted(const char *path) {
        return (ListenSocket){ .path = path, .type = SOCK_STREAM, .mode = 0666, .fd = -1 };
}

static void a_socket_is_bound_with_its_mode_and_removed(void **state) {
        Fixture *fixture = *state;
        ListenSocket listener = wanted(fixture->path);
        PassedSockets none = { 0 };
        struct stat status;
        Error err = ERROR_INIT;

        assert_int_equal(listen_socket_open(&listener, &none, &err), 0);
        assert_int_equal(stat(fixture->path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0666);
        assert_true(can_connect(fixture->path));
        listen_socket_done(&listener);
        assert_int_equal(access(fixture->path, F_OK), -1);
}

static void a_dead_socket_is_replaced_and_a_living_one_is_not(void **state) {
        Fixture *fixture = *state;
        ListenSocket first = wanted(fixture->path), second = wanted(fixture->path);
        PassedSockets none = { 0 };
        Error err = ERROR_INIT;

        assert_int_equal(listen_socket_open(&first, &none, &err), 0);
        assert_true(listen_socket_open(&second, &none, &err) < 0);
        assert_int_equal(err.kind, ERROR_BUSY);
        assert_non_null(strstr(err.message, fixture->path));
        assert_true(can_connect(fixture->path));
        /* Killed: closed, and the name stays. */
        (void)close(first.fd);
        first.fd = -1;
        assert_int_equal(listen_socket_open(&second, &none, &err), 0);
        assert_true(can_connect(fixture->path));
        listen_socket_done(&second);
}

static void a_path_that_is_too_long_is_said(void **state) {
        char path[200];
        ListenSocket listener = wanted(path);
        PassedSockets none = { 0 };
        Error err = ERROR_INIT;

        (void)state;
        memset(path, 'x', sizeof(path) - 1);
        path[sizeof(path) - 1] = '\0';
        assert_true(listen_socket_open(&listener, &none, &err) < 0);
        assert_non_null(strstr(err.message, "too long"));
}

/* As a supervisor does it: the socket is descriptor 3, and the environment says so. */
static void a_passed_socket_is_found_by_its_address(void **state) {
        Fixture *fixture = *state;
        ListenSocket bound = wanted(fixture->path), taken = wanted(fixture->path);
        PassedSockets passed = { 0 };
        Error err = ERROR_INIT;
        char pid[24];

        assert_int_equal(listen_socket_open(&bound, &passed, &err), 0);
        int saved = fcntl(3, F_DUPFD_CLOEXEC, 100);
        assert_true(dup2(bound.fd, 3) == 3);
        (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
        (void)setenv("LISTEN_PID", pid, 1);
        (void)setenv("LISTEN_FDS", "1", 1);
        passed_sockets_take(&passed);
        assert_int_equal(passed.count, 1);
        assert_null(getenv("LISTEN_FDS"));
        /* The address of a socket is what it was bound to, before the rename. */
        (void)snprintf(passed.sockets[0].path, sizeof(passed.sockets[0].path), "%s", fixture->path);
        assert_int_equal(listen_socket_open(&taken, &passed, &err), 0);
        assert_int_equal(taken.fd, 3);
        assert_true(fcntl(3, F_GETFD) & FD_CLOEXEC);
        /* Its name is the supervisor's: it stays. */
        listen_socket_done(&taken);
        assert_int_equal(access(fixture->path, F_OK), 0);
        if (saved >= 0) {
                (void)dup2(saved, 3);
                (void)close(saved);
        }
        listen_socket_done(&bound);
}

/* What one pawld leaves to the next is known by name, and whose the path is goes along. */
static void a_socket_that_was_left_is_found_by_its_name(void **state) {
        Fixture *fixture = *state;
        ListenSocket bound = wanted(fixture->path), taken = wanted(fixture->path);
        PassedSockets passed = { 0 };
        Error err = ERROR_INIT;
        char pid[24];

        assert_int_equal(listen_socket_open(&bound, &passed, &err), 0);
        int saved = fcntl(3, F_DUPFD_CLOEXEC, 100);
        assert_true(dup2(bound.fd, 3) == 3);
        (void)snprintf(pid, sizeof(pid), "%d", (int)getpid());
        (void)setenv("LISTEN_PID", pid, 1);
        (void)setenv("LISTEN_FDS", "1", 1);
        (void)setenv("LISTEN_FDNAMES", "pawl-own-s", 1);
        passed_sockets_take(&passed);
        assert_null(getenv("LISTEN_FDNAMES"));
        assert_true(passed_sockets_has(&passed, fixture->path));
        assert_false(passed_sockets_has(&passed, "/elsewhere/other"));
        assert_int_equal(listen_socket_open(&taken, &passed, &err), 0);
        assert_int_equal(taken.fd, 3);
        assert_true(taken.is_bound);
        listen_socket_done(&taken);
        assert_int_equal(access(fixture->path, F_OK), -1);
        if (saved >= 0) {
                (void)dup2(saved, 3);
                (void)close(saved);
        }
        listen_socket_done(&bound);
}

static void sockets_for_another_process_are_not_ours(void **state) {
        PassedSockets passed;

        (void)state;
        (void)setenv("LISTEN_PID", "1", 1);
        (void)setenv("LISTEN_FDS", "1", 1);
        passed_sockets_take(&passed);
        assert_int_equal(passed.count, 0);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(a_socket_is_bound_with_its_mode_and_removed, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_dead_socket_is_replaced_and_a_living_one_is_not,
                                                set_up, tear_down),
                cmocka_unit_test(a_path_that_is_too_long_is_said),
                cmocka_unit_test_setup_teardown(a_socket_that_was_left_is_found_by_its_name, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(a_passed_socket_is_found_by_its_address, set_up,
                                                tear_down),
                cmocka_unit_test(sockets_for_another_process_are_not_ours),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
