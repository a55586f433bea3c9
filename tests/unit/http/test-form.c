/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <sys/mman.h>

#include "base/json.h"
#include "base/limits.h"
#include "http/form.h"
#include "unit.h"

#define TYPE  "multipart/form-data; boundary=b"
#define FIELD "--b\r\nContent-Disposition: form-data; name="
#define FILE_ "; filename="
#define BODY  "\r\n\r\n"

/* Feeds all of it, giving memory files numbered from 1; returns how many were asked for. */
static int feed(Form *form, const char *text, Error *err) {
        const char *input = text;
        size_t left = strlen(text);
        int asked = 0;
        int outcome;

        while ((outcome = form_feed(form, &input, &left, err)) == FORM_WANTS_FILE) {
                asked++;
                form_give_file(form, memfd_create("file", MFD_CLOEXEC), (uint64_t)asked);
        }
        return outcome < 0 ? -1 : asked;
}

static void the_first_of_equal_fields_counts(void **state) {
        Form form;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(form_init(&form, TYPE, &err), 0);
        assert_int_equal(feed(&form, FIELD "a" BODY "1\r\n" FIELD "a" BODY "2\r\n--b--", &err), 0);
        assert_true(form.is_complete);
        assert_string_equal(json_get_string(form.fields, "a", ""), "1");
        form_done(&form);
}

static void a_file_goes_to_its_descriptor(void **state) {
        Form form;
        Error err = ERROR_INIT;
        const char *input = FIELD "snap" FILE_ "x" BODY "12345";
        size_t left = strlen(input);
        char bytes[6] = "";

        (void)state;
        assert_int_equal(form_init(&form, TYPE, &err), 0);
        assert_int_equal(form_feed(&form, &input, &left, &err), FORM_WANTS_FILE);
        assert_int_equal(left, 5);
        int fd = memfd_create("file", MFD_CLOEXEC);
        form_give_file(&form, dup(fd), 7);
        assert_int_equal(form_feed(&form, &input, &left, &err), 0);
        assert_int_equal(feed(&form, "\r\n--b--", &err), 0);
        autofree char *files = json_format(form.files);
        assert_string_equal(files,
                            "[{\"field\":\"snap\",\"filename\":\"x\",\"size\":5,\"upload\":7}]");
        assert_int_equal(form.file_fd, -1);
        assert_int_equal(pread(fd, bytes, 5, 0), 5);
        assert_string_equal(bytes, "12345");
        (void)close(fd);
        form_done(&form);
}

static void too_many_files_are_refused(void **state) {
        autotext text = TEXT_INIT;
        Form form;
        Error err = ERROR_INIT;

        (void)state;
        for (int i = 0; i <= HTTP_UPLOAD_COUNT_MAX; i++)
                text_append(&text, FIELD "snap" FILE_ "x" BODY "1\r\n");
        assert_int_equal(form_init(&form, TYPE, &err), 0);
        assert_int_equal(feed(&form, text.bytes, &err), -1);
        assert_int_equal(err.kind, ERROR_TOO_LARGE);
        form_done(&form);
}

/* In many small fields as well as in one. */
static void fields_are_bounded_together(void **state) {
        autofree char *value = memory_new(100001);
        Form form;
        Error err = ERROR_INIT;
        int outcome = 0;
        int count = 0;

        (void)state;
        memset(value, 'x', 100000);
        assert_int_equal(form_init(&form, TYPE, &err), 0);
        while (outcome == 0 && count++ < 20) {
                autofree char *text = string_format(FIELD "f%d" BODY "%s\r\n", count, value);
                outcome = feed(&form, text, &err);
        }
        assert_int_equal(outcome, -1);
        assert_int_equal(err.kind, ERROR_TOO_LARGE);
        assert_int_equal(count, HTTP_BODY_SIZE_MAX / 100000 + 1);
        form_done(&form);
}

static void a_field_that_is_no_text_is_refused(void **state) {
        Form form;
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(form_init(&form, TYPE, &err), 0);
        assert_int_equal(feed(&form, FIELD "a" BODY "\xff\r\n--b--", &err), -1);
        assert_string_equal(err.message, "form field \"a\" is not text");
        form_done(&form);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_first_of_equal_fields_counts),
                cmocka_unit_test(a_file_goes_to_its_descriptor),
                cmocka_unit_test(too_many_files_are_refused),
                cmocka_unit_test(fields_are_bounded_together),
                cmocka_unit_test(a_field_that_is_no_text_is_refused),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
