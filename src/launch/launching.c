/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/launching.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "job/job.h"
#include "launch/launch-session.h"
#include "launch/lease.h"
#include "launch/policies.h"
#include "launch/policy-ahead.h"
#include "launch/takeover.h"
#include "wire/frame.h"

#define IDLE_MS_DEFAULT 10000
#define TICK_MS         250 /* while launches are being prepared: deadlines, pauses */

typedef struct Listener {
        uv_poll_t poll;
        int socket; /* owned */
        bool is_root_only;
} Listener;

struct Launch {
        SessionWorld world; /* all of it is ours */
        unsigned idle_ms;
        Listener listeners[2];
        size_t listener_count;
        uv_timer_t tick;    /* runs while there are sessions */
        uv_timer_t idle;    /* runs while there are none and something is to be dropped */
        PolicyAhead *ahead; /* NULL once all is there */
        Session *sessions;
};

static void wake_all(void *context) {
        launch_wake(context);
}

/* ── arrivals ── */

static size_t count_sessions(const Launch *launch, uid_t uid) {
        size_t count = 0;

        for (const Session *s = launch->sessions; s; s = s->next)
                count += s->caller.uid == uid;
        return count;
}

static size_t count_user_sessions(const Launch *launch) {
        size_t count = 0;

        for (const Session *s = launch->sessions; s; s = s->next)
                count += s->caller.uid != 0;
        return count;
}

static void on_tick(uv_timer_t *timer) {
        Launch *launch = timer->data;
        int64_t now = clock_get_boot();

        for (Session *session = launch->sessions, *next; session; session = next) {
                next = session->next;
                session_tick(session, now);
        }
        launch_wake(launch);
}

static void refuse_stranger(int socket, const Error *err) {
        autotext text = TEXT_INIT;
        Error unused = ERROR_INIT;

        log_info("launch refused: %s", err->message);
        launch_answer_format(LAUNCH_ANSWER_NO, err->message, &text);
        (void)frame_send(socket, text.bytes, text.length, NULL, 0, &unused);
}

static int check_arrival(const Launch *launch, const Listener *listener, const Caller *caller,
                         Error *err) {
        if (listener->is_root_only && caller->uid != 0)
                return error_set(err, ERROR_FORBIDDEN, "only root may start services");
        if (!caller_may_begin(caller->uid, count_sessions(launch, caller->uid),
                              count_user_sessions(launch)))
                return error_set(err, ERROR_BUSY,
                                 "too many launches are being prepared; try again in a moment");
        return 0;
}

static void add_session(Launch *launch, int owned_socket, const Caller *caller) {
        Session *session = session_new(&launch->world, owned_socket, caller);

        session->next = launch->sessions;
        launch->sessions = session;
        (void)uv_timer_stop(&launch->idle);
        if (!uv_is_active((uv_handle_t *)&launch->tick))
                (void)uv_timer_start(&launch->tick, on_tick, TICK_MS, TICK_MS);
}

static void on_arrival(uv_poll_t *poll, int status, int events) {
        Launch *launch = poll->data;
        const Listener *listener = (const Listener *)(const void *)poll;
        Error err = ERROR_INIT;
        Caller caller;

        (void)status;
        (void)events;
        int socket = accept4(listener->socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (socket < 0)
                return;
        if (caller_identify(socket, &caller, &err) < 0 ||
            check_arrival(launch, listener, &caller, &err) < 0) {
                refuse_stranger(socket, &err);
                frame_close_stranger(socket);
                return;
        }
        add_session(launch, socket, &caller);
}

/* ── idle ── */

static void collect_policies(Launch *launch) {
        Error err = ERROR_INIT;

        /* What is compiled ahead is noted at its end. */
        if (launch->ahead || policies_are_compiling(launch->world.policies))
                return;
        int removed = policy_use_collect(&launch->world.use, &err);
        if (removed < 0)
                log_warning("cannot remove policies that nobody needs: %s", err.message);
        if (removed > 0)
                log_info("removed %d compiled policies that nobody needs", removed);
}

static void on_idle(uv_timer_t *timer) {
        Launch *launch = timer->data;

        cloner_done(&launch->world.cloner);
        mounts_drop_unused(launch->world.mounts);
        policies_drop(launch->world.policies);
        collect_policies(launch);
        reconciler_retry(launch->world.reconciler);
}

static void arm_idle(Launch *launch) {
        (void)uv_timer_start(&launch->idle, on_idle, launch->idle_ms, 0);
}

static void end_ahead(void *context) {
        Launch *launch = context;

        launch->ahead = policy_ahead_free(launch->ahead);
        if (!launch->sessions)
                arm_idle(launch);
}

static void begin_ahead(Launch *launch) {
        launch->ahead = policy_ahead_new(&(PolicyAheadConfig){ .loop = launch->world.loop,
                                                               .use = &launch->world.use,
                                                               .policies = launch->world.policies,
                                                               .ended = end_ahead,
                                                               .context = launch });
}

static void forget_session(void *owner, Session *session) {
        Launch *launch = owner;

        for (Session **link = &launch->sessions; *link; link = &(*link)->next)
                if (*link == session) {
                        *link = session->next;
                        break;
                }
        if (!launch->sessions) {
                (void)uv_timer_stop(&launch->tick);
                arm_idle(launch);
        }
}

/* ── the object ── */

static void add_listener(Launch *launch, int owned_socket, bool is_root_only) {
        Listener *listener = &launch->listeners[launch->listener_count];

        if (owned_socket < 0)
                return;
        launch->listener_count++;
        listener->socket = owned_socket;
        frame_refuse_fds(owned_socket);
        listener->is_root_only = is_root_only;
        (void)uv_poll_init(launch->world.loop, &listener->poll, owned_socket);
        listener->poll.data = launch;
        (void)uv_poll_start(&listener->poll, UV_READABLE, on_arrival);
}

static int begin(SessionWorld *world, Error *err) {
        world->use = (PolicyUse){ .database = world->database,
                                  .root = world->root,
                                  .template = world->rules };
        takeover_get_generation(world->rules, world->use.generation);
        return takeover_begin(world->root, world->use.generation, err);
}

static void open_launcher(SessionWorld *world, const char *path) {
        const char *slash = path ? strrchr(path, '/') : NULL;

        world->launcher = path ? string_copy(path) : NULL;
        world->programs = slash ? string_copy_length(path, (size_t)(slash - path)) : NULL;
        world->launcher_file = path ? open(path, O_PATH | O_CLOEXEC) : -1;
        if (path && world->launcher_file < 0)
                log_warning("%s is missing: launchers of other versions cannot be helped", path);
}

static int start_reconciler(Launch *launch, Error *err) {
        SessionWorld *world = &launch->world;

        return reconciler_new(&(ReconcilerConfig){ .loop = world->loop,
                                                   .database = world->database,
                                                   .root = world->root,
                                                   .generation = world->use.generation,
                                                   .is_running = lease_is_held,
                                                   .changed = wake_all,
                                                   .context = launch },
                              &world->reconciler, err);
}

static char *format_rules(void) {
        autotext rules = TEXT_INIT;

        policies_write_template(&rules);
        return text_take(&rules);
}

int launch_new(const LaunchConfig *config, Launch **ret, Error *err) {
        Launch *launch = memory_new(sizeof(*launch));
        SessionWorld *world = &launch->world;

        *world = (SessionWorld){ .loop = config->loop,
                                 .database = config->database,
                                 .root = string_copy(config->root),
                                 .rules = format_rules(),
                                 .cloner = CLONER_INIT,
                                 .on_end = forget_session,
                                 .owner = launch };
        if (begin(world, err) < 0 ||
            mounts_new(world->loop, world->root, wake_all, launch, &world->mounts, err) < 0 ||
            start_reconciler(launch, err) < 0) {
                if (world->mounts)
                        (void)mounts_free(world->mounts);
                free(world->rules);
                free(world->root);
                free(launch);
                return -1;
        }
        open_launcher(world, config->launcher);
        world->policies = policies_new(world->loop, world->root, wake_all, launch);
        launch->idle_ms = config->idle_ms ? config->idle_ms : IDLE_MS_DEFAULT;
        (void)uv_timer_init(world->loop, &launch->tick);
        (void)uv_timer_init(world->loop, &launch->idle);
        launch->tick.data = launch->idle.data = launch;
        add_listener(launch, config->user_listener, false);
        add_listener(launch, config->service_listener, true);
        begin_ahead(launch);
        *ret = launch;
        return 0;
}

void launch_wake(Launch *launch) {
        reconciler_wake(launch->world.reconciler);
        for (Session *session = launch->sessions, *next; session; session = next) {
                next = session->next;
                session_wake(session);
        }
}

/* The last of the handles to close frees the object. */
static void free_when_closed(uv_handle_t *handle) {
        Launch *launch = handle->data;
        SessionWorld *world = &launch->world;

        for (size_t i = 0; i < launch->listener_count; i++)
                (void)close(launch->listeners[i].socket);
        (void)mounts_free(world->mounts);
        (void)policies_free(world->policies);
        if (world->launcher_file >= 0)
                (void)close(world->launcher_file);
        free(world->root);
        free(world->rules);
        free(world->launcher);
        free(world->programs);
        free(launch);
}

Launch *launch_free(Launch *launch) {
        if (!launch)
                return NULL;
        while (launch->sessions)
                session_close(launch->sessions);
        job_end_all();
        launch->ahead = policy_ahead_free(launch->ahead);
        policies_stop(launch->world.policies);
        (void)reconciler_free(launch->world.reconciler);
        cloner_done(&launch->world.cloner);
        for (size_t i = 0; i < launch->listener_count; i++)
                uv_close((uv_handle_t *)&launch->listeners[i].poll, NULL);
        uv_close((uv_handle_t *)&launch->tick, NULL);
        uv_close((uv_handle_t *)&launch->idle, free_when_closed);
        return NULL;
}
