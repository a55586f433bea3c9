/* SPDX-License-Identifier: Apache-2.0
 *
 * Session: one pawl-run that asks (wire/launch.h), from its request to "go".  What it waits for is
 * looked at anew at each wake, and told to its person when it takes long.
 */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "launch/caller.h"
#include "launch/cloner.h"
#include "launch/launch-target.h"
#include "launch/mounts.h"
#include "launch/policies.h"
#include "launch/policy-use.h"
#include "world/reconciler.h"

/*   REQUEST ── request came ──► PREPARING ── plan sent ──► PLANNED ── ready, go ──► GONE
 *                                  ▲ │ paused, image being mounted, policy being compiled
 *                                  └─┘                                                        */
typedef enum SessionState {
        SESSION_REQUEST,   /* connected, nothing said yet */
        SESSION_PREPARING, /* looked at again at every wake */
        SESSION_PLANNED,   /* waits for "ready" */
        SESSION_GONE,      /* answered for the last time: only its end is awaited */
} SessionState;

typedef struct Session Session;

/* What sessions work with. */
typedef struct SessionWorld {
        uv_loop_t *loop;
        Database *database;
        char *root;
        char *rules;       /* the seccomp template as text */
        char *launcher;    /* the path of this build's pawl-run; NULL = none */
        char *programs;    /* the directory that it lies in; NULL likewise */
        int launcher_file; /* the same, open; -1 = none */
        Mounts *mounts;
        Cloner cloner;
        Policies *policies;
        PolicyUse use;
        Reconciler *reconciler;
        /* The session is over: it is to be forgotten now, and frees itself later. */
        void (*on_end)(void *owner, Session *session);
        void *owner;
} SessionWorld;

struct Session {
        SessionWorld *world; /* borrowed */
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
        Target target;        /* what the plan was made of */
        struct Session *next; /* the owner's list */
};

Session *session_new(SessionWorld *world, int owned_socket, const Caller *caller);
/* Something may have come that it waits for: plans, where all is there now. */
void session_wake(Session *session);
/* Every quarter of a second: who waits long is told why, who waits too long is refused. */
void session_tick(Session *session, int64_t now);
/* on_end follows, once. */
void session_close(Session *session);
