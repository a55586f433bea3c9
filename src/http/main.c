/* SPDX-License-Identifier: Apache-2.0
 *
 * pawl-http UID [IDLE-MS [CLIENT-TIMEOUT-S]]: the API's front for one principal.  Descriptor 3 is
 * the control socket to the daemon.  It has no names, no files and no network: only sockets that
 * the daemon passed.
 */
#include <stdio.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "http/control.h"
#include "http/lock.h"
#include "http/server.h"

#define CONTROL_FD  3
#define EVENT_COUNT 16
#define USAGE                                                                                              \
        "pawl-http is the part of pawld that speaks HTTP.  pawld starts it, one for each user who asks,\n" \
        "and takes its rights away; there is nothing to start by hand.  See pawld(8).\n"

typedef struct Arguments {
        uint64_t uid;
        uint64_t idle_ms;
        uint64_t client_timeout_s;
} Arguments;

static int parse_arguments(int argc, char **argv, Arguments *ret, Error *err) {
        *ret = (Arguments){ .idle_ms = HTTP_IDLE_MS, .client_timeout_s = HTTP_CLIENT_TIMEOUT_S };
        if (argc < 2)
                return error_set(err, ERROR_BAD_REQUEST, "this program is started by pawld");
        if (string_parse_u64(argv[1], UINT32_MAX, &ret->uid, err) < 0)
                return -1;
        if (argc > 2 && string_parse_u64(argv[2], 3600 * 1000, &ret->idle_ms, err) < 0)
                return -1;
        if (argc > 3 && string_parse_u64(argv[3], 3600, &ret->client_timeout_s, err) < 0)
                return -1;
        return 0;
}

/* How long to sleep: until MHD wants to run or, without clients, until we may say that we are idle.
 */
static int get_timeout(Server *server, int64_t idle_since, uint64_t idle_ms) {
        if (server->client_count > 0)
                return server_get_timeout(server);
        if (server->has_said_idle)
                return -1;
        int64_t left_ms = (int64_t)idle_ms - (clock_get_boot() - idle_since) / 1000000;
        return left_ms > 0 ? (int)left_ms : 0;
}

static void take_events(Server *server, const struct epoll_event *events, int count) {
        for (int i = 0; i < count; i++) {
                void *what = events[i].data.ptr;
                if (what == server)
                        control_receive(server);
                else if (what && (events[i].events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)))
                        server_hang_up(server, what);
        }
}

static _Noreturn void serve(Server *server, uint64_t idle_ms) {
        struct epoll_event events[EVENT_COUNT];
        int64_t idle_since = clock_get_boot();

        for (;;) {
                int timeout = get_timeout(server, idle_since, idle_ms);
                int count = epoll_wait(server->epoll, events, EVENT_COUNT, timeout);
                if (count < 0 && errno != EINTR)
                        _exit(1);
                take_events(server, events, count);
                /* Clients are freed only in here, after all events that may name them. */
                (void)MHD_run(server->mhd);
                if (server->client_count > 0) {
                        idle_since = clock_get_boot();
                } else if (!server->has_said_idle &&
                           get_timeout(server, idle_since, idle_ms) == 0) {
                        server->has_said_idle = true;
                        control_send_idle(server);
                }
        }
}

int main(int argc, char **argv) {
        static Server server;
        Arguments arguments;
        Error err = ERROR_INIT;

        if (argc == 2 && string_equal(argv[1], "--help"))
                return fputs(USAGE, stdout) < 0;
        log_init("pawl-http");
        if (parse_arguments(argc, argv, &arguments, &err) < 0) {
                log_error("%s", err.message);
                return 64;
        }
        server.client_timeout_s = (unsigned)arguments.client_timeout_s;
        /* What would open a file later, when that is death: a seed, and the zone that the C library
         * wants to know even to print UTC. */
        json_object_seed(0);
        (void)setenv("TZ", "UTC0", 1);
        tzset();
        if (server_init(&server, CONTROL_FD, &err) < 0 ||
            lock_in(server_get_last_fd(&server), (uint32_t)arguments.uid, &err) < 0) {
                log_error("%s", err.message);
                return 1;
        }
        serve(&server, arguments.idle_ms);
}
