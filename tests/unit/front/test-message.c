/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "front/message.h"
#include "unit.h"

#define REQUEST                                                                                   \
        "{\"op\":\"request\",\"connection\":1,\"request\":2,\"method\":\"POST\",\"path\":\"/x\"," \
        "\"query\":{\"a\":[\"b\"]},\"headers\":{\"range\":\"r\"},\"interaction\":true,"
#define FORM REQUEST "\"form\":true,\"body\":\"inline\"}\n"

static int parse(const char *text, int owned_fd, Message *ret, Error *err) {
        autoframe frame = FRAME_INIT;

        frame.bytes = string_copy(text);
        frame.length = strlen(text);
        if (owned_fd >= 0)
                frame.fds[frame.fd_count++] = owned_fd;
        return message_parse(&frame, ret, err);
}

static void requests_are_taken(void **state) {
        Message message;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(
                parse(REQUEST "\"form\":false,\"body\":\"inline\"}\n[1]", -1, &message, &err), 0);
        assert_int_equal(message.op, MESSAGE_REQUEST);
        assert_int_equal(message.connection, 1);
        assert_int_equal(message.request, 2);
        assert_true(message.may_interact);
        assert_string_equal(message_get_method(&message), "POST");
        assert_string_equal(message_get_path(&message), "/x");
        assert_int_equal(json_array_size(message.body), 1);
        message_done(&message);
}

static void forms_name_their_files(void **state) {
        Message message;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(parse(FORM "{\"fields\":{\"a\":\"1\"},\"files\":[{\"field\":\"snap\","
                                    "\"filename\":\"f\",\"size\":0,\"upload\":9}]}",
                               -1, &message, &err),
                         0);
        assert_int_equal(message.file_count, 1);
        assert_string_equal(message.files[0].filename, "f");
        assert_int_equal(message.files[0].upload, 9);
        message_done(&message);
}

static void a_sealed_memory_file_is_a_body(void **state) {
        Message message;
        Error err = ERROR_INIT;

        (void)state;
        int fd = memfd_new_sealed("body", "{\"k\":1}", 7, &err);
        assert_int_equal(parse(REQUEST "\"body\":\"memfd\"}", fd, &message, &err), 0);
        assert_int_equal(json_get_int(message.body, "k", 0), 1);
        message_done(&message);
}

static int new_open_memory(void) {
        int fd = memfd_create("open", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        assert_int_equal(write(fd, "{}", 2), 2);
        return fd;
}

static int new_pipe_end(void) {
        int fds[2];

        assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
        (void)close(fds[1]);
        return fds[0];
}

static int new_large_memory(void) {
        int fd = memfd_create("large", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        assert_int_equal(ftruncate(fd, HTTP_BODY_REWRITTEN_SIZE_MAX + 1), 0);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK), 0);
        return fd;
}

static const struct {
        const char *text;
        int (*new_fd)(void); /* NULL = none */
} BAD[] = {
        { "x", NULL },
        { "", NULL },
        { "\n", NULL },
        { "[]", NULL },
        { "{}", NULL },
        { "{\"op\":1}", NULL },
        { "{\"op\":\"stop\"}", NULL },
        { "{\"op\":\"reply\",\"connection\":1,\"request\":1}", NULL },
        { "{\"op\":\"idle\"}x", NULL },
        { "{\"op\":\"idle\"}\n", NULL },
        { "{\"op\":\"idle\"}", new_open_memory },
        { "{\"op\":\"idle\",\"op\":\"closed\",\"connection\":1}", NULL },
        { "{\"op\":\"closed\"}", NULL },
        { "{\"op\":\"closed\",\"connection\":0}", NULL },
        { "{\"op\":\"closed\",\"connection\":-1}", NULL },
        { "{\"op\":\"closed\",\"connection\":\"1\"}", NULL },
        { "{\"op\":\"closed\",\"connection\":1.0}", NULL },
        { "{\"op\":\"closed\",\"connection\":99999999999999999999}", NULL },
        { "{\"op\":\"upload\",\"connection\":1,\"request\":1}", NULL },
        { "{\"op\":\"upload\",\"connection\":1,\"request\":1,\"method\":\"POST\",\"path\":\"/\"}\nx",
          NULL },
        { "{\"op\":\"upload\",\"connection\":1,\"request\":1,\"method\":\"POST\",\"path\":\"x\"}",
          NULL },
        { "{\"op\":\"upload\",\"connection\":1,\"request\":1,\"method\":\"\",\"path\":\"/\"}",
          NULL },
        { "{\"op\":\"upload\",\"connection\":1,\"request\":1,\"method\":\"POST\",\"path\":\"/\\u0001\"}",
          NULL },
        { REQUEST "\"body\":\"none\"}", new_open_memory },
        { REQUEST "\"body\":\"none\"}\n{}", NULL },
        { REQUEST "\"body\":\"inline\"}", NULL },
        { REQUEST "\"body\":\"inline\"}\n", NULL },
        { REQUEST "\"body\":\"inline\"}\n{", NULL },
        { REQUEST "\"body\":\"inline\"}\n{}", new_open_memory },
        { REQUEST "\"body\":\"file\"}", new_open_memory },
        { REQUEST "\"body\":\"memfd\"}", NULL },
        { REQUEST "\"body\":\"memfd\"}", new_open_memory },
        { REQUEST "\"body\":\"memfd\"}", new_pipe_end },
        { REQUEST "\"body\":\"memfd\"}", new_large_memory },
        { REQUEST "\"query\":{},\"body\":\"none\"}", NULL },
        { "{\"op\":\"request\",\"connection\":1,\"request\":2,\"method\":\"GET\",\"path\":\"/\","
          "\"query\":{\"a\":\"b\"},\"headers\":{},\"body\":\"none\"}",
          NULL },
        { "{\"op\":\"request\",\"connection\":1,\"request\":2,\"method\":\"GET\",\"path\":\"/\","
          "\"query\":{\"a\":[]},\"headers\":{},\"body\":\"none\"}",
          NULL },
        { "{\"op\":\"request\",\"connection\":1,\"request\":2,\"method\":\"GET\",\"path\":\"/\","
          "\"query\":{},\"headers\":{\"a\":1},\"body\":\"none\"}",
          NULL },
        { REQUEST "\"form\":true,\"body\":\"none\"}", NULL },
        { FORM "[]", NULL },
        { FORM "{\"fields\":{},\"files\":{}}", NULL },
        { FORM "{\"fields\":{\"a\":1},\"files\":[]}", NULL },
        { FORM "{\"fields\":{},\"files\":[1]}", NULL },
        { FORM "{\"fields\":{},\"files\":[{\"filename\":\"f\",\"size\":1}]}", NULL },
        { FORM "{\"fields\":{},\"files\":[{\"filename\":\"f\",\"size\":-1,\"upload\":1}]}", NULL },
        { FORM "{\"fields\":{},\"files\":[{\"size\":1,\"upload\":1}]}", NULL },
};

static void nonsense_is_refused(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(BAD); i++) {
                Message message;
                Error err = ERROR_INIT;
                int fd = BAD[i].new_fd ? BAD[i].new_fd() : -1;
                if (parse(BAD[i].text, fd, &message, &err) >= 0)
                        fail_msg("%s was taken", BAD[i].text);
                assert_true(err.message[0] != '\0');
        }
}

static void deep_json_is_refused(void **state) {
        autotext text = TEXT_INIT;
        Message message;
        Error err = ERROR_INIT;

        (void)state;
        text_append(&text, REQUEST "\"form\":false,\"body\":\"inline\"}\n");
        for (int i = 0; i < 10000; i++)
                text_append(&text, "[");
        assert_int_equal(parse(text.bytes, -1, &message, &err), -1);
}

static void too_many_files_are_refused(void **state) {
        autotext text = TEXT_INIT;
        Message message;
        Error err = ERROR_INIT;

        (void)state;
        text_append(&text, FORM "{\"fields\":{},\"files\":[");
        for (int i = 0; i <= HTTP_UPLOAD_COUNT_MAX; i++)
                text_append_format(&text, "%s{\"filename\":\"f\",\"size\":1,\"upload\":%d}",
                                   i ? "," : "", i + 1);
        text_append(&text, "]}");
        assert_int_equal(parse(text.bytes, -1, &message, &err), -1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(requests_are_taken),
                cmocka_unit_test(forms_name_their_files),
                cmocka_unit_test(a_sealed_memory_file_is_a_body),
                cmocka_unit_test(nonsense_is_refused),
                cmocka_unit_test(deep_json_is_refused),
                cmocka_unit_test(too_many_files_are_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
