/* SPDX-License-Identifier: Apache-2.0
 *
 * Session: one conversation with pawld about one launch (wire/launch.h).
 */
#pragma once

#include <stdbool.h>

#include "wire/frame.h"
#include "wire/launch.h"

typedef struct Session {
        int socket;      /* CLOEXEC: its closing tells pawld that exec happened */
        Frame frame;     /* the plan's text and descriptors */
        char *plan;      /* of a plan that came as a file */
        size_t first_fd; /* what the plan calls descriptor 0 */
        LaunchReader steps;
} Session;

/* Connects and sends the request; the answer may take its time. */
void session_start(Session *session, const char *root, const LaunchRequest *request);
/* Waits for the plan, telling the person at the terminal why it waits. */
void session_receive_plan(Session *session);
/* Asks whether the plan still holds: true = exec now, false = start over. */
bool session_ask_go(Session *session);
