/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of front/ tell each other and nobody else.
 */
#pragma once

#include "front/principal.h"

const FrontSetup *front_get_setup(const Front *front);
/* Numbers of connections and principals: never 0, never used twice. */
uint64_t front_next_number(Front *front);
/* The RUNNING one with this id; NULL when it has gone. */
Principal *front_find_principal(Front *front, uint64_t id);
/* Its process has ended: frees it. */
void front_forget_principal(Front *front, Principal *principal);

/* From a checked message; takes its uploads.  NULL = the sender lied about them. */
Request *request_new(Principal *principal, Connection *connection, const Message *message,
                     Error *err);
