/* SPDX-License-Identifier: Apache-2.0
 *
 * A plug or slot as it is named on the command line: "snap:name", ":name" (of the system), "snap".
 */
#pragma once

#include "cli/command.h"

typedef struct Endpoint {
        char *snap; /* owned, never NULL */
        char *name;
} Endpoint;

void endpoint_done(Endpoint *endpoint);
#define autoendpoint __attribute__((cleanup(endpoint_done))) Endpoint

/* What a word without a colon is. */
typedef enum EndpointBare {
        ENDPOINT_BARE_WRONG,
        ENDPOINT_BARE_SNAP,
        ENDPOINT_BARE_NAME,
} EndpointBare;

/* 0, or the exit code of what is neither. */
int endpoint_parse(const Cli *cli, const char *word, EndpointBare bare, Endpoint *ret);
/* {"action":…,"plugs":[…],"slots":[…]} */
json_t *endpoint_format_request(const char *action, const Endpoint *plug, const Endpoint *slot);
/* "snap:name" of an object of the API, ":name" for the system's; owned. */
char *endpoint_describe(const json_t *object, const char *kind);
bool endpoint_is_system(const char *snap);
