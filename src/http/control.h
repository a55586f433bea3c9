/* SPDX-License-Identifier: Apache-2.0
 *
 * Control: what is said to and heard from the daemon (ARCHITECTURE.md, pawld ↔ pawl-http).  Where
 * the daemon is gone or makes no sense, this process ends: it is nothing without it.
 */
#pragma once

#include <jansson.h>

#include "http/server.h"

/* Takes one frame from the daemon. */
void control_receive(Server *server);

void control_send_closed(Server *server, uint64_t connection);
void control_send_idle(Server *server);
/* Takes the head; `body` is NULL or JSON text, sent inline or as a sealed memory file. */
void control_send_request(Server *server, json_t *owned_head, const char *body, size_t length);
void control_send_upload(Server *server, json_t *owned_head);
