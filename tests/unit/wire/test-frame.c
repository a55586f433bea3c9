/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "../unit.h"
#include "base/text.h"
#include "wire/frame.h"

#define TOO_LARGE (FRAME_INLINE_MAX + 64 * 1024)

typedef struct Pair {
        int sockets[2];
        int before; /* open descriptors when the pair was open and nothing was sent */
} Pair;

static int count_descriptors(void) {
        DIR *directory = opendir("/proc/self/fd");
        int count = 0;

        assert_non_null(directory);
        while (readdir(directory))
                count++;
        (void)closedir(directory);
        return count;
}

static int begin_pair(void **state) {
        Pair *pair = memory_new(sizeof(*pair));
        Error err = ERROR_INIT;

        assert_int_equal(frame_open_pair(pair->sockets, &err), 0);
        pair->before = count_descriptors();
        *state = pair;
        return 0;
}

/* Whatever a test sent and refused, no descriptor may be left of it. */
static int end_pair(void **state) {
        Pair *pair = *state;

        assert_int_equal(count_descriptors(), pair->before);
        for (int i = 0; i < 2; i++)
                if (pair->sockets[i] >= 0)
                        assert_int_equal(close(pair->sockets[i]), 0);
        free(pair);
        return 0;
}

/* Past frame_send and its limits: what a hostile peer could send. */
static ssize_t send_raw(int socket, const void *bytes, size_t length, size_t fd_count) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * 253)];
        } control = { 0 };
        struct iovec content = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = length };
        struct msghdr message = { .msg_iov = &content, .msg_iovlen = 1 };
        autofd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

        if (fd_count) {
                message.msg_control = control.space;
                message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
                for (size_t i = 0; i < fd_count; i++)
                        memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &null, sizeof(null));
        }
        return sendmsg(socket, &message, MSG_NOSIGNAL);
}

static void bytes_and_descriptors_arrive(void **state) {
        Pair *pair = *state;
        Error err = ERROR_INIT;
        autofd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        autofd int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int fds[] = { null, root };
        autoframe frame = FRAME_INIT;
        struct stat sent, received;

        assert_int_equal(frame_send(pair->sockets[0], "a\0b", 3, fds, 2, &err), 0);
        assert_int_equal(frame_receive(pair->sockets[1], &frame, &err), 1);
        assert_int_equal(frame.length, 3);
        assert_memory_equal(frame.bytes, "a\0b", 4);
        assert_int_equal(frame.fd_count, 2);
        assert_int_equal(fcntl(frame.fds[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        assert_int_equal(fstat(root, &sent), 0);
        assert_int_equal(fstat(frame.fds[1], &received), 0);
        assert_true(sent.st_ino == received.st_ino && sent.st_dev == received.st_dev);
}

static void a_taken_descriptor_outlives_its_frame(void **state) {
        Pair *pair = *state;
        Error err = ERROR_INIT;
        autofd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
        autofd int taken = -1;
        {
                autoframe frame = FRAME_INIT;
                assert_int_equal(frame_send(pair->sockets[0], "x", 1, &null, 1, &err), 0);
                assert_int_equal(frame_receive(pair->sockets[1], &frame, &err), 1);
                taken = frame_take_fd(&frame, 0);
                assert_int_equal(frame_take_fd(&frame, 0), -1);
                assert_int_equal(frame_take_fd(&frame, 1), -1);
                assert_int_equal(frame_take_fd(&frame, SIZE_MAX), -1);
        }
        assert_true(fcntl(taken, F_GETFD) >= 0);
}

static void boundaries_between_frames_are_kept(void **state) {
        Pair *pair = *state;
        Error err = ERROR_INIT;

        assert_int_equal(frame_send(pair->sockets[0], "first", 5, NULL, 0, &err), 0);
        assert_int_equal(frame_send(pair->sockets[0], "second", 6, NULL, 0, &err), 0);
        for (int i = 0; i < 2; i++) {
                autoframe frame = FRAME_INIT;
                assert_int_equal(frame_receive(pair->sockets[1], &frame, &err), 1);
                assert_string_equal(frame.bytes, i == 0 ? "first" : "second");
        }
}

static void the_largest_frame_passes_and_one_more_byte_does_not(void **state) {
        Pair *pair = *state;
        Error err = ERROR_INIT;
        autofree char *bytes = memory_new(TOO_LARGE);
        size_t largest = FRAME_INLINE_MAX + 16 * 1024;
        autoframe frame = FRAME_INIT;

        memset(bytes, 'x', TOO_LARGE);
        assert_int_equal(frame_send(pair->sockets[0], bytes, largest, NULL, 0, &err), 0);
        assert_int_equal(frame_receive(pair->sockets[1], &frame, &err), 1);
        assert_int_equal(frame.length, largest);
        assert_int_equal(frame_send(pair->sockets[0], bytes, largest + 1, NULL, 0, &err), -1);
        assert_int_equal(err.kind, ERROR_TOO_LARGE);
        assert_int_equal(frame_send(pair->sockets[0], bytes, 0, NULL, 0, &err), -1);
}

static void a_truncated_frame_is_an_error_and_its_descriptors_are_closed(void **state) {
        Pair *pair = *state;
        Error err = ERROR_INIT;
        autofree char *bytes = memory_new(TOO_LARGE);
        autoframe frame = FRAME_INIT;

        assert_int_equal(send_raw(pair->sockets[0], bytes, TOO_LARGE, 5), TOO_LARGE);
        assert_int_equal(frame_receive(pair->sockets[1], &frame, &err), -1);
        assert_int_equal(err.kind, ERROR_TOO_LARGE);
        assert_int_equal(frame.fd_count, 0);
        assert_null(frame.bytes);
        /* The next one is whole again. */
        assert_int_equal(frame_send(pair->sockets[0], "x", 1, NULL, 0, &err), 0);
        assert_int_equal(frame_receive(pair->sockets[1], &frame, &err), 1);
        assert_string_equal(frame.bytes, "x");
}

static void as_many_descriptors_as_allowed_pass(void **state) {
        Pair *pair = *state;
        Error err = ERROR_INIT;
        autoframe frame = FRAME_INIT;

        assert_int_equal(send_raw(pair->sockets[0], "x", 1, FRAME_FD_COUNT_MAX), 1);
        assert_int_equal(frame_receive(pair->sockets[1], &frame, &err), 1);
        assert_int_equal(frame.fd_count, FRAME_FD_COUNT_MAX);
}

static void too_many_descriptors_are_an_error_and_all_are_closed(void **state) {
        static const size_t COUNTS[] = { FRAME_FD_COUNT_MAX + 1, FRAME_FD_COUNT_MAX + 2, 253 };
        Pair *pair = *state;

        for (size_t i = 0; i < ARRAY_COUNT(COUNTS); i++) {
                Error err = ERROR_INIT;
                autoframe frame = FRAME_INIT;
                int fds[FRAME_FD_COUNT_MAX + 1] = { 0 };

                assert_int_equal(send_raw(pair->sockets[0], "x", 1, COUNTS[i]), 1);
                assert_int_equal(frame_receive(pair->sockets[1], &frame, &err), -1);
                assert_int_equal(err.kind, ERROR_TOO_LARGE);
                assert_int_equal(frame_send(pair->sockets[0], "x", 1, fds, ARRAY_COUNT(fds), &err),
                                 -1);
                assert_int_equal(err.kind, ERROR_TOO_LARGE);
        }
}

static void an_empty_datagram_is_no_frame_even_with_descriptors(void **state) {
        Pair *pair = *state;
        Error err = ERROR_INIT;
        autoframe frame = FRAME_INIT;

        assert_int_equal(send_raw(pair->sockets[0], "", 0, 3), 0);
        assert_int_equal(frame_receive(pair->sockets[1], &frame, &err), -1);
        assert_int_equal(err.kind, ERROR_LOST);
}

static void a_peer_that_went_is_lost(void **state) {
        Pair *pair = *state;
        Error err = ERROR_INIT;
        autoframe frame = FRAME_INIT;

        assert_int_equal(close(pair->sockets[1]), 0);
        pair->sockets[1] = -1;
        pair->before--;
        assert_int_equal(frame_receive(pair->sockets[0], &frame, &err), -1);
        assert_int_equal(err.kind, ERROR_LOST);
        /* No SIGPIPE either: the program would end here. */
        assert_int_equal(frame_send(pair->sockets[0], "x", 1, NULL, 0, &err), -1);
        assert_int_equal(err.kind, ERROR_LOST);
}

static void a_non_blocking_socket_says_nothing_there_and_full(void **state) {
        Pair *pair = *state;
        Error err = ERROR_INIT;
        autoframe frame = FRAME_INIT;
        autofree char *bytes = memory_new(FRAME_INLINE_MAX);
        size_t largest = FRAME_INLINE_MAX;
        int sent = 0, result = 0;

        for (int i = 0; i < 2; i++)
                assert_int_equal(fcntl(pair->sockets[i], F_SETFL, O_NONBLOCK), 0);
        assert_int_equal(frame_receive(pair->sockets[1], &frame, &err), 0);
        while ((result = frame_send(pair->sockets[0], bytes, largest, NULL, 0, &err)) == 0)
                assert_true(++sent < 10000);
        assert_int_equal(result, 1);
        assert_true(sent > 0);
}

static void a_pair_is_close_on_exec(void **state) {
        Pair *pair = *state;

        for (int i = 0; i < 2; i++)
                assert_int_equal(fcntl(pair->sockets[i], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
}

#define with_pair(test) cmocka_unit_test_setup_teardown(test, begin_pair, end_pair)

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                with_pair(bytes_and_descriptors_arrive),
                with_pair(a_taken_descriptor_outlives_its_frame),
                with_pair(boundaries_between_frames_are_kept),
                with_pair(the_largest_frame_passes_and_one_more_byte_does_not),
                with_pair(a_truncated_frame_is_an_error_and_its_descriptors_are_closed),
                with_pair(as_many_descriptors_as_allowed_pass),
                with_pair(too_many_descriptors_are_an_error_and_all_are_closed),
                with_pair(an_empty_datagram_is_no_frame_even_with_descriptors),
                with_pair(a_peer_that_went_is_lost),
                with_pair(a_non_blocking_socket_says_nothing_there_and_full),
                with_pair(a_pair_is_close_on_exec),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
