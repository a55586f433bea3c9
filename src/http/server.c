/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include <limits.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/text.h"
#include "http/control.h"
#include "http/exchange.h"

/* MHD keeps headers and the part of a body that is being read in one pool per connection. */
#define POOL_SIZE (HTTP_HEADER_SIZE_MAX + 16 * 1024)

static Client *get_client(struct MHD_Connection *connection) {
        const union MHD_ConnectionInfo *info =
                MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

        return info ? info->socket_context : NULL;
}

/* Called with the request line; what it returns becomes the request's context. */
static void *on_target(void *context, const char *uri, struct MHD_Connection *connection) {
        Client *client = get_client(connection);

        if (!client)
                return NULL;
        client->exchange = exchange_new(context, client, uri);
        return client->exchange;
}

static enum MHD_Result send_response(Exchange *exchange, struct MHD_Connection *connection) {
        return MHD_queue_response(connection, (unsigned)exchange->status, exchange->response);
}

/* Called after the headers, for each piece of the body, and once more at its end. */
/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd says what it is given */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *bytes,
                                  size_t *left, void **request) {
        Exchange *exchange = *request;

        (void)context;
        (void)url;
        (void)version;
        if (!exchange || exchange->client->has_left)
                return MHD_NO;
        if (exchange->state == EXCHANGE_NEW) {
                exchange_begin(exchange, method);
                return MHD_YES;
        }
        /* With a chunked body MHD offers the next piece although the connection was suspended at
         * the last: it is left where it is. */
        if (exchange_is_suspended(exchange))
                return MHD_YES;
        if (*left > 0)
                exchange_feed(exchange, bytes, left);
        else
                exchange_finish(exchange);
        if (exchange_is_suspended(exchange)) {
                MHD_suspend_connection(connection);
                if (exchange->client->has_hung_up)
                        server_hang_up(exchange->server, exchange->client);
                return MHD_YES;
        }
        if (*left == 0 && bytes == NULL && exchange->state == EXCHANGE_ANSWERED)
                return send_response(exchange, connection);
        return MHD_YES;
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request,
                         enum MHD_RequestTerminationCode why) {
        Exchange *exchange = take(*request);

        (void)context;
        (void)connection;
        (void)why;
        if (exchange)
                exchange->client->exchange = NULL;
        exchange_free(exchange);
}

static Client **find_slot(Server *server, const Client *client) {
        for (size_t i = 0; i < HTTP_CONNECTION_COUNT_MAX; i++)
                if (server->clients[i] == client)
                        return &server->clients[i];
        return NULL;
}

static void remove_client(Server *server, Client *client) {
        Client **slot = find_slot(server, client);

        if (slot)
                *slot = NULL;
        server->client_count--;
        server->has_said_idle = false;
        (void)epoll_ctl(server->epoll, EPOLL_CTL_DEL, client->fd, NULL);
        if (!client->has_left)
                control_send_closed(server, client->number);
        free(client);
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode what) {
        Server *server = context;

        if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
                Client *client = take(*socket_context);
                if (client)
                        remove_client(server, client);
                return;
        }
        int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        for (size_t i = 0; i < HTTP_CONNECTION_COUNT_MAX; i++) {
                Client *client = server->clients[i];
                if (!client || client->fd != fd)
                        continue;
                client->connection = connection;
                *socket_context = client;
        }
}

static int watch(Server *server, int fd, uint32_t events, void *what, Error *err) {
        struct epoll_event event = { .events = events, .data.ptr = what };

        if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
                return error_set_errno(err, errno, "cannot watch a descriptor");
        return 0;
}

int server_init(Server *server, int control, Error *err) {
        server->control = control;
        /* No thread, no listener: MHD_run is called when its epoll descriptor says so. */
        server->mhd = MHD_start_daemon(
                MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                on_request, server, MHD_OPTION_URI_LOG_CALLBACK, on_target, server,
                MHD_OPTION_NOTIFY_COMPLETED, on_completed, server, MHD_OPTION_NOTIFY_CONNECTION,
                on_connection, server, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL_SIZE,
                MHD_OPTION_CONNECTION_LIMIT, (unsigned)HTTP_CONNECTION_COUNT_MAX,
                MHD_OPTION_CONNECTION_TIMEOUT, server->client_timeout_s, MHD_OPTION_END);
        if (!server->mhd)
                return error_set(err, ERROR_FAILED, "cannot start the HTTP library");
        server->epoll = epoll_create1(EPOLL_CLOEXEC);
        if (server->epoll < 0)
                return error_set_errno(err, errno, "cannot make an epoll descriptor");
        int inner = MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
        if (watch(server, inner, EPOLLIN, NULL, err) < 0)
                return -1;
        return watch(server, control, EPOLLIN, server, err);
}

int server_get_last_fd(const Server *server) {
        int inner = MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;

        return inner > server->epoll ? inner : server->epoll;
}

void server_add_client(Server *server, uint64_t number, int owned_fd) {
        Client **slot = find_slot(server, NULL);
        Client *client = memory_new(sizeof(*client));
        Error err = ERROR_INIT;

        client->number = number;
        client->fd = owned_fd;
        server->client_count++;
        server->has_said_idle = false;
        if (!slot) {
                (void)close(owned_fd);
                remove_client(server, client);
                return;
        }
        *slot = client;
        /* Who stops sending has left: MHD, too, gives such a connection up when it reads again. */
        (void)watch(server, owned_fd, EPOLLRDHUP | EPOLLET, client, &err);
        if (MHD_add_connection(server->mhd, owned_fd, NULL, 0) == MHD_YES)
                return;
        /* MHD has closed the descriptor; without a context its closing was told to nobody. */
        if (find_slot(server, client) && !client->connection)
                remove_client(server, client);
}

Client *server_find_client(Server *server, uint64_t number) {
        for (size_t i = 0; i < HTTP_CONNECTION_COUNT_MAX; i++)
                if (server->clients[i] && server->clients[i]->number == number)
                        return server->clients[i];
        return NULL;
}

void server_hang_up(Server *server, Client *client) {
        client->has_hung_up = true;
        if (client->has_left || !client->exchange || !exchange_is_suspended(client->exchange))
                return;
        client->has_left = true;
        control_send_closed(server, client->number);
        MHD_resume_connection(client->connection);
}

int server_get_timeout(Server *server) {
        MHD_UNSIGNED_LONG_LONG timeout;

        if (MHD_get_timeout(server->mhd, &timeout) != MHD_YES)
                return -1;
        return timeout > INT_MAX ? INT_MAX : (int)timeout;
}
