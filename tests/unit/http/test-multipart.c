/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "http/multipart.h"
#include "unit.h"

#define TYPE "multipart/form-data; boundary=xyz"

/* Everything that came out, as one line: "[name|filename]bytes." per part and "$" at the end. */
static int read_all(const char *type, const char *bytes, size_t length, size_t step, char **ret) {
        autotext out = TEXT_INIT;
        Multipart multipart;
        Error err = ERROR_INIT;
        int event = 0;

        if (multipart_init(&multipart, type, &err) < 0) {
                *ret = string_copy(err.message);
                return -1;
        }
        for (size_t offset = 0; offset < length && event >= 0; offset += step) {
                /* On the heap and of exact size, so that a read beyond it is seen. */
                size_t left = length - offset < step ? length - offset : step;
                autofree char *piece = memory_new(left);
                const char *input = piece;
                memcpy(piece, bytes + offset, left);
                do {
                        event = multipart_next(&multipart, &input, &left, &err);
                        if (event == MULTIPART_PART)
                                text_append_format(&out, "[%s|%s]", multipart.name,
                                                   multipart.filename ? multipart.filename : "-");
                        if (event == MULTIPART_BYTES)
                                text_append_bytes(&out, multipart.bytes, multipart.length);
                        if (event == MULTIPART_PART_END)
                                text_append(&out, ".");
                        if (event == MULTIPART_END)
                                text_append(&out, "$");
                } while (event >= 0 && left > 0);
        }
        multipart_done(&multipart);
        if (event < 0)
                text_append_format(&out, "!%s", err.message);
        *ret = text_take(&out);
        return event < 0 ? -1 : 0;
}

static const struct {
        const char *name;
        const char *type; /* NULL = TYPE */
        const char *body;
        const char *seen;
} CASES[] = {
        { "two fields", NULL,
          "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n"
          "--xyz\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n2\r\n--xyz--\r\n",
          "[a|-]1.[b|-]2.$" },
        { "a file", NULL,
          "--xyz\r\nContent-Disposition: form-data; name=\"snap\"; filename=\"x_1.snap\"\r\n"
          "Content-Type: application/octet-stream\r\n\r\nhsqs\r\n--xyz--",
          "[snap|x_1.snap]hsqs.$" },
        { "an empty part", NULL,
          "--xyz\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\r\n--xyz--\r\n", "[a|-].$" },
        { "no parts", NULL, "--xyz--\r\n", "$" },
        { "what looks like a boundary", NULL,
          "--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\n"
          "\r\n--xy\r\r\n--x\r\n-\r\n--xya\r\n\r\n--xyz\r\n"
          "Content-Disposition: form-data; name=b\r\n\r\n\r\r\n--xyz--",
          "[a|-]\r\n--xy\r\r\n--x\r\n-\r\n--xya\r\n.[b|-]\r.$" },
        { "text before and after", NULL,
          "hello\r\n--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--xyz--\r\nbye--xyz",
          "[a|-]1.$" },
        { "quoted boundary, case and blanks", "Multipart/Form-Data; charset=x ; BOUNDARY=\"a b\"",
          "--a b \t\r\nCONTENT-disposition:  form-data ; NAME = \"q\\\"\\\\r\" ; x=y\r\n\r\n1\r\n--a b--",
          "[q\"\\r|-]1.$" },
        { "other headers are ignored", NULL,
          "--xyz\r\nX: y\r\nContent-Disposition: form-data; name=a\r\nX-Z:\r\n\r\n1\r\n--xyz--",
          "[a|-]1.$" },
        { "an unfinished body", NULL,
          "--xyz\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--xy", "[a|-]1" },
        { "a part without a name", NULL,
          "--xyz\r\nContent-Disposition: form-data; filename=a\r\n\r\n1\r\n--xyz--",
          "!multipart: a part without a name" },
        { "a part without disposition", NULL, "--xyz\r\nX: y\r\n\r\n1\r\n--xyz--",
          "!multipart: a part without Content-Disposition" },
        { "an attachment", NULL, "--xyz\r\nContent-Disposition: attachment; name=a\r\n\r\n",
          "!multipart: a part is not form-data" },
        { "two dispositions", NULL,
          "--xyz\r\nContent-Disposition: form-data; name=a\r\n"
          "Content-Disposition: form-data; name=b\r\n\r\n",
          "!multipart: a part with two dispositions" },
        { "a quotation without end", NULL,
          "--xyz\r\nContent-Disposition: form-data; name=\"a\r\n\r\n",
          "!multipart: unfinished quotation" },
        { "a name that is not text", NULL,
          "--xyz\r\nContent-Disposition: form-data; name=\"\xff\"\r\n\r\n",
          "!multipart: a name is not UTF-8 text" },
        { "bare line feeds", NULL, "--xyz\nContent-Disposition: form-data; name=a\n\n1\n--xyz--",
          "!multipart: a line does not end in CR LF" },
        { "text behind a boundary", NULL, "--xyzz\r\n", "!multipart: text behind a boundary" },
        { "no boundary", "multipart/form-data", "",
          "multipart: Content-Type without a usable boundary" },
        { "an empty boundary", "multipart/form-data; boundary=", "",
          "multipart: Content-Type without a usable boundary" },
        { "a boundary of 71",
          "multipart/form-data; "
          "boundary=00000000001111111111222222222233333333334444444444555555555566666666667",
          "", "multipart: Content-Type without a usable boundary" },
        { "a boundary with a control character", "multipart/form-data; boundary=\"a\rb\"", "",
          "multipart: Content-Type without a usable boundary" },
};

/* The same must come out wherever the body is cut. */
static void same_for_every_piece_size(void **state) {
        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                size_t length = strlen(CASES[i].body);
                for (size_t step = 1; step <= length + 1; step++) {
                        autofree char *seen = NULL;
                        (void)read_all(CASES[i].type ? CASES[i].type : TYPE, CASES[i].body, length,
                                       step, &seen);
                        if (strcmp(seen, CASES[i].seen) != 0)
                                fail_msg("%s, %zu at a time: %s", CASES[i].name, step, seen);
                }
        }
}

static void a_long_header_line_is_refused(void **state) {
        autotext body = TEXT_INIT;
        autofree char *seen = NULL;

        (void)state;
        text_append(&body, "--xyz\r\nX: ");
        for (int i = 0; i < MULTIPART_LINE_MAX; i++)
                text_append(&body, "y");
        assert_int_equal(read_all(TYPE, body.bytes, body.length, body.length, &seen), -1);
        assert_string_equal(seen, "!multipart: bad header line");
}

static void many_headers_are_refused(void **state) {
        autotext body = TEXT_INIT;
        autofree char *seen = NULL;

        (void)state;
        text_append(&body, "--xyz\r\n");
        for (int i = 0; i <= MULTIPART_HEADER_COUNT_MAX; i++)
                text_append(&body, "X: y\r\n");
        assert_int_equal(read_all(TYPE, body.bytes, body.length, 7, &seen), -1);
        assert_string_equal(seen, "!multipart: too many headers in a part");
}

static void bytes_with_nul_pass_through(void **state) {
        static const char BODY[] =
                "--xyz\r\nContent-Disposition: form-data; name=a; filename=b\r\n\r\n"
                "a\0b\r\n\0--xyz\r\n--xyz--";
        Multipart multipart;
        Error err = ERROR_INIT;
        const char *input = BODY;
        size_t left = sizeof(BODY) - 1;
        size_t length = 0;

        (void)state;
        assert_int_equal(multipart_init(&multipart, TYPE, &err), 0);
        while (left > 0) {
                int event = multipart_next(&multipart, &input, &left, &err);
                assert_true(event >= 0);
                length += event == MULTIPART_BYTES ? multipart.length : 0;
        }
        multipart_done(&multipart);
        assert_int_equal(length, sizeof("a\0b\r\n\0--xyz") - 1);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(same_for_every_piece_size),
                cmocka_unit_test(a_long_header_line_is_refused),
                cmocka_unit_test(many_headers_are_refused),
                cmocka_unit_test(bytes_with_nul_pass_through),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
