/* SPDX-License-Identifier: Apache-2.0
 *
 * The interface hooks of a connection as tasks, in the order in which they belong, each only where
 * the package has it:
 *
 *     prepare-plug-P → prepare-slot-S → connect → connect-slot-S → connect-plug-P
 *     disconnect-slot-S → disconnect-plug-P → disconnect
 *
 * Undone in the other direction: what was prepared is unprepared, what was connected disconnected.
 * Data of such a run-hook: "instance", "hook", "undo_hook", "side" ("plug" or "slot": whose hook it
 * is), the connection's name, "connect": the connect task that it belongs to (attributes are
 * gathered there), "ignore_error".
 */
#pragma once

#include "interface/connection-row.h"

typedef enum HookStage {
        HOOK_STAGE_PREPARE,
        HOOK_STAGE_CONNECT,
        HOOK_STAGE_DISCONNECT,
} HookStage;

/* Tasks one after the other; what is added moves `last` on. */
typedef struct HookChain {
        Database *database;
        int64_t change;
        int64_t last;          /* what the next one waits for; 0: nothing */
        int64_t lane;          /* 0: none, or those of `like` */
        int64_t like;          /* a task in whose lanes all are; 0: none */
        const char *followers; /* JSON list of tasks that wait for each of them; NULL: none */
        bool is_error_ignored; /* whatever the hooks say, it goes on */
        int64_t connect;       /* "connect" of the hooks that are added */
        const char *without;   /* the package whose hooks are left out; NULL: none */
} HookChain;

/* Any task: the chain's next. */
int hook_chain_add(HookChain *chain, const char *kind, const char *summary, json_t *owned_data,
                   Error *err);
int hook_chain_add_stage(HookChain *chain, HookStage stage, const ConnectionName *name, Error *err);
/* The prepare hooks and the connect task, whose data is `owned_data`; it is `chain->connect` then.
 */
int hook_chain_add_connect(HookChain *chain, const ConnectionName *name, json_t *owned_data,
                           Error *err);
/* 1 where a package of the connection has a hook of the stage; `of`: this one, NULL: either. */
int hook_chain_has(Database *database, HookStage stage, const ConnectionName *name, const char *of,
                   Error *err);
/* The other packages whose hooks run when all connections of `instance` end, as a list of names:
 * what ends them touches these too. */
int hook_chain_list_others(Database *database, const char *instance, json_t **ret, Error *err);
