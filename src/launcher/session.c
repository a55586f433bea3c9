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

/* A daemon that is being restarted is back within this time, or something is wrong. */
#define RECONNECT_MS     10
#define RECONNECT_MS_MAX 15000
#define TELL_MS          500
/* pawld itself gives up after LAUNCH_WAIT_MS_MAX and says why; this is for one that is stuck. */
#define SILENCE_S_MAX (LAUNCH_WAIT_MS_MAX / 1000 + 10)

static char *format_remedy(const char *root) {
        return *root == '\0' ? string_copy("start it (systemctl start pawld.socket, or pawld)")
                             : string_format("start it (pawld --root %s)", root);
}

/* A daemon that ends leaves its socket's name behind, as it may be back at once; where there is not
 * even that, none was started since the machine was, and nobody is kept waiting. */
static int connect_patiently(const char *root, const char *path) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        static const struct timeval bound = { .tv_sec = SILENCE_S_MAX };

        if (strlen(path) >= sizeof(address.sun_path))
                die(0, "the path of pawld's socket is too long: %s", path);
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        autofree char *remedy = format_remedy(root);
        autofd int socket_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        if (socket_fd < 0)
                die(errno, "cannot make a socket");
        (void)setsockopt(socket_fd, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof(bound));
        (void)setsockopt(socket_fd, SOL_SOCKET, SO_SNDTIMEO, &bound, sizeof(bound));
        for (unsigned i = 0; connect(socket_fd, (struct sockaddr *)&address, sizeof(address)) < 0;
             i++) {
                if (errno != ECONNREFUSED || i * RECONNECT_MS >= RECONNECT_MS_MAX)
                        die(errno, "cannot reach pawld at %s; %s", path, remedy);
                if (i * RECONNECT_MS == TELL_MS)
                        log_line(LOG_LEVEL_INFO, "waiting at most %d s: pawld is not running; %s",
                                 RECONNECT_MS_MAX / 1000, remedy);
                (void)usleep(RECONNECT_MS * 1000);
        }
        return take_fd(socket_fd);
}

void session_start(Session *session, const char *root, const LaunchRequest *request) {
        const char *name = geteuid() == 0 ? "service" : "launch";
        autofree char *path = string_format("%s/run/pawl/%s.socket", root, name);
        autotext text = TEXT_INIT;
        Error err = ERROR_INIT;

        autofd int socket_fd = connect_patiently(root, path);
        launch_request_format(request, &text);
        /* Who is refused at the door may find it closed already, with the reason to be read. */
        if (frame_send(socket_fd, text.bytes, text.length, NULL, 0, &err) < 0 &&
            err.kind != ERROR_LOST)
                die_error(&err);
        *session = (Session){ .socket = take_fd(socket_fd), .instead = -1 };
}

/* false = pawld went away, and what it said with it. */
static bool receive_answer(int socket, Frame *frame, LaunchAnswer *ret) {
        Error err = ERROR_INIT;

        frame_done(frame);
        int received = frame_receive(socket, frame, &err);
        /* A closed door is reported first (once), and then what was said before it closed. */
        if (received < 0 && err.kind == ERROR_LOST)
                received = frame_receive(socket, frame, &err);
        if (received < 0 && err.kind == ERROR_LOST)
                return false;
        if (received < 0)
                die_error(&err);
        if (received == 0)
                die(0, "pawld has not answered for %d s; see its log: journalctl -u pawld",
                    SILENCE_S_MAX);
        if (launch_answer_parse(frame->bytes, frame->length, ret, &err) < 0)
                die_error(&err);
        if (ret->kind == LAUNCH_ANSWER_NO)
                die(0, "%s", ret->message);
        return true;
}

static SessionOutcome take_instead(Session *session, Frame *frame) {
        session->instead = frame_take_fd(frame, 0);
        if (session->instead < 0)
                die(0, "pawld sent us to its own pawl-run, but not that program");
        return SESSION_OUTCOME_EXEC;
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

SessionOutcome session_receive_plan(Session *session) {
        LaunchAnswer answer;

        do {
                if (!receive_answer(session->socket, &session->frame, &answer))
                        return SESSION_OUTCOME_AGAIN;
                if (answer.kind == LAUNCH_ANSWER_WAIT)
                        log_line(LOG_LEVEL_INFO, "waiting: %s", answer.message);
        } while (answer.kind == LAUNCH_ANSWER_WAIT);
        if (answer.kind == LAUNCH_ANSWER_EXEC)
                return take_instead(session, &session->frame);
        if (answer.kind == LAUNCH_ANSWER_PLAN_FILE)
                read_plan_file(session, &answer);
        if (answer.kind != LAUNCH_ANSWER_PLAN)
                die(0, "pawld answered out of turn");
        session->steps = answer.plan;
        return SESSION_OUTCOME_PLAN;
}

/* The plan's frame stays: its descriptors and its text are still in use. */
static bool ask(Session *session, const char *line, LaunchAnswer *ret) {
        Error err = ERROR_INIT;

        return frame_send(session->socket, line, strlen(line), NULL, 0, &err) == 0 &&
               receive_answer(session->socket, &session->answer, ret);
}

SessionOutcome session_tell_unknown(Session *session, const char *word) {
        autotext line = TEXT_INIT;
        LaunchAnswer answer;

        launch_line_append(&line, "unknown", word, NULL);
        if (!ask(session, line.bytes, &answer))
                return SESSION_OUTCOME_AGAIN;
        if (answer.kind != LAUNCH_ANSWER_EXEC)
                die(0, "pawld answered out of turn");
        return take_instead(session, &session->answer);
}

SessionOutcome session_ask_go(Session *session) {
        LaunchAnswer answer;

        /* A daemon that went away takes its plan with it. */
        if (!ask(session, "ready\n", &answer))
                return SESSION_OUTCOME_AGAIN;
        if (answer.kind != LAUNCH_ANSWER_GO && answer.kind != LAUNCH_ANSWER_AGAIN)
                die(0, "pawld answered out of turn");
        return answer.kind == LAUNCH_ANSWER_GO ? SESSION_OUTCOME_GO : SESSION_OUTCOME_AGAIN;
}
