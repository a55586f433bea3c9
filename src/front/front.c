/* SPDX-License-Identifier: Apache-2.0 */
#include "front/front.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/text.h"
#include "front/front-internal.h"
#include "front/peer.h"
#include "front/refusal.h"
#include "wire/frame.h"

#define LISTENER_COUNT_MAX 8
/* Clients accepted before the loop looks at anything else. */
#define ACCEPT_BATCH 16

typedef struct Listener {
        Front *front;
        int fd;
        PeerSocket socket;
        Watch *watch;
} Listener;

struct Front {
        FrontSetup setup;
        Listener listeners[LISTENER_COUNT_MAX];
        size_t listener_count;
        Principal *principals[HTTP_PRINCIPAL_COUNT_MAX]; /* by slot */
        RefusalList refusals;
        uint64_t last_number;
};

Front *front_new(const FrontSetup *setup) {
        Front *front = memory_new(sizeof(*front));

        front->setup = *setup;
        front->refusals.loop = setup->loop;
        if (front->setup.idle_ms == 0)
                front->setup.idle_ms = HTTP_IDLE_MS;
        if (front->setup.client_timeout_s == 0)
                front->setup.client_timeout_s = HTTP_CLIENT_TIMEOUT_S;
        return front;
}

const FrontSetup *front_get_setup(const Front *front) {
        return &front->setup;
}

uint64_t front_next_number(Front *front) {
        return ++front->last_number;
}

Principal *front_find_principal(Front *front, uint64_t id) {
        for (size_t i = 0; i < HTTP_PRINCIPAL_COUNT_MAX; i++) {
                Principal *principal = front->principals[i];
                if (principal && principal->id == id && principal->state == PRINCIPAL_RUNNING)
                        return principal;
        }
        return NULL;
}

void front_forget_principal(Front *front, Principal *principal) {
        front->principals[principal->slot] = NULL;
        (void)principal_free(principal);
}

static Principal *find_principal_of(Front *front, const Peer *peer) {
        for (size_t i = 0; i < HTTP_PRINCIPAL_COUNT_MAX; i++) {
                Principal *principal = front->principals[i];
                if (principal && principal->state == PRINCIPAL_RUNNING &&
                    principal->uid == peer->uid && principal->is_confined == peer->is_confined &&
                    principal->view == peer->view)
                        return principal;
        }
        return NULL;
}

/* Who makes view after view gets no slots that were others'. */
static int check_views(const Front *front, const Peer *peer, Error *err) {
        size_t count = 0;

        for (size_t i = 0; i < HTTP_PRINCIPAL_COUNT_MAX && peer->view; i++) {
                const Principal *principal = front->principals[i];
                count += principal && principal->view && principal->uid == peer->uid;
        }
        return count < HTTP_VIEW_COUNT_MAX
                       ? 0
                       : error_set(err, ERROR_BUSY, "too many programs of packages at once");
}

static int find_free_slot(const Front *front, Error *err) {
        for (int i = 0; i < HTTP_PRINCIPAL_COUNT_MAX; i++)
                if (!front->principals[i])
                        return i;
        return error_set(err, ERROR_BUSY, "too many users at once");
}

/* The principal's running process, started when there is none. */
static Principal *require_principal(Front *front, const Peer *peer, Error *err) {
        Principal *principal = find_principal_of(front, peer);

        if (principal)
                return principal;
        int slot = check_views(front, peer, err) < 0 ? -1 : find_free_slot(front, err);
        if (slot < 0 || principal_new(front, peer, (unsigned)slot, &principal, err) < 0)
                return NULL;
        front->principals[slot] = principal;
        return principal;
}

static void take_client(Front *front, int owned_client, PeerSocket socket) {
        autofd int client = owned_client;
        Peer peer = PEER_INIT;
        Error err = ERROR_INIT;

        if (peer_get(client, &peer, &err) < 0) {
                refusal_send(&front->refusals, take_fd(client), &err);
                return;
        }
        peer.socket = socket;
        Principal *principal = NULL;
        if (socket == PEER_SOCKET_MAIN || peer_confine(&peer, &err) == 0)
                principal = require_principal(front, &peer, &err);
        if (principal && principal->connection_count >= HTTP_CONNECTION_COUNT_MAX) {
                (void)error_set(&err, ERROR_BUSY, "too many connections at once");
                principal = NULL;
        }
        if (!principal) {
                peer_done(&peer);
                refusal_send(&front->refusals, take_fd(client), &err);
                return;
        }
        principal_add_connection(principal, front_next_number(front), &peer, take_fd(client));
}

static void on_listener(void *context, int events) {
        const Listener *listener = context;

        (void)events;
        for (int i = 0; i < ACCEPT_BATCH; i++) {
                int client = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
                if (client >= 0) {
                        take_client(listener->front, client, listener->socket);
                        continue;
                }
                if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
                        log_warning("cannot accept a client: errno %d", errno);
                return;
        }
}

int front_add_listener(Front *front, int owned_fd, PeerSocket socket, Error *err) {
        autofd int fd = owned_fd;

        if (front->listener_count == LISTENER_COUNT_MAX)
                return error_set(err, ERROR_FAILED, "more than %d sockets", LISTENER_COUNT_MAX);
        int flags = fcntl(fd, F_GETFL);
        if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
                return error_set_errno(err, errno, "cannot use a socket");
        frame_refuse_fds(fd);
        Listener *listener = &front->listeners[front->listener_count];
        *listener = (Listener){ .front = front, .fd = fd, .socket = socket };
        if (watch_new(front->setup.loop, fd, &listener->watch, err) < 0)
                return -1;
        if (watch_start(listener->watch, UV_READABLE, on_listener, listener, err) < 0) {
                listener->watch = watch_free(listener->watch);
                return -1;
        }
        (void)take_fd(fd);
        front->listener_count++;
        return 0;
}

size_t front_count_connections(const Front *front) {
        size_t count = 0;

        for (size_t i = 0; i < HTTP_PRINCIPAL_COUNT_MAX; i++)
                if (front->principals[i])
                        count += front->principals[i]->connection_count;
        return count;
}

size_t front_count_processes(const Front *front) {
        size_t count = 0;

        for (size_t i = 0; i < HTTP_PRINCIPAL_COUNT_MAX; i++)
                count += front->principals[i] != NULL;
        return count;
}

void front_close_listeners(Front *front) {
        for (size_t i = 0; i < front->listener_count; i++) {
                (void)watch_free(front->listeners[i].watch);
                own_close_(&front->listeners[i].fd);
        }
        front->listener_count = 0;
}

void front_free(Front *front) {
        if (!front)
                return;
        front_close_listeners(front);
        for (size_t i = 0; i < HTTP_PRINCIPAL_COUNT_MAX; i++)
                front->principals[i] = principal_free(front->principals[i]);
        refusal_list_done(&front->refusals);
        free(front);
}
