/* SPDX-License-Identifier: Apache-2.0
 *
 * echo-daemon SOCKET INCOMING HTTP-PROGRAM [IDLE-MS [TIMEOUT-S]]: front/ with an API that says what
 * it was asked, for the tests of the transport.  Ends when its stdin closes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "front/front.h"
#include "sandbox/helper.h"
#include "wire/envelope.h"

#define HELD_MAX 256

static struct {
        Front *front;
        uv_loop_t loop;
        Request *held[HELD_MAX];
        size_t held_count;
        unsigned long request_count;
        json_t *last_form; /* what the newest form was */
} echo;

static json_t *new_sync(json_t *owned_result) {
        json_t *envelope = json_object();

        json_put(envelope, "type", json_string("sync"));
        json_put(envelope, "status-code", json_integer(200));
        json_put(envelope, "status", json_string("OK"));
        json_put(envelope, "result", owned_result);
        return envelope;
}

static void reply_error(Request *request, ErrorKind kind, const char *message) {
        Error err = ERROR_INIT;

        (void)error_set(&err, kind, "%s", message);
        request_reply_json(request, error_kind_get_info(kind)->http_status,
                           envelope_new_error(&err));
}

/* Says of each file what only its bytes can tell, without reading gigabytes: size and first bytes.
 */
static json_t *list_files(const Request *request) {
        json_t *list = json_array();

        for (size_t i = 0; i < request->file_count; i++) {
                const RequestFile *file = &request->files[i];
                json_t *entry = json_object();
                char start[5] = "";
                struct stat st = { 0 };

                (void)!pread(file->fd, start, sizeof(start) - 1, 0);
                (void)fstat(file->fd, &st);
                json_put(entry, "filename", json_string(file->filename));
                json_put(entry, "size", json_integer((json_int_t)file->size));
                json_put(entry, "links", json_integer((json_int_t)st.st_nlink));
                json_put(entry, "start", json_string(start));
                json_put(entry, "writable",
                         json_boolean((fcntl(file->fd, F_GETFL) & O_ACCMODE) != O_RDONLY));
                json_put(entry, "offset", json_integer(lseek(file->fd, 0, SEEK_CUR)));
                (void)json_array_append_new(list, entry);
        }
        return list;
}

static void answer_echo(Request *request) {
        json_t *result = json_object();

        json_put(result, "method", json_string(request->method));
        json_put(result, "path", json_string(request->path));
        json_put(result, "query", json_incref(request->query));
        json_put(result, "headers", json_incref(request->headers));
        json_put(result, "body", request->body ? json_incref(request->body) : json_null());
        json_put(result, "form", json_boolean(request->is_form));
        json_put(result, "interaction", json_boolean(request->may_interact));
        json_put(result, "files", list_files(request));
        json_put(result, "uid", json_integer(request->peer.uid));
        json_put(result, "pid", json_integer(request->peer.pid));
        json_put(result, "has-pidfd", json_boolean(request->peer.pidfd >= 0));
        json_put(result, "confined", json_boolean(request->peer.is_confined));
        if (request->is_form) {
                json_decref(echo.last_form);
                echo.last_form = json_incref(result);
        }
        request_reply_json(request, 200, new_sync(result));
}

static void answer_last(Request *request) {
        request_reply_json(request, 200,
                           new_sync(echo.last_form ? json_incref(echo.last_form) : json_null()));
}

static void answer_stats(Request *request) {
        json_t *result = json_object();

        json_put(result, "connections",
                 json_integer((json_int_t)front_count_connections(echo.front)));
        json_put(result, "processes", json_integer((json_int_t)front_count_processes(echo.front)));
        json_put(result, "requests", json_integer((json_int_t)echo.request_count));
        json_put(result, "held", json_integer((json_int_t)echo.held_count));
        request_reply_json(request, 200, new_sync(result));
}

/* size= bytes of text: inline up to a bound, then in a memory file. */
static void answer_big(Request *request) {
        uint64_t size = 0;
        Error err = ERROR_INIT;

        if (string_parse_u64(request_get_query(request, "size", "100000"), 64u << 20, &size, &err) <
            0) {
                reply_error(request, ERROR_BAD_REQUEST, err.message);
                return;
        }
        autofree char *text = memory_new(size + 1);
        memset(text, 'x', size);
        request_reply_json(request, 200, new_sync(json_string(text)));
}

static void answer_file(Request *request) {
        int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

        request_reply_file(request, fd, "application/octet-stream", "some/dir/echo.bin");
}

static void answer_later(Request *request) {
        if (echo.held_count == HELD_MAX)
                reply_error(request, ERROR_BUSY, "too many held");
        else
                echo.held[echo.held_count++] = request;
}

static void release(Request *request) {
        for (size_t i = 0; i < echo.held_count; i++)
                answer_echo(echo.held[i]);
        echo.held_count = 0;
        answer_stats(request);
}

static void answer_mirror(Request *request) {
        request_reply_json(request, 200, new_sync(json_incref(request->body)));
}

static const struct {
        const char *path;
        void (*answer)(Request *request);
} ROUTES[] = {
        { "/v2/echo", answer_echo },     { "/v2/stats", answer_stats },
        { "/v2/big", answer_big },       { "/v2/file", answer_file },
        { "/v2/later", answer_later },   { "/v2/release", release },
        { "/v2/mirror", answer_mirror }, { "/v2/last", answer_last },
        { "/v2/snaps", answer_echo },
};

static void on_request(void *context, Request *request) {
        (void)context;
        echo.request_count++;
        for (size_t i = 0; i < ARRAY_COUNT(ROUTES); i++) {
                if (string_equal(request->path, ROUTES[i].path)) {
                        ROUTES[i].answer(request);
                        return;
                }
        }
        reply_error(request, ERROR_NOT_FOUND, "not found");
}

/* As the real one will: files are root's to send. */
static int may_upload(void *context, const Peer *peer, const char *method, const char *path,
                      Error *err) {
        (void)context;
        if (peer->uid != 0 || !string_equal(method, "POST") || !string_equal(path, "/v2/snaps"))
                return error_set(err, ERROR_ACCESS_DENIED, "access denied");
        return 0;
}

static int open_listener(const char *path, Error *err) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (snprintf(address.sun_path, sizeof(address.sun_path), "%s.new", path) >=
            (int)sizeof(address.sun_path))
                return error_set(err, ERROR_BAD_REQUEST, "the path is too long");
        /* Whoever sees its name can connect. */
        if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
            listen(fd, 128) < 0 || chmod(address.sun_path, 0666) < 0 ||
            rename(address.sun_path, path) < 0)
                return error_set_errno(err, errno, "cannot listen on %s", path);
        return take_fd(fd);
}

static void on_stdin(uv_poll_t *poll, int status, int events) {
        char ignored[64];

        (void)status;
        (void)events;
        if (read(STDIN_FILENO, ignored, sizeof(ignored)) <= 0) {
                (void)uv_poll_stop(poll);
                uv_stop(&echo.loop);
        }
}

static int start(char **argv, unsigned idle_ms, unsigned timeout_s, Error *err) {
        int incoming = directory_open(argv[2], err);
        int program = open(argv[3], O_PATH | O_CLOEXEC);
        int listener = open_listener(argv[1], err);

        if (incoming < 0 || program < 0 || listener < 0)
                return -1;
        helper_replace(HELPER_HTTP, program);
        FrontSetup setup = {
                .loop = &echo.loop,
                .incoming_directory = incoming,
                .on_request = on_request,
                .may_upload = may_upload,
                .idle_ms = idle_ms,
                .client_timeout_s = timeout_s,
        };
        echo.front = front_new(&setup);
        return front_add_listener(echo.front, listener, PEER_SOCKET_MAIN, err);
}

int main(int argc, char **argv) {
        uint64_t idle_ms = 0;
        uint64_t timeout_s = 0;
        Error err = ERROR_INIT;
        uv_poll_t in;

        log_init("echo-daemon");
        if (argc < 4 || uv_loop_init(&echo.loop) < 0 ||
            (argc > 4 && string_parse_u64(argv[4], 100000, &idle_ms, &err) < 0) ||
            (argc > 5 && string_parse_u64(argv[5], 100000, &timeout_s, &err) < 0) ||
            start(argv, (unsigned)idle_ms, (unsigned)timeout_s, &err) < 0) {
                log_error("cannot start: %s", err.message);
                return 1;
        }
        (void)uv_poll_init(&echo.loop, &in, STDIN_FILENO);
        (void)uv_poll_start(&in, UV_READABLE, on_stdin);
        (void)uv_run(&echo.loop, UV_RUN_DEFAULT);
        for (size_t i = 0; i < echo.held_count; i++)
                answer_echo(echo.held[i]);
        front_free(echo.front);
        json_decref(echo.last_form);
        uv_close((uv_handle_t *)&in, NULL);
        (void)uv_run(&echo.loop, UV_RUN_DEFAULT);
        (void)unlink(argv[1]);
        if (uv_loop_close(&echo.loop) < 0) {
                log_error("something is left in the loop");
                return 1;
        }
        return 0;
}
