/* SPDX-License-Identifier: Apache-2.0
 *
 * Turns "connect" and "disconnect" as clients ask for them into changes (POST /v2/interfaces):
 * names that were left out are found, then the whole change is committed in one transaction.  The
 * caller wakes the runner.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "state/database.h"

/* As the client said it: "" where it said nothing.  Borrowed. */
typedef struct EndpointRequest {
        const char *snap;
        const char *name;
} EndpointRequest;

/* kind connect-snap; a change without tasks where they are connected already. */
int plan_connect(Database *database, const EndpointRequest *plug, const EndpointRequest *slot,
                 int64_t *ret_change, Error *err);
/* kind disconnect-snap, a lane for each connection.  With one side "" everything of the other. */
typedef struct DisconnectRequest {
        EndpointRequest plug, slot;
        bool is_forgotten;
} DisconnectRequest;
int plan_disconnect(Database *database, const DisconnectRequest *request, int64_t *ret_change,
                    Error *err);
