/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/launching.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "job/job.h"
#include "launch/caller.h"
#include "launch/cloner.h"
#include "launch/going.h"
#include "launch/mounts.h"
#include "launch/plan-send.h"
#include "launch/policies.h"
#include "launch/policy-use.h"
#include "launch/takeover.h"
#include "policy/seccomp-template.h"
#include "wire/frame.h"
#include "wire/generation.h"
#include "world/reconciler.h"

#define IDLE_MS_DEFAULT 10000
#define TICK_MS         250 /* while launches are being prepared: deadlines, pauses */
#define QUIET_MS        500 /* what takes no longer is nobody told of */
#define UNKNOWN         "unknown "

/*   REQUEST ── request came ──► PREPARING ── plan sent ──► PLANNED ── ready, go ──► GONE
 *                                  ▲ │ paused, image being mounted, policy being compiled
 *                                  └─┘                                                        */
typedef enum SessionState {
        SESSION_REQUEST,   /* connected, nothing said yet */
        SESSION_PREPARING, /* looked at again at every wake */
        SESSION_PLANNED,   /* waits for "ready" */
        SESSION_GONE,      /* answered for the last time: only its end is awaited */
} SessionState;

typedef struct Session {
        Launch *launch;
        uv_poll_t poll;
        int socket; /* owned; closed with the poll */
        Caller caller;
        SessionState state;
        int64_t deadline; /* clock_get_boot */
        int64_t since;    /* when it came */
        char reason[160]; /* what it waits for, as a person is told; "" = it does not */
        bool was_told;    /* of this reason */
        bool is_closing;
        char *request_text; /* what `request` points into */
        LaunchRequest request;
        Target target; /* what the plan was made of */
        struct Session *next;
} Session;

typedef struct Listener {
        uv_poll_t poll;
        int socket; /* owned */
        bool is_root_only;
} Listener;

struct Launch {
        uv_loop_t *loop;
        Database *database;
        char *root;
        unsigned idle_ms;
        Listener listeners[2];
        size_t listener_count;
        uv_timer_t tick; /* runs while there are sessions */
        uv_timer_t idle; /* runs while there are none and something is to be dropped */
        Session *sessions;
        Mounts *mounts;
        Cloner cloner;
        char *rules;    /* the seccomp template as text */
        char *launcher; /* its path; NULL = none */
        int launcher_file;
        Policies *policies;
        PolicyUse use;
        Reconciler *reconciler;
};

/* ── sockets ── */

static int open_socket(const char *root, const char *name, mode_t mode, Error *err) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        autofree char *path = string_format("%s/run/pawl/%s.socket", root, name);
        autofree char *fresh = string_format("%s.new", path);
        autofd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        if (fd < 0)
                return error_set_errno(err, errno, "cannot make a socket");
        if (strlen(fresh) >= sizeof(address.sun_path))
                return error_set(err, ERROR_BAD_REQUEST, "the path %s is too long for a socket",
                                 path);
        (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", fresh);
        (void)unlink(fresh);
        /* The name never vanishes: a launcher that finds it waits for who answers there. */
        if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(fresh, mode) < 0 ||
            listen(fd, 64) < 0 || rename(fresh, path) < 0)
                return error_set_errno(err, errno, "cannot listen on %s", path);
        return take_fd(fd);
}

int launch_open_sockets(const char *root, int *ret_user, int *ret_service, Error *err) {
        autofree char *top = string_format("%s/", root);
        autofd int root_directory = directory_open(top, err);

        if (root_directory < 0)
                return -1;
        autofd int made = directory_make_beneath(root_directory, "run/pawl", 0755, err);
        if (made < 0)
                return -1;
        autofd int user = open_socket(root, "launch", 0666, err);
        autofd int service = user < 0 ? -1 : open_socket(root, "service", 0600, err);
        if (user < 0 || service < 0)
                return -1;
        *ret_user = take_fd(user);
        *ret_service = take_fd(service);
        return 0;
}

/* ── the end of a session ── */

static void arm_idle(Launch *launch);

static void free_session(uv_handle_t *handle) {
        Session *session = handle->data;

        frame_close_stranger(session->socket);
        target_done(&session->target);
        free(session->request_text);
        free(session);
}

static void close_session(Session *session) {
        Launch *launch = session->launch;

        if (session->is_closing)
                return;
        session->is_closing = true;
        for (Session **link = &launch->sessions; *link; link = &(*link)->next)
                if (*link == session) {
                        *link = session->next;
                        break;
                }
        (void)uv_poll_stop(&session->poll);
        uv_close((uv_handle_t *)&session->poll, free_session);
        if (!launch->sessions) {
                (void)uv_timer_stop(&launch->tick);
                arm_idle(launch);
        }
}

static void answer_with(Session *session, LaunchAnswerKind kind, const char *message, int file) {
        autotext text = TEXT_INIT;
        Error err = ERROR_INIT;

        launch_answer_format(kind, message, &text);
        if (frame_send(session->socket, text.bytes, text.length, &file, file >= 0, &err) != 0)
                close_session(session); /* gone, or does not read: not worth a queue */
}

static void answer(Session *session, LaunchAnswerKind kind, const char *message) {
        answer_with(session, kind, message, -1);
}

static void refuse(Session *session, const Error *err) {
        log_info("launch for uid %u refused: %s", session->caller.uid, err->message);
        session->state = SESSION_GONE;
        answer(session, LAUNCH_ANSWER_NO, err->message);
}

static void wake_all(void *context) {
        launch_wake(context);
}

/* ── the plan ── */

/* The profile first: images and filters are of no use without. */
static int gather(Launch *launch, const Target *target, Ingredients *ret, Error *err) {
        int is_loaded = reconciler_require(launch->reconciler, target->snap.instance,
                                           target->snap.epoch, err);
        const PlanSources sources = { .mounts = launch->mounts,
                                      .policies = launch->policies,
                                      .rules = launch->rules };

        ret->missing = LAUNCH_WAIT_POLICY;
        if (is_loaded <= 0)
                return is_loaded;
        return ingredients_require(&sources, target, ret, err);
}

static int send_plan(Session *session, const Ingredients *from, Error *err) {
        const PlanOrder order = { .target = &session->target,
                                  .request = &session->request,
                                  .root = session->launch->root,
                                  .cloner = &session->launch->cloner,
                                  .has_label = reconciler_has_labels(session->launch->reconciler),
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
static void note_policy(Launch *launch, const Target *target, const char *digest) {
        Error err = ERROR_INIT;

        if (!target->is_devmode && policy_use_note(&launch->use, target->snap.instance,
                                                   target->snap.revision, digest, &err) < 0)
                log_warning("cannot note which policy is needed: %s", err.message);
}

/* Everything is read again each time, so that a plan is of one moment. */
static void prepare(Session *session) {
        Launch *launch = session->launch;
        Ingredients ingredients = { 0 };
        Error err = ERROR_INIT;

        target_done(&session->target);
        if (target_find(launch->database, &session->request, &session->target, &err) < 0) {
                refuse(session, &err);
                return;
        }
        if (session->target.is_paused) {
                set_reason(session, LAUNCH_WAIT_CHANGE);
                tell_to_wait(session);
                return;
        }
        int ready = gather(launch, &session->target, &ingredients, &err);
        if (ready > 0)
                note_policy(launch, &session->target, ingredients.policy.digest);
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
        const Launch *launch = session->launch;
        Error err = ERROR_INIT;

        session->state = SESSION_GONE;
        if (launch->launcher_file >= 0) {
                answer_with(session, LAUNCH_ANSWER_EXEC, launch->launcher, launch->launcher_file);
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
        int is_current = target_is_current(session->launch->database, &session->target, &err);

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
        autofd int going = going_open(session->launch->root, session->caller.uid, &err);
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
                close_session(session); /* its end, or words out of turn */
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

static void give_up(Session *session) {
        Error err = ERROR_INIT;

        (void)error_set(&err, ERROR_BUSY, "given up after %d s: %s; see: pawl changes",
                        LAUNCH_WAIT_MS_MAX / 1000,
                        *session->reason ? session->reason : "nothing came of it");
        refuse(session, &err);
}

static void on_tick(uv_timer_t *timer) {
        Launch *launch = timer->data;
        int64_t now = clock_get_boot();

        for (Session *session = launch->sessions, *next; session; session = next) {
                next = session->next;
                if (now < session->deadline)
                        tell_if_long(session, now);
                else if (session->state == SESSION_PREPARING)
                        give_up(session);
                else
                        close_session(session);
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
        Session *session = memory_new(sizeof(*session));

        session->launch = launch;
        session->socket = owned_socket;
        session->caller = *caller;
        session->since = clock_get_boot();
        session->deadline = session->since + LAUNCH_WAIT_MS_MAX * INT64_C(1000000);
        session->next = launch->sessions;
        launch->sessions = session;
        (void)uv_poll_init(launch->loop, &session->poll, session->socket);
        session->poll.data = session;
        (void)uv_poll_start(&session->poll, UV_READABLE, on_message);
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

        if (policies_are_compiling(launch->policies))
                return;
        int removed = policy_use_collect(&launch->use, &err);
        if (removed < 0)
                log_warning("cannot remove policies that nobody needs: %s", err.message);
        if (removed > 0)
                log_info("removed %d compiled policies that nobody needs", removed);
}

static void on_idle(uv_timer_t *timer) {
        Launch *launch = timer->data;

        cloner_done(&launch->cloner);
        mounts_drop_unused(launch->mounts);
        policies_drop(launch->policies);
        collect_policies(launch);
        reconciler_retry(launch->reconciler);
}

static void arm_idle(Launch *launch) {
        (void)uv_timer_start(&launch->idle, on_idle, launch->idle_ms, 0);
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
        (void)uv_poll_init(launch->loop, &listener->poll, owned_socket);
        listener->poll.data = launch;
        (void)uv_poll_start(&listener->poll, UV_READABLE, on_arrival);
}

static int begin(Launch *launch, const LaunchConfig *config, Error *err) {
        launch->use = (PolicyUse){ .database = config->database,
                                   .root = launch->root,
                                   .template = launch->rules };
        takeover_get_generation(launch->rules, launch->use.generation);
        return takeover_begin(config->root, launch->use.generation, err);
}

static void open_launcher(Launch *launch, const char *path) {
        launch->launcher = path ? string_copy(path) : NULL;
        launch->launcher_file = path ? open(path, O_PATH | O_CLOEXEC) : -1;
        if (path && launch->launcher_file < 0)
                log_warning("%s is missing: launchers of other versions cannot be helped", path);
}

static int start_reconciler(Launch *launch, const LaunchConfig *config, Error *err) {
        return reconciler_new(&(ReconcilerConfig){ .loop = config->loop,
                                                   .database = config->database,
                                                   .root = launch->root,
                                                   .generation = launch->use.generation,
                                                   .changed = wake_all,
                                                   .context = launch },
                              &launch->reconciler, err);
}

int launch_new(const LaunchConfig *config, Launch **ret, Error *err) {
        autotext rules = TEXT_INIT;
        Launch *launch = memory_new(sizeof(*launch));

        seccomp_template_append(&rules);
        text_append(&rules, generation_builtin.rules);
        launch->rules = text_take(&rules);
        launch->root = string_copy(config->root);
        if (begin(launch, config, err) < 0 ||
            mounts_new(config->loop, config->root, wake_all, launch, &launch->mounts, err) < 0 ||
            start_reconciler(launch, config, err) < 0) {
                if (launch->mounts)
                        (void)mounts_free(launch->mounts);
                free(launch->rules);
                free(launch->root);
                free(launch);
                return -1;
        }
        open_launcher(launch, config->launcher);
        launch->loop = config->loop;
        launch->database = config->database;
        launch->idle_ms = config->idle_ms ? config->idle_ms : IDLE_MS_DEFAULT;
        launch->cloner = CLONER_INIT;
        launch->policies = policies_new(config->loop, config->root, wake_all, launch);
        (void)uv_timer_init(launch->loop, &launch->tick);
        (void)uv_timer_init(launch->loop, &launch->idle);
        launch->tick.data = launch->idle.data = launch;
        add_listener(launch, config->user_listener, false);
        add_listener(launch, config->service_listener, true);
        *ret = launch;
        return 0;
}

void launch_wake(Launch *launch) {
        reconciler_wake(launch->reconciler);
        for (Session *session = launch->sessions, *next; session; session = next) {
                next = session->next;
                if (session->state == SESSION_PREPARING)
                        prepare(session);
        }
}

/* The last of the handles to close frees the object. */
static void free_when_closed(uv_handle_t *handle) {
        Launch *launch = handle->data;

        for (size_t i = 0; i < launch->listener_count; i++)
                (void)close(launch->listeners[i].socket);
        (void)mounts_free(launch->mounts);
        (void)policies_free(launch->policies);
        if (launch->launcher_file >= 0)
                (void)close(launch->launcher_file);
        free(launch->root);
        free(launch->rules);
        free(launch->launcher);
        free(launch);
}

Launch *launch_free(Launch *launch) {
        if (!launch)
                return NULL;
        while (launch->sessions)
                close_session(launch->sessions);
        job_end_all();
        (void)reconciler_free(launch->reconciler);
        cloner_done(&launch->cloner);
        for (size_t i = 0; i < launch->listener_count; i++)
                uv_close((uv_handle_t *)&launch->listeners[i].poll, NULL);
        uv_close((uv_handle_t *)&launch->tick, NULL);
        uv_close((uv_handle_t *)&launch->idle, free_when_closed);
        return NULL;
}
