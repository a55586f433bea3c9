/* SPDX-License-Identifier: Apache-2.0
 *
 * Who may install, connect and be connected without being asked: rules of the interfaces themselves
 * (InterfaceKind.policy) and of snap declarations, which go before.  Pure: what is known of both
 * packages and of the machine is given.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"
#include "interface/interface-kind.h"

typedef enum PolicyAct {
        POLICY_INSTALLATION,
        POLICY_CONNECTION,
        POLICY_AUTO_CONNECTION,
} PolicyAct;

/* A plug or slot and whose it is; borrowed.  "" where nothing is known: no constraint holds for it.
 */
typedef struct PolicyEnd {
        const char *name;
        const json_t *attributes; /* NULL: none */
        const char *snap;         /* its name, for messages */
        const char *snap_type;    /* "app", "gadget", "kernel", "os", "snapd"; "system" */
        const char *snap_id;      /* "": not asserted */
        const char *publisher_id;
        const json_t *declaration; /* {"plugs": {INTERFACE: rules}, "slots": …}; NULL: none */
} PolicyEnd;

typedef struct PolicyMachine {
        bool is_classic;
        const char *distribution; /* ID of os-release(5) */
        const char *store, *brand, *model;
} PolicyMachine;

typedef struct PolicyQuestion {
        PolicyAct act;
        const InterfaceKind *kind;
        const PolicyEnd *plug, *slot; /* one of them is NULL for an installation */
        const PolicyMachine *machine;
} PolicyQuestion;

/* 1 allowed, 0 not, and `ret_why` says by which rule.  `ret_is_any` (or NULL): any number of slots
 * for a plug ("slots-per-plug: *"), where an auto-connection otherwise asks for exactly one. */
int policy_ask(const PolicyQuestion *question, bool *ret_is_any, Error *ret_why);

/* Of a slot of a package that nobody asserts: only what its type and the machine decide. */
int policy_ask_minimal(const PolicyQuestion *question, Error *ret_why);

/* For auto_connect_rule(interface, plug, slot, machine) in SQL, the last three as JSON objects of
 * what the structures above have: NULL not allowed, "1" or "*": how many slots a plug may have. */
char *policy_auto_connect_rule(const char *const *arguments);
/* For connect_refusal(…), likewise: NULL allowed, otherwise why not. */
char *policy_connect_refusal(const char *const *arguments);
