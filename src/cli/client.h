/* SPDX-License-Identifier: Apache-2.0
 *
 * Client: the API as a command sees it.  A call gives a result or fails; `failure` then says in
 * which of four ways, as what is printed and the exit code depend on it.  One connection is kept
 * and opened again as needed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

#define CLIENT_RETRY_MS 250

/* How the last call failed. */
typedef enum FailureWay {
        FAILURE_NONE,
        FAILURE_TRANSPORT, /* no connection, or it broke: nobody answered */
        FAILURE_REPLY,     /* an answer that is no answer of this API */
        FAILURE_API,       /* the daemon said no, and why */
        FAILURE_LOCAL,     /* a file here could not be read */
} FailureWay;

typedef struct Failure {
        FailureWay way;
        bool is_connect; /* FAILURE_TRANSPORT: there was not even a connection */
        int number;      /* FAILURE_TRANSPORT: errno */
        int status;      /* FAILURE_API: HTTP status */
        char *kind;      /* FAILURE_API: "" when the daemon gave none */
        char *message;
        json_t *value;  /* FAILURE_API: NULL or what came with it */
        char method[8]; /* of the request that failed */
        char path[256]; /* with its query, cut where longer */
} Failure;

typedef struct Client {
        char *root;
        char *socket_path;
        const char *program; /* for User-Agent */
        int fd;              /* -1 while not connected */
        bool may_interact;   /* a person sits at the terminal: polkit may ask */
        int patience_ms;     /* how long a GET that nobody answers is repeated */
        Failure failure;
        json_t *maintenance;   /* of the last answer, or NULL */
        char warning_time[40]; /* newest warning the last answer spoke of, or "" */
        int64_t warning_count;
} Client;

/* A file of a form; the daemon sees `path` as it was given. */
typedef struct UploadFile {
        const char *path;
        int fd;
} UploadFile;

typedef struct UploadField {
        const char *name;
        const char *value;
} UploadField;

typedef struct Upload {
        const UploadField *fields;
        size_t field_count;
        const UploadFile *files;
        size_t file_count;
        /* Called as bytes go out, may be NULL. */
        void (*progress)(void *data, uint64_t sent, uint64_t total);
        void *progress_data;
} Upload;

Client *client_new(const char *root, const char *program);
Client *client_free(Client *client);
DEFINE_AUTOPTR(Client, client_free);

/* `path` with its query, already escaped; the result (never NULL, json null where there is none) is
 * the caller's. */
int client_get(Client *client, const char *path, json_t **ret_result, Error *err);
/* As client_get for a request that does its work at once; `body` is borrowed, NULL is an empty
 * body. */
int client_post(Client *client, const char *path, const json_t *body, json_t **ret_result,
                Error *err);
/* A JSON request that starts a change. */
int client_start(Client *client, const char *path, const json_t *body, char **ret_change,
                 Error *err);
/* Likewise; of what clients of these resources always left out, the body's type. */
int client_start_untyped(Client *client, const char *path, const json_t *body, char **ret_change,
                         Error *err);
/* The same by PUT. */
int client_start_put(Client *client, const char *path, const json_t *body, char **ret_change,
                     Error *err);
/* The form of POST /v2/snaps, streamed. */
int client_upload(Client *client, const Upload *upload, char **ret_change, Error *err);

/* `path` without empty, "." and ".." parts, as far as its text tells. */
char *client_clean_path(const char *path);
/* BASE/NAME for a request.  Under the name snap NAME may be anything, and is made a path of as that
 * client does it; under our own it stays one name, whatever signs are in it. */
char *client_make_path(const Client *client, const char *base, const char *name);
/* Everything but letters, digits and -._~ as %XX. */
char *client_escape(const char *value);
