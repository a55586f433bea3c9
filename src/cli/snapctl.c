/* SPDX-License-Identifier: Apache-2.0
 *
 * snapctl: what hooks call.  It hands its words to pawld on the socket for programs of packages,
 * prints what it is answered, and ends with the status it is told.  It runs inside the view of a
 * package, over whatever base that has or none, so it is linked statically.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/http.h"

#define SOCKET_PATH      "/run/snapd-snap.socket"
#define REPLY_TIMEOUT_MS 60000
#define PIECE_SIZE       16384

static const char USAGE[] = "usage: snapctl get [-d|-t] [--plug|--slot] :NAME [ATTRIBUTE ...]\n"
                            "       snapctl set [-s|-t] :NAME ATTRIBUTE=VALUE ...\n"
                            "       snapctl unset :NAME ATTRIBUTE ...\n"
                            "       snapctl is-connected PLUG-OR-SLOT | --list\n"
                            "For hooks of packages, while they run.\n";

static json_t *format_request(int argc, char **argv, const char *cookie, Error *err) {
        autojson words = json_array();

        for (int i = 1; i < argc; i++) {
                json_t *word = json_string(argv[i]);
                if (!word || i > SNAPCTL_ARGUMENT_COUNT_MAX) {
                        json_decref(word);
                        (void)error_set(err, ERROR_BAD_REQUEST,
                                        "an argument is no UTF-8 text, or there are more than %d",
                                        SNAPCTL_ARGUMENT_COUNT_MAX);
                        return NULL;
                }
                json_array_append_new(words, word);
        }
        return json_pack("{s:s%, s:O}", "context-id", cookie, strnlen(cookie, 256), "args", words);
}

static int connect_to_daemon(Error *err) {
        struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SOCKET_PATH };
        autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
                return error_set_errno(err, errno, "cannot reach pawld at %s", SOCKET_PATH);
        return take_fd(fd);
}

static int send_request(int fd, const json_t *request, Error *err) {
        autofree char *body = json_format(request);
        autofree char *text = string_format(
                "POST /v2/snapctl HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                strlen(body), body);
        size_t left = strlen(text);

        for (const char *at = text; left > 0;) {
                ssize_t sent = send(fd, at, left, MSG_NOSIGNAL);
                if (sent < 0 && errno == EINTR)
                        continue;
                if (sent < 0)
                        return error_set_errno(err, errno, "cannot ask pawld");
                at += sent;
                left -= (size_t)sent;
        }
        return 0;
}

/* More bytes of the reply: how many, 0 at its end. */
static int receive(int fd, int64_t deadline, char piece[PIECE_SIZE], Error *err) {
        for (;;) {
                struct pollfd wait = { .fd = fd, .events = POLLIN };
                int64_t left_ms = (deadline - clock_get_boot()) / 1000000;
                if (left_ms <= 0)
                        return error_set(err, ERROR_FAILED, "pawld does not answer");
                if (poll(&wait, 1, (int)left_ms) <= 0)
                        continue;
                ssize_t got = recv(fd, piece, PIECE_SIZE, 0);
                if (got >= 0)
                        return (int)got;
                if (errno != EINTR)
                        return error_set_errno(err, errno, "pawld's answer was cut off");
        }
}

static int receive_reply(int fd, HttpParser *parser, Error *err) {
        int64_t deadline = clock_get_boot() + REPLY_TIMEOUT_MS * 1000000LL;
        char piece[PIECE_SIZE];
        size_t used = 0;

        for (;;) {
                int got = receive(fd, deadline, piece, err);
                if (got < 0)
                        return -1;
                int whole = got == 0 ? http_parser_finish(parser, err)
                                     : http_parser_feed(parser, piece, (size_t)got, &used, err);
                if (whole != 0)
                        return whole < 0 ? -1 : 0;
                if (got == 0)
                        return error_set(err, ERROR_LOST, "pawld's answer was cut off");
        }
}

static int ask(const json_t *request, json_t **ret, Error *err) {
        autohttp parser = HTTP_PARSER_INIT;
        autofd int fd = connect_to_daemon(err);

        if (fd < 0 || send_request(fd, request, err) < 0 || receive_reply(fd, &parser, err) < 0)
                return -1;
        return json_parse(parser.body.bytes ? parser.body.bytes : "", parser.body.length, ret, err);
}

/* The status to end with. */
static int print_answer(const json_t *answer) {
        const json_t *result = json_object_get(answer, "result");
        bool is_error = strcmp(json_get_string(answer, "type", ""), "error") == 0;
        const json_t *value = is_error ? json_object_get(result, "value") : result;
        const char *kind = json_get_string(result, "kind", "");

        if (is_error && strcmp(kind, "unsuccessful") != 0) {
                (void)fprintf(stderr, "error: %s\n", json_get_string(result, "message", "refused"));
                return 1;
        }
        (void)fputs(json_get_string(value, "stdout", ""), stdout);
        (void)fputs(json_get_string(value, "stderr", ""), stderr);
        if (fflush(stdout) != 0)
                return 1;
        return is_error ? (int)json_get_int(value, "exit-code", 1) : 0;
}

int main(int argc, char **argv) {
        const char *cookie = getenv("SNAP_COOKIE") ?: getenv("SNAP_CONTEXT");
        autojson request = NULL;
        autojson answer = NULL;
        Error err = ERROR_INIT;

        if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
                (void)fputs(USAGE, argc < 2 ? stderr : stdout);
                return argc < 2;
        }
        request = format_request(argc, argv, cookie ? cookie : "", &err);
        if (!request || ask(request, &answer, &err) < 0) {
                (void)fprintf(stderr, "error: %s\n", err.message);
                return 1;
        }
        return print_answer(answer);
}
