/* SPDX-License-Identifier: Apache-2.0
 *
 * Session: one conversation with pawld about one launch (wire/launch.h).
 */
#pragma once

#include "wire/frame.h"
#include "wire/launch.h"

typedef struct Session {
        int socket;      /* CLOEXEC: its closing tells pawld that exec happened */
        Frame frame;     /* the plan's text and descriptors */
        char *plan;      /* of a plan that came as a file */
        size_t first_fd; /* what the plan calls descriptor 0 */
        LaunchReader steps;
        Frame answer; /* to what was asked about the plan; what came with "go" is open until exec */
        int instead;  /* the running daemon's own launcher; CLOEXEC, -1 = none */
} Session;

/* Connects and sends the request; the answer may take its time. */
void session_start(Session *session, const char *root, const LaunchRequest *request);
typedef enum SessionOutcome {
        SESSION_OUTCOME_PLAN,
        SESSION_OUTCOME_AGAIN, /* pawld ended or the plan is out of date: start over */
        SESSION_OUTCOME_EXEC,  /* `instead` is to be run */
        SESSION_OUTCOME_GO,
} SessionOutcome;

/* Waits for the plan, telling the person at the terminal why it waits: a plan, again, or exec. */
SessionOutcome session_receive_plan(Session *session);
/* The plan has a critical step of this name that we do not know: again, or exec. */
SessionOutcome session_tell_unknown(Session *session, const char *word);
/* Asks whether the plan still holds: go or again. */
SessionOutcome session_ask_go(Session *session);
