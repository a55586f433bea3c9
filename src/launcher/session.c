/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/session.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "launcher/die.h"

static _Noreturn void die_unreachable(const char *root, const char *path, int number) {
        if (*root != '\0')
                die(number, "cannot reach pawld at %s; start it (pawld --root %s)", path, root);
        die(number, "cannot reach pawld at %s; start it (systemctl start pawld.socket, or pawld)",
            path);
}

void session_start(Session *session, const char *root, const LaunchRequest *request) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        const char *name = geteuid() == 0 ? "service" : "launch";
        autofree char *path = string_format("%s/run/pawl/%s.socket", root, name);
        autotext text = TEXT_INIT;
        Error err = ERROR_INIT;

        if (strlen(path) >= sizeof(address.sun_path))
                die(0, "the path of pawld's socket is too long: %s", path);
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        autofd int socket_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (socket_fd < 0)
                die(errno, "cannot make a socket");
        if (connect(socket_fd, (struct sockaddr *)&address, sizeof(address)) < 0)
                die_unreachable(root, path, errno);
        launch_request_format(request, &text);
        /* Who is refused at the door may find it closed already, with the reason to be read. */
        if (frame_send(socket_fd, text.bytes, text.length, NULL, 0, &err) < 0 &&
            err.kind != ERROR_LOST)
                die_error(&err);
        *session = (Session){ .socket = take_fd(socket_fd) };
}

static void receive_answer(Session *session, LaunchAnswer *ret) {
        Error err = ERROR_INIT;

        frame_done(&session->frame);
        int received = frame_receive(session->socket, &session->frame, &err);
        /* A closed door is reported first (once), and then what was said before it closed. */
        if (received < 0 && err.kind == ERROR_LOST)
                received = frame_receive(session->socket, &session->frame, &err);
        if (received < 0) {
                if (err.kind == ERROR_LOST)
                        die(0, "pawld ended during the launch; try again");
                die_error(&err);
        }
        if (launch_answer_parse(session->frame.bytes, session->frame.length, ret, &err) < 0)
                die_error(&err);
        if (ret->kind == LAUNCH_ANSWER_NO)
                die(0, "%s", ret->message);
}

static void read_plan_file(Session *session, LaunchAnswer *answer) {
        Error err = ERROR_INIT;
        size_t length = 0;
        LaunchAnswer inner;

        if (session->frame.fd_count == 0)
                die(0, "pawld sent a plan without its file");
        if (memfd_read_sealed(session->frame.fds[0], PLAN_SIZE_MAX, &session->plan, &length, &err) <
                    0 ||
            launch_answer_parse(session->plan, length, &inner, &err) < 0)
                die_error(&err);
        if (inner.kind != LAUNCH_ANSWER_PLAN)
                die(0, "pawld sent something else than a plan");
        session->first_fd = 1;
        *answer = inner;
}

void session_receive_plan(Session *session) {
        LaunchAnswer answer;

        for (receive_answer(session, &answer); answer.kind == LAUNCH_ANSWER_WAIT;
             receive_answer(session, &answer))
                log_line(LOG_LEVEL_INFO, "waiting: %s", answer.message);
        if (answer.kind == LAUNCH_ANSWER_PLAN_FILE)
                read_plan_file(session, &answer);
        if (answer.kind != LAUNCH_ANSWER_PLAN)
                die(0, "pawld answered out of turn");
        session->steps = answer.plan;
}

/* The plan's frame stays: its descriptors and its text are still in use. */
bool session_ask_go(Session *session) {
        autoframe reply = FRAME_INIT;
        Error err = ERROR_INIT;
        LaunchAnswer answer;

        if (frame_send(session->socket, "ready\n", 6, NULL, 0, &err) < 0 ||
            frame_receive(session->socket, &reply, &err) < 0)
                return false; /* a daemon that went away takes its plan with it */
        if (launch_answer_parse(reply.bytes, reply.length, &answer, &err) < 0)
                die_error(&err);
        if (answer.kind == LAUNCH_ANSWER_NO)
                die(0, "%s", answer.message);
        return answer.kind == LAUNCH_ANSWER_GO;
}
