/* SPDX-License-Identifier: Apache-2.0
 *
 * Api: what the REST API needs of the daemon.  A request comes in with its peer known from the
 * kernel; the route table says who may ask and which function answers, now or later.
 */
#pragma once

#include <uv.h>

#include "api/authority.h"
#include "front/request.h"
#include "snap/places.h"
#include "state/database.h"
#include "task/runner.h"

typedef struct Sideload Sideload;

typedef struct Api {
        uv_loop_t *loop;
        Database *database;
        Runner *runner; /* NULL in tests: changes are made and never run */
        const Places *places;
        const Authority *authority;
        const json_t *interface_files; /* of the machine's own (snap/interface-files.h); or NULL */
        const char *stop_kind;         /* "daemon-restart" while the daemon ends, else NULL */
        /* Private to api/: requests that wait for pawl-read. */
        Sideload *sideloads;
} Api;

/* Answers exactly once, maybe after it returned. */
void api_serve(Api *api, Request *owned_request);

/* Asked before the first byte of each file of a form: may this peer send files there?  Negative:
 * no, and that is what the client is told. */
int api_check_upload(const Peer *peer, const char *method, const char *path, Error *err);

/* Answers what still waits, with an error; nothing is served afterwards. */
void api_stop(Api *api);
