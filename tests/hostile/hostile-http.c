/* SPDX-License-Identifier: Apache-2.0
 *
 * hostile-http: what `pawl-http` would be if a client took it over.  It sits in the same cell and
 * does what its client asks for: "GET /attack/NAME" tries something, "GET /honest" behaves.  What
 * an attack got is its answer; none comes when the attack was the process's end.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "http/lock.h"
#include "wire/frame.h"

#define CONTROL    3
#define CLIENT_MAX 16

#define HEAD(op) "{\"op\":\"" op "\",\"connection\":%llu,\"request\":%llu,"
#define WORDS \
        "\"method\":\"GET\",\"path\":\"/v2/echo\",\"query\":{},\"headers\":{},\"interaction\":false,"
#define UPLOAD HEAD("upload") "\"method\":\"POST\",\"path\":\"/v2/snaps\",\"filename\":\"x\"}"
#define FORM                                                                      \
        HEAD("request")                                                           \
        "\"method\":\"POST\",\"path\":\"/v2/snaps\",\"query\":{},\"headers\":{}," \
        "\"interaction\":false,\"form\":true,\"body\":\"inline\"}\n"              \
        "{\"fields\":{},\"files\":[{\"field\":\"snap\",\"filename\":\"x\",\"size\":%d,\"upload\":%d}]}"

typedef unsigned long long Number;

static struct {
        Number number;
        int fd;
} clients[CLIENT_MAX];
static Number last_request;
static pid_t daemon_pid;

static void send_bytes(const void *bytes, size_t length, const int *fds, size_t fd_count) {
        Error err = ERROR_INIT;

        (void)frame_send(CONTROL, bytes, length, fds, fd_count, &err);
}

printf_like(1, 2) static void say(const char *format, ...) {
        char text[8192];
        va_list values;

        va_start(values, format);
        int length = vsnprintf(text, sizeof(text), format, values);
        va_end(values);
        send_bytes(text, (size_t)length, NULL, 0);
}

static void add_client(Frame *frame) {
        autojson head = NULL;
        Error err = ERROR_INIT;

        if (json_parse(frame->bytes, frame->length, &head, &err) < 0)
                return;
        for (size_t i = 0; i < CLIENT_MAX; i++) {
                if (clients[i].number != 0)
                        continue;
                clients[i].number = (Number)json_get_int(head, "connection", 0);
                clients[i].fd = frame_take_fd(frame, 0);
                return;
        }
}

/* The next frame that is not a new client; what a caller does not want of it is closed. */
static void hear(Frame *ret) {
        Error err = ERROR_INIT;

        for (;;) {
                autoframe frame = FRAME_INIT;
                if (frame_receive(CONTROL, &frame, &err) < 0)
                        _exit(0);
                if (strstr(frame.bytes, "\"op\":\"stop\""))
                        _exit(0);
                if (!strstr(frame.bytes, "\"op\":\"connection\"")) {
                        *ret = frame;
                        frame = FRAME_INIT;
                        return;
                }
                add_client(&frame);
        }
}

/* What the daemon says to what was just said; forever nothing when it kills us. */
static char *hear_text(void) {
        autoframe frame = FRAME_INIT;

        hear(&frame);
        return string_format("%zu descriptors %s", frame.fd_count, frame.bytes);
}

/* --- what may be said on the control socket ----------------------------------------------------
 */

static char *honest(Number self) {
        say(HEAD("request") WORDS "\"form\":false,\"body\":\"none\"}", self, ++last_request);
        return hear_text();
}

/* Every number that was given to anybody, but its own. */
static char *foreign_connection(Number self) {
        for (Number other = 1; other < self; other++)
                say(HEAD("request") WORDS "\"form\":false,\"body\":\"none\"}", other,
                    ++last_request);
        return hear_text();
}

static char *future_connection(Number self) {
        say(HEAD("request") WORDS "\"form\":false,\"body\":\"none\"}", self + 1000, ++last_request);
        return hear_text();
}

static char *close_foreign(Number self) {
        for (Number other = 1; other < self; other++)
                say("{\"op\":\"closed\",\"connection\":%llu}", other);
        return hear_text();
}

static char *reply_for_others(Number self) {
        for (Number other = 1; other < self; other++)
                say(HEAD("reply") "\"status\":200,\"headers\":{},\"body\":\"none\"}", other,
                    last_request);
        return hear_text();
}

static char *stop_daemon(Number self) {
        (void)self;
        say("{\"op\":\"stop\"}");
        return hear_text();
}

/* Claims that nobody asked for: the daemon knows better. */
static char *speak_as_root(Number self) {
        say(HEAD("request") WORDS "\"uid\":0,\"pid\":1,\"peer\":{\"uid\":0},\"confined\":false,"
                                  "\"form\":false,\"body\":\"none\"}",
            self, ++last_request);
        return hear_text();
}

static char *garbage(Number self) {
        char bytes[512];

        (void)self;
        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (char)(i * 37 + 11);
        send_bytes(bytes, sizeof(bytes), NULL, 0);
        return hear_text();
}

static char *send_raw(size_t length, size_t fd_count) {
        union {
                struct cmsghdr header;
                char space[CMSG_SPACE(sizeof(int) * 253)];
        } control = { 0 };
        autofree char *bytes = memory_new(length);
        struct iovec content = { .iov_base = bytes, .iov_len = length };
        struct msghdr message = { .msg_iov = &content, .msg_iovlen = 1 };

        memset(bytes, ' ', length);
        if (fd_count > 0) {
                message.msg_control = control.space;
                message.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
                control.header.cmsg_level = SOL_SOCKET;
                control.header.cmsg_type = SCM_RIGHTS;
                control.header.cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
                /* All zero: as often as it likes, descriptor 0. */
        }
        if (sendmsg(CONTROL, &message, MSG_NOSIGNAL) < 0)
                return string_format("cannot send: %d", errno);
        return hear_text();
}

static char *giant_frame(Number self) {
        (void)self;
        return send_raw(190000, 0);
}

static char *thousand_descriptors(Number self) {
        (void)self;
        for (int i = 0; i < 3; i++)
                free(send_raw(2, 253));
        return send_raw(2, 253);
}

static char *many_descriptors_in_good_frames(Number self) {
        int fds[FRAME_FD_COUNT_MAX] = { 0 };
        autofree char *text = string_format(
                HEAD("request") WORDS "\"form\":false,\"body\":\"memfd\"}", self, ++last_request);

        send_bytes(text, strlen(text), fds, FRAME_FD_COUNT_MAX);
        return hear_text();
}

static char *send_body_file(Number self, int owned_fd) {
        autofd int fd = owned_fd;
        autofree char *text = string_format(
                HEAD("request") WORDS "\"form\":false,\"body\":\"memfd\"}", self, ++last_request);

        send_bytes(text, strlen(text), &fd, 1);
        return hear_text();
}

static char *unsealed_body(Number self) {
        int fd = memfd_create("body", MFD_CLOEXEC);

        (void)!write(fd, "{}", 2);
        return send_body_file(self, fd);
}

static char *endless_body(Number self) {
        return send_body_file(self, fcntl(0, F_DUPFD_CLOEXEC, 10));
}

static char *deep_json(Number self) {
        autotext text = TEXT_INIT;

        text_append_format(&text, HEAD("request") WORDS "\"form\":false,\"body\":\"inline\"}\n",
                           self, ++last_request);
        for (int i = 0; i < 10000; i++)
                text_append(&text, "[");
        send_bytes(text.bytes, text.length, NULL, 0);
        return hear_text();
}

static char *answered_number_again(Number self) {
        free(honest(self));
        say(HEAD("request") WORDS "\"form\":false,\"body\":\"none\"}", self, last_request);
        return hear_text();
}

/* Asks and asks and never listens: what piles up at the daemon is bounded. */
static char *never_listens(Number self) {
        for (int i = 0; i < 3000; i++)
                say(HEAD("request") "\"method\":\"GET\",\"path\":\"/v2/big\",\"query\":{\"size\":[\"40000\"]},"
                                    "\"headers\":{},\"interaction\":false,\"form\":false,\"body\":\"none\"}",
                    self, ++last_request);
        return string_copy("all was said");
}

static char *upload(Number self) {
        say(UPLOAD, self, ++last_request);
        return hear_text();
}

/* A file of its own, with the right to write it kept while it is handed in. */
static char *keep_writing(Number self) {
        autoframe frame = FRAME_INIT;

        say(UPLOAD, self, ++last_request);
        hear(&frame);
        if (frame.fd_count == 0)
                return string_copy("refused");
        const char *number = strstr(frame.bytes, "\"upload\":");
        say(FORM, self, last_request, 0, number ? (int)strtol(number + 9, NULL, 10) : 0);
        return hear_text();
}

static char *too_many_uploads(Number self) {
        last_request++;
        for (int i = 0; i < 17; i++)
                say(UPLOAD, self, last_request);
        for (int i = 0; i < 16; i++)
                free(hear_text());
        return hear_text();
}

static char *foreign_upload(Number self) {
        say(FORM, self, ++last_request, 0, 1);
        return hear_text();
}

/* --- what may be tried on the machine ----------------------------------------------------------
 */

static char *say_result(const char *what, long result) {
        return string_format("%s: %ld errno %d", what, result, result < 0 ? errno : 0);
}

static char *try_ptrace(Number self) {
        (void)self;
        return say_result("ptrace", ptrace(PTRACE_ATTACH, daemon_pid, NULL, NULL));
}

static char *try_kill(Number self) {
        (void)self;
        return say_result("kill", kill(daemon_pid, SIGKILL));
}

static char *try_kill_all(Number self) {
        (void)self;
        return say_result("kill", kill(-1, SIGKILL));
}

static char *try_open(Number self) {
        (void)self;
        return say_result("open", syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY));
}

static char *try_memory(Number self) {
        char byte;
        struct iovec local = { &byte, 1 };

        (void)self;
        return say_result("process_vm_readv",
                          process_vm_readv(daemon_pid, &local, 1, &local, 1, 0));
}

static char *try_socket(Number self) {
        (void)self;
        return say_result("socket", syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0));
}

static char *try_fork(Number self) {
        (void)self;
        return say_result("fork", syscall(SYS_fork));
}

static char *try_exec(Number self) {
        char *const argv[] = { NULL };

        (void)self;
        return say_result("exec", syscall(SYS_execve, "/bin/sh", argv, argv));
}

static char *try_pidfd(Number self) {
        (void)self;
        return say_result("pidfd_open", syscall(SYS_pidfd_open, daemon_pid, 0));
}

static char *try_setuid(Number self) {
        (void)self;
        return say_result("setuid", syscall(SYS_setuid, 0));
}

static char *try_executable_memory(Number self) {
        (void)self;
        void *page = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return say_result("mmap", page == MAP_FAILED ? -1 : 0);
}

static const struct {
        const char *name;
        char *(*attack)(Number self);
} ATTACKS[] = {
        { "honest", honest },
        { "foreign-connection", foreign_connection },
        { "future-connection", future_connection },
        { "close-foreign", close_foreign },
        { "reply-for-others", reply_for_others },
        { "stop-daemon", stop_daemon },
        { "speak-as-root", speak_as_root },
        { "garbage", garbage },
        { "giant-frame", giant_frame },
        { "thousand-descriptors", thousand_descriptors },
        { "descriptors-in-a-good-frame", many_descriptors_in_good_frames },
        { "unsealed-body", unsealed_body },
        { "endless-body", endless_body },
        { "deep-json", deep_json },
        { "answered-number-again", answered_number_again },
        { "never-listens", never_listens },
        { "upload", upload },
        { "keep-writing", keep_writing },
        { "too-many-uploads", too_many_uploads },
        { "foreign-upload", foreign_upload },
        { "ptrace", try_ptrace },
        { "kill", try_kill },
        { "kill-all", try_kill_all },
        { "open", try_open },
        { "memory", try_memory },
        { "socket", try_socket },
        { "fork", try_fork },
        { "exec", try_exec },
        { "pidfd", try_pidfd },
        { "setuid", try_setuid },
        { "executable-memory", try_executable_memory },
};

static void answer(size_t i, const char *text) {
        autofree char *reply = string_format("HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                                             strlen(text), text);

        (void)send(clients[i].fd, reply, strlen(reply), MSG_NOSIGNAL);
}

static void serve(size_t i) {
        char request[4096];
        ssize_t length = recv(clients[i].fd, request, sizeof(request) - 1, 0);

        if (length <= 0) {
                say("{\"op\":\"closed\",\"connection\":%llu}", clients[i].number);
                (void)close(clients[i].fd);
                clients[i].number = 0;
                return;
        }
        request[length] = '\0';
        request[strcspn(request, "\r\n")] = '\0';
        for (size_t k = 0; k < ARRAY_COUNT(ATTACKS); k++) {
                autofree char *line = string_format("GET /attack/%s HTTP/1.1", ATTACKS[k].name);
                if (!string_equal(line, request))
                        continue;
                autofree char *text = ATTACKS[k].attack(clients[i].number);
                answer(i, text);
                return;
        }
        answer(i, "no such attack");
}

static void turn(void) {
        struct pollfd watched[CLIENT_MAX + 1] = { { .fd = CONTROL, .events = POLLIN } };
        autoframe frame = FRAME_INIT;
        Error err = ERROR_INIT;

        for (size_t i = 0; i < CLIENT_MAX; i++)
                watched[i + 1] = (struct pollfd){ .fd = clients[i].number ? clients[i].fd : -1,
                                                  .events = POLLIN };
        (void)poll(watched, CLIENT_MAX + 1, -1);
        for (size_t i = 0; i < CLIENT_MAX; i++)
                if (watched[i + 1].revents)
                        serve(i);
        if (!watched[0].revents)
                return;
        if (frame_receive(CONTROL, &frame, &err) < 0)
                _exit(0);
        if (strstr(frame.bytes, "\"op\":\"connection\""))
                add_client(&frame);
}

int main(int argc, char **argv) {
        uint64_t uid = 0;
        Error err = ERROR_INIT;

        daemon_pid = getppid();
        json_object_seed(0);
        if (argc < 2 || string_parse_u64(argv[1], UINT32_MAX, &uid, &err) < 0 ||
            lock_in(CONTROL, (uint32_t)uid, &err) < 0)
                return 1;
        for (;;)
                turn();
}
