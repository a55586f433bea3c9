/* SPDX-License-Identifier: Apache-2.0
 *
 * GrantSet: what the live connections of exactly one app or hook allow it beyond what every program
 * may, in neutral terms.  The launch turns it into a plan and a filter; nothing of it is kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/text.h"
#include "interface/endpoint-check.h"
#include "interface/interface-kind.h"
#include "state/database.h"

#define GRANT_PLACE_COUNT_MAX    128
#define GRANT_SHARE_COUNT_MAX    32
#define GRANT_PROVIDER_COUNT_MAX 8

/* A file or directory of the host, shown where it is. */
typedef struct GrantPlace {
        char *path;   /* owned; beneath the home or the root, no slash first */
        bool is_home; /* else of the root */
        bool is_writable;
} GrantPlace;

/* A snap whose directories are shared with the program: its revision counts for the plan too. */
typedef struct GrantProvider {
        char *instance, *name, *revision, *file; /* owned */
        int64_t epoch;
        bool is_paused;
        bool needs_image; /* something of the image itself is shared */
} GrantProvider;

typedef struct GrantShare {
        size_t provider; /* index */
        SharePlace source;
        char *source_below; /* owned, maybe "" */
        SharePlace target;
        char *target_below; /* owned, maybe "" */
        bool is_writable;
} GrantShare;

typedef struct GrantSet {
        unsigned sockets; /* of InterfaceSocket */
        bool lifts_tcp, listens, shows_home;
        GrantPlace places[GRANT_PLACE_COUNT_MAX];
        size_t place_count;
        GrantShare shares[GRANT_SHARE_COUNT_MAX];
        size_t share_count;
        GrantProvider providers[GRANT_PROVIDER_COUNT_MAX];
        size_t provider_count;
} GrantSet;

void grant_set_done(GrantSet *set);

typedef struct GrantRequest {
        const char *instance;
        const json_t *manifest; /* of the current revision */
        const char *program;
        bool is_hook;
} GrantRequest;

/* `ret` is zeroed or as grant_set_done left it. */
int grant_set_load(Database *database, const GrantRequest *request, GrantSet *ret, Error *err);
/* The lines that the set adds to the seccomp template (policy/seccomp.h). */
void grant_set_append_seccomp(const GrantSet *set, Text *rules);
