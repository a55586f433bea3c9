/* SPDX-License-Identifier: Apache-2.0
 *
 * Server: the whole of `pawl-http`: libmicrohttpd without threads or listeners, the clients whose
 * sockets the daemon passed, and the control socket to the daemon.
 */
#pragma once

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/limits.h"

typedef struct Exchange Exchange;

/* One connection.  The daemon knows who it is; here it is a number. */
typedef struct Client {
        uint64_t number;
        int fd; /* MHD's */
        struct MHD_Connection *connection;
        Exchange *exchange; /* the request being read or answered, NULL between requests */
        bool has_left;      /* and the daemon was told */
        bool has_hung_up;   /* seen while nothing of its was pending */
} Client;

typedef struct Server {
        struct MHD_Daemon *mhd;
        int epoll;   /* control socket, MHD's own epoll, hang-ups of clients */
        int control; /* blocking: the daemon never waits for us, so we may wait for it */
        Client *clients[HTTP_CONNECTION_COUNT_MAX];
        unsigned client_count;
        uint64_t last_request;
        unsigned client_timeout_s;
        bool has_said_idle;
} Server;

/* Everything that needs more rights than the sandbox leaves. */
int server_init(Server *server, int control, Error *err);
/* The highest descriptor in use after server_init. */
int server_get_last_fd(const Server *server);

void server_add_client(Server *server, uint64_t number, int owned_fd);
Client *server_find_client(Server *server, uint64_t number);
/* Its socket hung up: a suspended connection would not notice. */
void server_hang_up(Server *server, Client *client);
/* Milliseconds until MHD wants to run again, -1 = not before an event. */
int server_get_timeout(Server *server);
