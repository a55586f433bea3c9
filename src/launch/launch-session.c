/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/launch-session.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/log.h"
#include "launch/going.h"
#include "launch/plan-send.h"
#include "wire/frame.h"
#include "wire/generation.h"

#define QUIET_MS 500 /* what takes no longer is nobody told of */
#define UNKNOWN  "unknown "

/* ── the end of a session ── */

static void free_session(uv_handle_t *handle) {
        Session *session = handle->data;

        frame_close_stranger(session->socket);
        target_done(&session->target);
        free(session->request_text);
        free(session);
}

void session_close(Session *session) {
        SessionWorld *world = session->world;

        if (session->is_closing)
                return;
        session->is_closing = true;
        (void)uv_poll_stop(&session->poll);
        uv_close((uv_handle_t *)&session->poll, free_session);
        world->on_end(world->owner, session);
}

static void answer_with(Session *session, LaunchAnswerKind kind, const char *message, int file) {
        autotext text = TEXT_INIT;
        Error err = ERROR_INIT;

        launch_answer_format(kind, message, &text);
        if (frame_send(session->socket, text.bytes, text.length, &file, file >= 0, &err) != 0)
                session_close(session); /* gone, or does not read: not worth a queue */
}

static void answer(Session *session, LaunchAnswerKind kind, const char *message) {
        answer_with(session, kind, message, -1);
}

static void refuse(Session *session, const Error *err) {
        log_info("launch for uid %u refused: %s", session->caller.uid, err->message);
        session->state = SESSION_GONE;
        answer(session, LAUNCH_ANSWER_NO, err->message);
}

/* ── the plan ── */

/* The profile first: images and filters are of no use without. */
static int gather(const SessionWorld *world, const Target *target, Ingredients *ret, Error *err) {
        int is_loaded = reconciler_require(world->reconciler, target->snap.instance,
                                           target->snap.epoch, err);
        const PlanSources sources = { .mounts = world->mounts,
                                      .policies = world->policies,
                                      .rules = world->rules };

        ret->missing = LAUNCH_WAIT_POLICY;
        if (is_loaded <= 0)
                return is_loaded;
        return ingredients_require(&sources, target, ret, err);
}

static int send_plan(Session *session, const Ingredients *from, Error *err) {
        const PlanOrder order = { .target = &session->target,
                                  .request = &session->request,
                                  .root = session->world->root,
                                  .programs = session->world->programs,
                                  .cloner = &session->world->cloner,
                                  .queues = mounts_get_queues(session->world->mounts),
                                  .has_label = reconciler_has_labels(session->world->reconciler),
                                  .uid = session->caller.uid,
                                  .socket = session->socket };

        return plan_send(&order, from, err);
}

static void set_reason(Session *session, LaunchWait wait) {
        static const char *const words[][2] = {
                [LAUNCH_WAIT_CHANGE] = { "", "is being changed" },
                [LAUNCH_WAIT_POLICY] = { "the policy of ", "is being compiled" },
                [LAUNCH_WAIT_IMAGES] = { "an image for ", "is being mounted" },
        };
        char reason[sizeof(session->reason)];

        (void)snprintf(reason, sizeof(reason), "%ssnap \"%s\" %s", words[wait][0],
                       session->target.snap.instance, words[wait][1]);
        if (string_equal(reason, session->reason))
                return;
        memcpy(session->reason, reason, sizeof(reason));
        session->was_told = false;
}

static void tell_to_wait(Session *session) {
        if (!session->was_told && *session->reason)
                answer(session, LAUNCH_ANSWER_WAIT, session->reason);
        session->was_told = true;
}

static void tell_if_long(Session *session, int64_t now) {
        if (session->state == SESSION_PREPARING &&
            now - session->since > QUIET_MS * INT64_C(1000000))
                tell_to_wait(session);
}

/* Not to know that it is needed costs another compilation one day, at the worst. */
static void note_policy(SessionWorld *world, const Target *target, const char *digest) {
        Error err = ERROR_INIT;

        if (!target->is_devmode && policy_use_note(&world->use, target->snap.instance,
                                                   target->snap.revision, digest, &err) < 0)
                log_warning("cannot note which policy is needed: %s", err.message);
}

/* Everything is read again each time, so that a plan is of one moment. */
static void prepare(Session *session) {
        SessionWorld *world = session->world;
        Ingredients ingredients = { 0 };
        Error err = ERROR_INIT;

        target_done(&session->target);
        if (target_find(world->database, &session->request, &session->target, &err) < 0) {
                refuse(session, &err);
                return;
        }
        if (session->target.is_paused) {
                set_reason(session, LAUNCH_WAIT_CHANGE);
                tell_to_wait(session);
                return;
        }
        int ready = gather(world, &session->target, &ingredients, &err);
        if (ready > 0)
                note_policy(world, &session->target, ingredients.policy.digest);
        if (ready == 0) {
                set_reason(session, ingredients.missing);
                return;
        }
        if (ready < 0 || send_plan(session, &ingredients, &err) < 0) {
                refuse(session, &err);
                return;
        }
        session->state = SESSION_PLANNED;
}

/* ── messages ── */

/* A launcher that this daemon cannot speak with, or whose plan it cannot read, runs ours instead.
 */
static void send_elsewhere(Session *session) {
        const SessionWorld *world = session->world;
        Error err = ERROR_INIT;

        session->state = SESSION_GONE;
        if (world->launcher_file >= 0) {
                answer_with(session, LAUNCH_ANSWER_EXEC, world->launcher, world->launcher_file);
                return;
        }
        (void)error_set(&err, ERROR_BAD_REQUEST,
                        "this pawl-run speaks version %u of the launch protocol and the running "
                        "pawld version %u; install the pawl-run that belongs to that pawld",
                        session->request.version, generation_builtin.protocol);
        refuse(session, &err);
}

static void take_request(Session *session, Frame *frame) {
        Error err = ERROR_INIT;

        session->request_text = take(frame->bytes);
        int parsed =
                launch_request_parse(session->request_text, frame->length, &session->request, &err);
        if (parsed > 0) {
                send_elsewhere(session);
                return;
        }
        if (parsed < 0) {
                refuse(session, &err);
                return;
        }
        session->state = SESSION_PREPARING;
        prepare(session);
}

static void take_ready(Session *session) {
        Error err = ERROR_INIT;
        int is_current = target_is_current(session->world->database, &session->target, &err);

        if (is_current < 0) {
                refuse(session, &err);
                return;
        }
        session->state = SESSION_GONE;
        if (is_current == 0) {
                answer(session, LAUNCH_ANSWER_AGAIN, NULL);
                return;
        }
        /* Until exec closes it, no daemon with another policy begins. */
        autofd int going = going_open(session->world->root, session->caller.uid, &err);
        if (going < 0) {
                refuse(session, &err);
                return;
        }
        answer_with(session, LAUNCH_ANSWER_GO, NULL, going);
}

static void on_message(uv_poll_t *poll, int status, int events) {
        Session *session = poll->data;
        autoframe frame = FRAME_INIT;
        Error err = ERROR_INIT;

        (void)events;
        int received = status < 0 ? -1 : frame_receive_plain(session->socket, &frame, &err);
        if (received == 0)
                return;
        if (received > 0 && session->state == SESSION_REQUEST)
                take_request(session, &frame);
        else if (received > 0 && session->state == SESSION_PLANNED &&
                 string_equal(frame.bytes, "ready\n"))
                take_ready(session);
        else if (received > 0 && session->state == SESSION_PLANNED &&
                 string_has_prefix(frame.bytes, UNKNOWN))
                send_elsewhere(session);
        else
                session_close(session); /* its end, or words out of turn */
}

/* ── waiting ── */

static void give_up(Session *session) {
        Error err = ERROR_INIT;

        (void)error_set(&err, ERROR_BUSY, "given up after %d s: %s; see: pawl changes",
                        LAUNCH_WAIT_MS_MAX / 1000,
                        *session->reason ? session->reason : "nothing came of it");
        refuse(session, &err);
}

void session_wake(Session *session) {
        if (session->state == SESSION_PREPARING)
                prepare(session);
}

void session_tick(Session *session, int64_t now) {
        if (now < session->deadline)
                tell_if_long(session, now);
        else if (session->state == SESSION_PREPARING)
                give_up(session);
        else
                session_close(session);
}

Session *session_new(SessionWorld *world, int owned_socket, const Caller *caller) {
        Session *session = memory_new(sizeof(*session));

        session->world = world;
        session->socket = owned_socket;
        session->caller = *caller;
        session->since = clock_get_boot();
        session->deadline = session->since + LAUNCH_WAIT_MS_MAX * INT64_C(1000000);
        (void)uv_poll_init(world->loop, &session->poll, session->socket);
        session->poll.data = session;
        (void)uv_poll_start(&session->poll, UV_READABLE, on_message);
        return session;
}
