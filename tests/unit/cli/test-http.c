/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "../unit.h"
#include "base/file.h"
#include "cli/http.h"

/* The size of the pieces a reply comes in: whole, and byte by byte. */
static const size_t pieces[] = { SIZE_MAX, 1, 3 };

static int parse(const char *bytes, size_t length, size_t piece, HttpParser *parser) {
        Error err = ERROR_INIT;
        int outcome = 0;
        for (size_t at = 0; at < length && outcome == 0;) {
                size_t used, size = length - at < piece ? length - at : piece;
                outcome = http_parser_feed(parser, bytes + at, size, &used, &err);
                at += size;
        }
        if (outcome == 0)
                outcome = http_parser_finish(parser, &err);
        assert_true(outcome > 0 || *err.message != '\0');
        return outcome;
}

static void expect_body(const char *reply, int status, const char *body) {
        for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) {
                autohttp parser = HTTP_PARSER_INIT;
                assert_int_equal(parse(reply, strlen(reply), pieces[i], &parser), 1);
                assert_int_equal(parser.status, status);
                assert_string_equal(parser.body.bytes == NULL ? "" : parser.body.bytes, body);
        }
}

static void a_body_ends_where_its_reply_says(void **state) {
        (void)state;
        expect_body("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello");
        expect_body("HTTP/1.1 404 Not Found\r\ncontent-length:0\r\n\r\n", 404, "");
        expect_body(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
                200, "hello");
        expect_body("HTTP/1.1 200 OK\r\n\r\nhello", 200, "hello");
        expect_body(
                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 1\r\n\r\nx",
                202, "x");
}

static void a_connection_is_kept_only_where_the_end_is_known(void **state) {
        (void)state;
        static const struct {
                const char *reply;
                bool is_closing;
        } cases[] = {
                { "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx", false },
                { "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", true },
                { "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", true },
                { "HTTP/1.1 200 OK\r\n\r\nx", true },
        };
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autohttp parser = HTTP_PARSER_INIT;
                assert_int_equal(parse(cases[i].reply, strlen(cases[i].reply), SIZE_MAX, &parser),
                                 1);
                assert_int_equal(parser.is_closing, cases[i].is_closing);
        }
}

static void a_head_without_end_is_refused(void **state) {
        (void)state;
        Error err = ERROR_INIT;
        autohttp parser = HTTP_PARSER_INIT;
        static const char line[] = "X-Filler: 0123456789012345678901234567890123456789\r\n";
        size_t used, count = 0;
        assert_int_equal(http_parser_feed(&parser, "HTTP/1.1 200 OK\r\n", 17, &used, &err), 0);
        while (http_parser_feed(&parser, line, sizeof line - 1, &used, &err) == 0)
                assert_true(++count < HTTP_REPLY_HEAD_MAX);
        assert_int_equal(err.kind, ERROR_TOO_LARGE);
        assert_true(count > 100);
}

static void a_body_over_the_limit_is_refused(void **state) {
        (void)state;
        Error err = ERROR_INIT;
        autohttp parser = HTTP_PARSER_INIT;
        char reply[128];
        size_t used;
        (void)snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n",
                       HTTP_REPLY_BODY_MAX + 1);
        assert_int_equal(http_parser_feed(&parser, reply, strlen(reply), &used, &err), -1);
}

static void bytes_after_a_reply_are_left(void **state) {
        (void)state;
        Error err = ERROR_INIT;
        autohttp parser = HTTP_PARSER_INIT;
        static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxREST";
        size_t used;
        assert_int_equal(http_parser_feed(&parser, reply, sizeof reply - 1, &used, &err), 1);
        assert_string_equal(reply + used, "REST");
}

/* Each file of the corpus is named for its outcome. */
static void the_corpus_gives_what_its_names_say(void **state) {
        (void)state;
        const char *path = getenv("PAWL_CORPUS");
        DIR *folder = opendir(path == NULL ? PAWL_CORPUS_DEFAULT : path);
        size_t count = 0;
        assert_non_null(folder);
        for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
                if (*entry->d_name == '.')
                        continue;
                Error err = ERROR_INIT;
                autofree char *bytes = NULL;
                size_t length;
                autofd int fd = openat(dirfd(folder), entry->d_name, O_RDONLY | O_CLOEXEC);
                assert_int_equal(file_read_all(fd, 1 << 20, &bytes, &length, &err), 0);
                for (size_t i = 0; i < ARRAY_COUNT(pieces); i++) {
                        autohttp parser = HTTP_PARSER_INIT;
                        int outcome = parse(bytes, length, pieces[i], &parser);
                        if (outcome != (string_has_prefix(entry->d_name, "good-") ? 1 : -1))
                                fail_msg("%s gives %d", entry->d_name, outcome);
                }
                count++;
        }
        (void)closedir(folder);
        assert_true(count >= 25);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(a_body_ends_where_its_reply_says),
                cmocka_unit_test(a_connection_is_kept_only_where_the_end_is_known),
                cmocka_unit_test(a_head_without_end_is_refused),
                cmocka_unit_test(a_body_over_the_limit_is_refused),
                cmocka_unit_test(bytes_after_a_reply_are_left),
                cmocka_unit_test(the_corpus_gives_what_its_names_say),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
