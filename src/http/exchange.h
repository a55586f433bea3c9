/* SPDX-License-Identifier: Apache-2.0
 *
 * Exchange: one request and its answer.
 *
 *   READING ──body complete──▶ WAITING ──reply──▶ ANSWERED
 *      │  ▲                                          ▲
 *      ▼  │ file                                     │
 *    ASKING ──────────────refusal────────────────────┤
 *   READING ──bad syntax, too large──────────────────┘
 *
 * In ASKING and WAITING the connection is suspended.  In ANSWERED what is left of the body is
 * thrown away first, as MHD can answer only between requests.
 */
#pragma once

#include "base/text.h"
#include "http/form.h"
#include "http/server.h"
#include "http/target.h"

typedef enum ExchangeState {
        EXCHANGE_NEW, /* only the request line was seen */
        EXCHANGE_READING,
        EXCHANGE_ASKING,
        EXCHANGE_WAITING,
        EXCHANGE_ANSWERED,
} ExchangeState;

struct Exchange {
        Server *server;
        Client *client;
        uint64_t number;
        ExchangeState state;
        char *raw_target;
        char *method;
        Target target;
        json_t *headers;
        bool may_interact;
        bool is_form;
        bool has_asked; /* the daemon holds files for it: an early end closes the connection */
        Form form;
        Text body; /* of what is not a form */
        struct MHD_Response *response;
        int status;
};

Exchange *exchange_new(Server *server, Client *client, const char *raw_target);
void exchange_free(Exchange *exchange);

/* The headers are here. */
void exchange_begin(Exchange *exchange, const char *method);
/* Takes bytes of the body; leaves in `*left` what it could not take yet (then it is ASKING). */
void exchange_feed(Exchange *exchange, const char *bytes, size_t *left);
/* The body is complete. */
void exchange_finish(Exchange *exchange);

/* The daemon's answers; a wrong one for this state is ignored and its descriptor closed. */
void exchange_take_file(Exchange *exchange, int owned_fd, uint64_t upload);
void exchange_take_response(Exchange *exchange, int status, struct MHD_Response *owned_response);

static inline bool exchange_is_suspended(const Exchange *exchange) {
        return exchange->state == EXCHANGE_ASKING || exchange->state == EXCHANGE_WAITING;
}
