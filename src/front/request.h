/* SPDX-License-Identifier: Apache-2.0
 *
 * Request and reply of the API as the daemon sees them: who asks is known from the kernel, what is
 * asked was parsed and bounded by a `pawl-http` of that principal.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/json.h"

typedef enum PeerSocket {
        PEER_SOCKET_MAIN,
        PEER_SOCKET_SNAP
} PeerSocket;

/* Taken when the connection was accepted. */
typedef struct Peer {
        PeerSocket socket;
        pid_t pid;
        uid_t uid;
        gid_t gid;
        int pidfd;        /* owned by the connection; -1 where the kernel cannot say */
        bool is_confined; /* its cgroup, label or user namespace says so: lowers rights, never
                             raises them */
        uint64_t view;    /* of the snap socket: the peer's mount namespace, so that no two launches
                             share a pawl-http; else 0 */
} Peer;

#define REQUEST_FILE_MAX 16

typedef struct RequestFile {
        char *filename; /* as the client said; for messages only */
        int fd;         /* owned; O_TMPFILE, complete, offset 0 */
        uint64_t size;
} RequestFile;

typedef struct Request Request;

/* What api/ reads.  Everything is owned by the request. */
struct Request {
        Peer peer;
        char *method;
        char *path;
        json_t *query;   /* {"select":["all"]} */
        json_t *headers; /* lower-case names; only those that ARCHITECTURE.md lists */
        json_t *body;    /* parsed JSON, or {} of form fields; NULL when there was none */
        bool is_form;
        bool may_interact; /* X-Allow-Interaction */
        RequestFile files[REQUEST_FILE_MAX];
        size_t file_count;
        /* Private to front/: where the answer goes. */
        void *origin;
        void (*free_origin)(void *origin);
};

/* First value of a query parameter; `fallback` when absent. */
const char *request_get_query(const Request *request, const char *key, const char *fallback);

/* Each answers exactly once and frees the request; answering may happen later than the handler
 * returns.  A request whose client has left is answered into nothing. */
void request_reply_json(Request *owned_request, int status, json_t *owned_body);
void request_reply_file(Request *owned_request, int owned_fd, const char *content_type,
                        const char *filename);
/* 200 with these headers and this body, for the few answers that are no JSON. */
void request_reply_text(Request *owned_request, json_t *owned_headers, const char *body);
