/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "front/connection.h"
#include "front/peer.h"
#include "unit.h"

static Connection *new_connection(void) {
        Peer peer = PEER_INIT;

        return connection_new(1, &peer);
}

static void numbers_only_grow(void **state) {
        Connection *connection = new_connection();
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(connection_begin_request(connection, 5, &err), 0);
        /* Pending: neither again, nor another. */
        assert_int_equal(connection_begin_request(connection, 5, &err), -1);
        assert_int_equal(connection_begin_upload(connection, 6, &err), -1);
        connection_end_request(connection);
        assert_int_equal(connection_begin_request(connection, 5, &err), -1);
        assert_int_equal(connection_begin_upload(connection, 5, &err), -1);
        assert_int_equal(connection_begin_request(connection, 4, &err), -1);
        assert_int_equal(connection_begin_upload(connection, 6, &err), 0);
        assert_int_equal(connection_begin_request(connection, 6, &err), 0);
        (void)connection_free(connection);
}

/* The two ends of an unnamed file, as a process and the daemon hold them. */
static int open_ends(int *ret_writer) {
        char path[40];
        *ret_writer = open("/tmp", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);

        assert_true(*ret_writer >= 0);
        assert_int_equal(write(*ret_writer, "12345", 5), 5);
        (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", *ret_writer);
        return open(path, O_RDONLY | O_CLOEXEC);
}

static Message form_with(uint64_t upload, uint64_t size) {
        return (Message){
                .is_form = true,
                .files = { { .filename = "f", .size = size, .upload = upload } },
                .file_count = 1,
        };
}

static int take_files(Connection *connection, const Message *form, RequestFile *ret) {
        size_t count = 0;
        Error err = ERROR_INIT;

        *ret = (RequestFile){ .fd = -1 };
        return connection_take_uploads(connection, form, ret, &count, &err);
}

static void a_file_is_taken_once(void **state) {
        Connection *connection = new_connection();
        Message form = form_with(3, 5);
        RequestFile file;
        RequestFile again;
        int writer;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(connection_begin_upload(connection, 1, &err), 0);
        connection_add_upload(connection, 3, open_ends(&writer));
        (void)close(writer);
        assert_int_equal(take_files(connection, &form, &file), 0);
        assert_int_equal(file.size, 5);
        assert_int_equal(take_files(connection, &form, &again), -1);
        free(file.filename);
        (void)close(file.fd);
        (void)connection_free(connection);
}

/* Else the bytes could change after they were verified. */
static void a_file_that_can_still_be_written_is_refused(void **state) {
        Connection *connection = new_connection();
        Message form = form_with(3, 5);
        RequestFile file;
        int writer;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(connection_begin_upload(connection, 1, &err), 0);
        connection_add_upload(connection, 3, open_ends(&writer));
        assert_int_equal(take_files(connection, &form, &file), -1);
        (void)close(writer);
        (void)connection_free(connection);
}

static void a_wrong_size_or_number_is_refused(void **state) {
        static const struct {
                uint64_t upload;
                uint64_t size;
        } CASES[] = { { 3, 4 }, { 3, 6 }, { 2, 5 }, { 4, 5 } };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                Connection *connection = new_connection();
                Message form = form_with(CASES[i].upload, CASES[i].size);
                RequestFile file;
                int writer;
                Error err = ERROR_INIT;
                assert_int_equal(connection_begin_upload(connection, 1, &err), 0);
                connection_add_upload(connection, 3, open_ends(&writer));
                (void)close(writer);
                assert_int_equal(take_files(connection, &form, &file), -1);
                (void)connection_free(connection);
        }
}

static void a_new_number_forgets_the_files_of_the_old(void **state) {
        Connection *connection = new_connection();
        Message form = form_with(3, 5);
        RequestFile file;
        int writer;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(connection_begin_upload(connection, 1, &err), 0);
        connection_add_upload(connection, 3, open_ends(&writer));
        (void)close(writer);
        assert_int_equal(connection_begin_request(connection, 2, &err), 0);
        assert_int_equal(take_files(connection, &form, &file), -1);
        (void)connection_free(connection);
}

static void files_of_a_request_are_counted(void **state) {
        Connection *connection = new_connection();
        Error err = ERROR_INIT;

        (void)state;
        for (uint64_t i = 0; i < HTTP_UPLOAD_COUNT_MAX; i++) {
                assert_int_equal(connection_begin_upload(connection, 1, &err), 0);
                connection_add_upload(connection, i + 1, -1);
        }
        assert_int_equal(connection_begin_upload(connection, 1, &err), -1);
        (void)connection_free(connection);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(numbers_only_grow),
                cmocka_unit_test(a_file_is_taken_once),
                cmocka_unit_test(a_file_that_can_still_be_written_is_refused),
                cmocka_unit_test(a_wrong_size_or_number_is_refused),
                cmocka_unit_test(a_new_number_forgets_the_files_of_the_old),
                cmocka_unit_test(files_of_a_request_are_counted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
