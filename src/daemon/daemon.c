/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <uv.h>

#include "api/api.h"
#include "api/queue.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "daemon/handover.h"
#include "daemon/listen.h"
#include "daemon/memory.h"
#include "daemon/notify.h"
#include "daemon/restart.h"
#include "daemon/trial-check.h"
#include "front/front.h"
#include "interface/repository.h"
#include "launch/launching.h"
#include "sandbox/helper.h"
#include "snap/interface-files.h"
#include "snap/kinds.h"
#include "snap/program.h"
#include "snap/projection.h"
#include "snap/running-watch.h"
#include "state/database.h"
#include "state/verify.h"
#include "task/runner.h"

/* After the last commit: write the log back and give memory back.  By then the pawl-http that was
 * asked has gone, whose end would fetch code again. */
#define IDLE_MS (HTTP_IDLE_MS + 500)

#define HANDLE_COUNT 6

typedef enum SocketName {
        SOCKET_MAIN,
        SOCKET_SNAP,
        SOCKET_COUNT
} SocketName;

typedef struct Daemon {
        const Options *options;
        uv_loop_t loop;
        PassedSockets passed;
        Handover handover;
        Program program;
        char *libexec; /* where the helpers of this very program lie */
        char *paths[SOCKET_COUNT];
        ListenSocket sockets[SOCKET_COUNT];
        bool is_passed[SOCKET_COUNT]; /* by the supervisor */
        Database *database;
        Places *places;
        json_t *interface_files; /* what was found of them */
        SnapContext snap;        /* what the runner hands back; see get_daemon */
        int kept_fds[SNAP_CONTEXT_FD_COUNT];
        TaskKind *kinds; /* owned: those of snap and of api */
        Runner *runner;
        RunningWatch *running;
        Front *front;
        Launch *launch;
        Api api;
        uv_signal_t terminate, interrupt;
        uv_timer_t idle, watchdog;
        bool is_used_since; /* something was asked after the idle timer was set */
        Restart restart;
        bool is_restarting; /* another pawld comes next */
        bool is_ending;     /* as a signal asks for; the loop forgets between two runs of it */
        uv_check_t after_turn;
        bool has_handles; /* those above (list_handles) are in the loop */
} Daemon;

#define LAUNCH_SOCKET  "run/pawl/launch.socket"
#define SERVICE_SOCKET "run/pawl/service.socket"

static const struct {
        const char *path;
        PeerSocket socket;
} SOCKETS[SOCKET_COUNT] = {
        [SOCKET_MAIN] = { "run/snapd.socket", PEER_SOCKET_MAIN },
        [SOCKET_SNAP] = { "run/snapd-snap.socket", PEER_SOCKET_SNAP },
};

/* --- what the parts call back ----------------------------------------------------------------- */

/* Whoever met the I/O error: what is true now is what is on disk, and only a new process may look.
 * Once a turn of the loop, after the client was told. */
static void end_if_broken(uv_check_t *check) {
        Daemon *daemon = check->data;

        if (database_is_broken(daemon->database))
                uv_stop(&daemon->loop);
}

static void begin_restart(Daemon *daemon) {
        if (daemon->is_restarting)
                return;
        daemon->is_restarting = true;
        daemon->api.stop_kind = "daemon-restart";
        restart_begin(&daemon->restart, daemon->runner, daemon->front);
}

static void follow_program(Daemon *daemon) {
        Error err = ERROR_INIT;
        int is_other = program_settle(&daemon->program, daemon->database, true, &err);

        if (is_other > 0)
                begin_restart(daemon);
        if (is_other < 0 ||
            (is_other == 0 && restart_end_waits(daemon->database, daemon->runner, &err) < 0))
                log_warning("%s", err.message);
}

/* The world follows the state before anybody is told of it.  What moved may be the daemon itself.
 */
static void project(Daemon *daemon) {
        Error err = ERROR_INIT;
        int is_stale = projection_is_stale(daemon->database, &err);

        if (is_stale < 0 ||
            (is_stale > 0 && projection_follow(daemon->places, daemon->database, &err) < 0))
                log_warning("%s", err.message);
        if (is_stale > 0)
                follow_program(daemon);
}

/* Also what failed after the commit that asked for it. */
static void settle(Daemon *daemon) {
        Error err = ERROR_INIT;

        if (projection_settle(daemon->places, daemon->database, &err) < 0)
                log_warning("%s", err.message);
}

static void rest_soon(Daemon *daemon);

static void rest(uv_timer_t *timer) {
        Daemon *daemon = timer->data;
        Error err = ERROR_INIT;

        if (runner_is_busy(daemon->runner)) {
                settle(daemon);
                (void)uv_timer_start(timer, rest, IDLE_MS, 0);
                return;
        }
        if (database_check(daemon->database, &err) < 0) {
                log_error("the state is damaged: %s", err.message);
                return;
        }
        if (database_checkpoint(daemon->database, &err) < 0)
                log_warning("cannot write the state back: %s", err.message);
        /* After the checkpoint: the first commit into an empty log costs a flush more, which no
         * client then waits for. */
        settle(daemon);
        /* What workers left that were killed while they emptied it; none runs now. */
        if (places_empty_trash(daemon->places, &err) < 0 ||
            program_sweep(&daemon->program, daemon->places, daemon->database, &err) < 0)
                log_warning("%s", err.message);
        database_give_back(daemon->database);
        memory_give_back();
        if (daemon->is_used_since)
                rest_soon(daemon);
}

/* Not put off again and again: a daemon that is never idle rests too, and once more when it is. */
static void rest_soon(Daemon *daemon) {
        daemon->is_used_since = uv_is_active((uv_handle_t *)&daemon->idle) != 0;
        if (!daemon->is_used_since)
                (void)uv_timer_start(&daemon->idle, rest, IDLE_MS, 0);
}

static void serve_request(void *context, Request *owned_request) {
        Daemon *daemon = context;

        api_serve(&daemon->api, owned_request);
        rest_soon(daemon);
}

static int check_upload(void *context, const Peer *peer, const char *method, const char *path,
                        Error *err) {
        (void)context;
        return api_check_upload(peer, method, path, err);
}

/* The runner's callbacks get what its kinds get. */
static Daemon *get_daemon(void *snap) {
        return (Daemon *)(void *)((char *)snap - offsetof(Daemon, snap));
}

static void note_commit(void *context, int64_t change) {
        Daemon *daemon = get_daemon(context);

        (void)change;
        project(daemon);
        running_watch_update(daemon->running);
        if (daemon->launch)
                launch_wake(daemon->launch);
        rest_soon(daemon);
}

static void feed_watchdog(uv_timer_t *timer) {
        (void)timer;
        notify_send("WATCHDOG=1");
}

static void end_loop(uv_signal_t *signal, int number) {
        Daemon *daemon = signal->data;

        log_info("%s, stopping", number == SIGTERM ? "terminated" : "interrupted");
        daemon->is_restarting = false;
        daemon->is_ending = true;
        uv_stop(&daemon->loop);
}

/* --- the steps of start ----------------------------------------------------------------------- */

static int enter_namespace(Daemon *daemon, Error *err) {
        if (handover_init(&daemon->handover, err) < 0)
                return -1;
        return launch_prepare_namespace(err);
}

static int open_helpers(Daemon *daemon, Error *err) {
        return helper_open_all(daemon->libexec, err);
}

static void list_handles(Daemon *daemon, uv_handle_t *ret[HANDLE_COUNT]) {
        ret[0] = (uv_handle_t *)&daemon->terminate;
        ret[1] = (uv_handle_t *)&daemon->interrupt;
        ret[2] = (uv_handle_t *)&daemon->idle;
        ret[3] = (uv_handle_t *)&daemon->watchdog;
        ret[4] = (uv_handle_t *)&daemon->after_turn;
        ret[5] = (uv_handle_t *)&daemon->restart.timer;
}

static int open_loop(Daemon *daemon, Error *err) {
        if (uv_loop_init(&daemon->loop) < 0)
                return error_set(err, ERROR_FAILED, "cannot make an event loop");
        (void)uv_signal_init(&daemon->loop, &daemon->terminate);
        (void)uv_signal_init(&daemon->loop, &daemon->interrupt);
        (void)uv_timer_init(&daemon->loop, &daemon->idle);
        (void)uv_timer_init(&daemon->loop, &daemon->watchdog);
        restart_init(&daemon->restart, &daemon->loop);
        (void)uv_check_init(&daemon->loop, &daemon->after_turn);
        daemon->terminate.data = daemon->interrupt.data = daemon;
        daemon->idle.data = daemon->watchdog.data = daemon->after_turn.data = daemon;
        daemon->has_handles = true;
        if (uv_signal_start(&daemon->terminate, end_loop, SIGTERM) < 0 ||
            uv_signal_start(&daemon->interrupt, end_loop, SIGINT) < 0)
                return error_set(err, ERROR_FAILED, "cannot watch for signals");
        return 0;
}

/* R/run is empty after a boot. */
static int make_run_directory(Daemon *daemon, Error *err) {
        autofd int directory =
                directory_make_beneath(daemon->places->root_fd, "run/pawl", 0755, err);

        return directory < 0 ? -1 : 0;
}

static int open_places(Daemon *daemon, Error *err) {
        autofree char *launcher = program_format_launcher(&daemon->program);

        if (places_open(daemon->options->root, launcher, &daemon->places, err) < 0)
                return -1;
        return make_run_directory(daemon, err);
}

/* What they say is part of the policy that this process has from here to its end. */
static int read_interfaces(Daemon *daemon, Error *err) {
        (void)err;
        daemon->interface_files = interface_files_load(daemon->places);
        return 0;
}

static int open_state(Daemon *daemon, Error *err) {
        autofree char *directory = places_format_path(daemon->places, "var/lib/pawl/state");

        if (database_open(directory, &daemon->database, err) < 0)
                return error_prefix(err, "cannot use the state in %s", directory);
        if (repository_open(daemon->database, true, err) < 0)
                return -1;
        return interface_files_warn(daemon->database, daemon->interface_files, err);
}

/* What a daemon that was killed left behind, before anything new begins; only a state that holds
 * may say what is left over. */
static int sweep(Daemon *daemon, Error *err) {
        if (database_require_sound(daemon->database, err) < 0)
                return error_prefix(err, "the state contradicts itself");
        int removed = places_sweep(daemon->places, daemon->database, err);
        int programs = removed < 0 ? -1
                                   : program_sweep(&daemon->program, daemon->places,
                                                   daemon->database, err);
        removed = programs < 0 ? -1 : removed + programs;
        if (removed > 0)
                log_info("removed %d leftovers of an earlier run", removed);
        return removed < 0 ? -1 : projection_apply(daemon->places, daemon->database, err);
}

/* Whether another program than this one is wanted, before anything is begun in its place. */
static int settle_program(Daemon *daemon, Error *err) {
        int is_other = program_settle(&daemon->program, daemon->database, false, err);

        daemon->is_restarting = is_other > 0;
        return is_other;
}

static int start_runner(Daemon *daemon, Error *err) {
        autofree char *directory = places_format_path(daemon->places, "run/pawl");

        daemon->snap = (SnapContext){ .places = daemon->places, .program = &daemon->program };
        snap_context_list_fds(&daemon->snap, daemon->kept_fds);
        daemon->kinds = memory_new((SNAP_TASK_KIND_COUNT + 1) * sizeof(TaskKind));
        memcpy(daemon->kinds, SNAP_TASK_KINDS, SNAP_TASK_KIND_COUNT * sizeof(TaskKind));
        memcpy(&daemon->kinds[SNAP_TASK_KIND_COUNT], &QUEUE_TASK_KIND, sizeof(TaskKind));
        return runner_new(&(RunnerConfig){ .loop = &daemon->loop,
                                           .database = daemon->database,
                                           .kinds = daemon->kinds,
                                           .kind_count = SNAP_TASK_KIND_COUNT + 1,
                                           .context = &daemon->snap,
                                           .run_directory = directory,
                                           .kept_fds = daemon->kept_fds,
                                           .kept_fd_count = SNAP_CONTEXT_FD_COUNT,
                                           .on_commit = note_commit },
                          &daemon->runner, err);
}

static void wake_after_end(void *context) {
        Daemon *daemon = context;

        runner_wake(daemon->runner);
}

static int start_running_watch(Daemon *daemon, Error *err) {
        (void)err;
        daemon->running = running_watch_new(&(RunningWatchConfig){ .loop = &daemon->loop,
                                                                   .database = daemon->database,
                                                                   .places = daemon->places,
                                                                   .on_end = wake_after_end,
                                                                   .context = daemon });
        return 0;
}

/* Listens, or goes on with what the supervisor listens at, and serves who comes. */
static int open_socket(Daemon *daemon, SocketName name, Error *err) {
        ListenSocket *listener = &daemon->sockets[name];

        if (listen_socket_open(listener, &daemon->passed, err) < 0 ||
            handover_keep(&daemon->handover, listener->fd, listener->path, listener->is_bound,
                          err) < 0)
                return -1;
        return front_add_listener(daemon->front, take_fd(listener->fd), SOCKETS[name].socket, err);
}

/* Who waits at a socket that was passed gets a pawl-http now, which starts while we open the state.
 * One turn of the loop: what it spawns can only be heard in a later one, when all is there. */
static int welcome_waiting(Daemon *daemon, Error *err) {
        daemon->front = front_new(&(FrontSetup){ .loop = &daemon->loop,
                                                 .incoming_directory = daemon->places->incoming,
                                                 .context = daemon,
                                                 .on_request = serve_request,
                                                 .may_upload = check_upload });
        for (SocketName i = 0; i < SOCKET_COUNT; i++) {
                daemon->paths[i] = places_format_path(daemon->places, SOCKETS[i].path);
                daemon->sockets[i] = (ListenSocket){
                        .path = daemon->paths[i], .type = SOCK_STREAM, .mode = 0666, .fd = -1
                };
                daemon->is_passed[i] = passed_sockets_has(&daemon->passed, daemon->paths[i]);
                if (daemon->is_passed[i] && open_socket(daemon, i, err) < 0)
                        return -1;
        }
        (void)uv_run(&daemon->loop, UV_RUN_NOWAIT);
        return 0;
}

/* The rest, now that the lock says that we are the only one to bind them. */
static int serve_all(Daemon *daemon, Error *err) {
        daemon->api = (Api){ .loop = &daemon->loop,
                             .database = daemon->database,
                             .runner = daemon->runner,
                             .places = daemon->places,
                             .interface_files = daemon->interface_files,
                             .authority = &authority_absent };
        for (SocketName i = 0; i < SOCKET_COUNT; i++)
                if (!daemon->is_passed[i] && open_socket(daemon, i, err) < 0)
                        return -1;
        passed_sockets_done(&daemon->passed);
        return 0;
}

/* Of the supervisor or an earlier pawld, else new ones.  The names stay when we end: who launches
 * meanwhile waits there for the next of us. */
static int open_launch_socket(Daemon *daemon, const char *name, mode_t mode, int *ret, Error *err) {
        autofree char *path = places_format_path(daemon->places, name);
        ListenSocket listener = { .path = path, .type = SOCK_SEQPACKET, .mode = mode, .fd = -1 };

        if (listen_socket_open(&listener, &daemon->passed, err) < 0)
                return -1;
        *ret = take_fd(listener.fd);
        return handover_keep(&daemon->handover, *ret, path, listener.is_bound, err);
}

static int start_launch(Daemon *daemon, Error *err) {
        autofree char *launcher = string_format("%s/pawl-run", daemon->libexec);
        LaunchConfig config = { .loop = &daemon->loop,
                                .launcher = launcher,
                                .database = daemon->database,
                                .root = daemon->options->root,
                                .user_listener = -1,
                                .service_listener = -1 };

        if (open_launch_socket(daemon, LAUNCH_SOCKET, 0666, &config.user_listener, err) == 0 &&
            open_launch_socket(daemon, SERVICE_SOCKET, 0600, &config.service_listener, err) == 0 &&
            launch_new(&config, &daemon->launch, err) == 0)
                return 0;
        own_close_(&config.user_listener);
        own_close_(&config.service_listener);
        return -1;
}

/* What earlier daemons left unfinished goes on. */
static int wake_runner(Daemon *daemon, Error *err) {
        (void)err;
        runner_wake(daemon->runner);
        running_watch_update(daemon->running);
        (void)uv_check_start(&daemon->after_turn, end_if_broken);
        return 0;
}

static int tell_supervisor(Daemon *daemon, Error *err) {
        uint64_t watchdog_ms = notify_get_watchdog_ms();

        if ((program_is_on_trial(&daemon->program) && trial_check(err) < 0) ||
            program_settle(&daemon->program, daemon->database, true, err) < 0)
                return -1;
        notify_send("READY=1");
        if (watchdog_ms > 0)
                (void)uv_timer_start(&daemon->watchdog, feed_watchdog, watchdog_ms, watchdog_ms);
        rest_soon(daemon);
        return 0;
}

/* The order matters: the lock on the state comes before anything that another daemon would notice,
 * the state before what is made from it, and clients last; those who wait already only lose no
 * time. */
static int (*const START[])(Daemon *daemon, Error *err) = {
        enter_namespace,     /* before any child is made */
        open_helpers,        /* programs of this very build, also after an upgrade */
        open_loop,           /* nothing is heard before it runs */
        open_places,         /* every directory, held open */
        welcome_waiting,     /* at sockets that were passed */
        read_interfaces,     /* those of /etc, before the state is asked who is of one */
        open_state,          /* with the lock: from here on there is no other daemon */
        sweep,               /* what one that was killed left */
        settle_program,      /* unless the state wants another pawld than this */
        start_runner,        /* still asleep */
        start_running_watch, /* for changes that wait for programs */
        start_launch,        /* launches, on sockets of their own */
        serve_all,           /* the sockets that are ours to bind */
        wake_runner,         /* what was unfinished goes on */
        tell_supervisor,     /* ready */
};

/* As far as it is for this program to go (is_restarting). */
static int start(Daemon *daemon, Error *err) {
        passed_sockets_take(&daemon->passed);
        for (size_t i = 0; i < ARRAY_COUNT(START) && !daemon->is_restarting && !daemon->is_ending;
             i++)
                if (START[i](daemon, err) < 0)
                        return -1;
        return 0;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void close_loop(Daemon *daemon) {
        uv_handle_t *handles[HANDLE_COUNT];

        if (!daemon->has_handles)
                return;
        list_handles(daemon, handles);
        for (size_t i = 0; i < HANDLE_COUNT; i++)
                uv_close(handles[i], NULL);
        (void)uv_run(&daemon->loop, UV_RUN_NOWAIT);
        (void)uv_loop_close(&daemon->loop);
}

/* Clients first, then who does their work, then the state. */
static void stop(Daemon *daemon) {
        bool is_on_trial = program_is_on_trial(&daemon->program);

        /* A supervisor that is told of a stop waits for the end of the process. */
        if (!daemon->is_restarting)
                notify_send("STOPPING=1");
        daemon->api.stop_kind = "daemon-restart";
        if (daemon->front) {
                api_stop(&daemon->api);
                front_free(daemon->front);
        }
        if (daemon->launch)
                launch_free(take(daemon->launch));
        if (daemon->runner) {
                runner_free(daemon->runner);
                settle(daemon);
        }
        running_watch_free(daemon->running);
        for (size_t i = 0; i < SOCKET_COUNT; i++) {
                /* The name goes with the socket; where another pawld comes next, it needs it. */
                if (daemon->is_restarting || is_on_trial)
                        daemon->sockets[i].is_bound = false;
                listen_socket_done(&daemon->sockets[i]);
                free(daemon->paths[i]);
        }
        passed_sockets_done(&daemon->passed);
        close_loop(daemon);
        free(daemon->kinds);
        database_close(daemon->database);
        places_close(daemon->places);
        json_decref(daemon->interface_files);
}

static void find_program(Daemon *daemon) {
        const Options *options = daemon->options;

        program_find_running(options->root, options->libexec, &daemon->program);
        daemon->libexec = *daemon->program.name ? program_format_directory(&daemon->program)
                                                : string_copy(options->libexec);
}

static int run(Daemon *daemon, Error *err) {
        int outcome = start(daemon, err);

        if (outcome == 0 && !daemon->is_restarting && !daemon->is_ending) {
                (void)uv_run(&daemon->loop, UV_RUN_DEFAULT);
                if (database_is_broken(daemon->database))
                        outcome =
                                error_set(err, ERROR_FAILED,
                                          "the state had an I/O error: ending, to look at it anew");
        }
        stop(daemon);
        if (outcome == 0 && daemon->is_restarting)
                return handover_start_again(&daemon->handover, daemon->program.host,
                                            daemon->options->argv, err);
        return outcome;
}

int daemon_run(const Options *options, Error *err) {
        Daemon daemon = { .options = options, .handover = HANDOVER_INIT };

        for (size_t i = 0; i < SOCKET_COUNT; i++)
                daemon.sockets[i].fd = -1;
        memory_init();
        find_program(&daemon);
        int outcome = run(&daemon, err);
        handover_done(&daemon.handover);
        program_done(&daemon.program);
        free(daemon.libexec);
        return outcome;
}

void daemon_find_starter(const Options *options) {
        Handover nothing = HANDOVER_INIT;
        Program program;
        Error err = ERROR_INIT;

        program_find_running(options->root, options->libexec, &program);
        if (program_needs_starter(&program) &&
            handover_start_again(&nothing, program.host, options->argv, &err) < 0)
                log_warning("%s; this pawld goes on, whatever the state wants", err.message);
        program_done(&program);
}

int daemon_check_state(const Options *options, Error *err) {
        autofree char *directory = string_format("%s/var/lib/pawl/state", options->root);
        autofree char *file = string_format("%s/pawl.db", directory);
        autoptr(Database) database = NULL;
        struct stat status;

        if (stat(file, &status) < 0)
                return error_set_errno(err, errno, "cannot look at the state in %s", directory);
        if (database_open(directory, &database, err) < 0 || state_verify(database, err) < 0)
                return error_prefix(err, "the state in %s", directory);
        (void)printf("the state in %s holds\n", directory);
        return 0;
}
