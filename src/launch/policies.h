/* SPDX-License-Identifier: Apache-2.0
 *
 * Policies: the compiled filters that launches of the last moments needed, by their rules, each
 * opened or compiled once for everybody who waits for it.  One child without power compiles all of
 * them, one after another (policy-compiler.h); the daemon writes what it says.  A cache that may be
 * dropped at any time: the objects themselves are in R/var/lib/pawl/policy.
 */
#pragma once

#include <stdbool.h>
#include <uv.h>

#include "base/text.h"
#include "interface/grant.h"
#include "policy/store.h"

typedef struct Policies Policies;

/* `changed` is called from the loop when a compilation has ended, well or not. */
Policies *policies_new(uv_loop_t *loop, const char *root, void (*changed)(void *context),
                       void *context);
/* At the end: nothing is compiled any more.  Before the loop's last turn. */
void policies_stop(Policies *policies);
/* Not while the loop still runs compilations. */
Policies *policies_free(Policies *policies);
typedef struct PolicyFound {
        const PolicyObject *object;
        const char *digest; /* its name */
} PolicyFound;

/* The rules that every program has: the same for the life of a daemon.  Whoever tells of rules and
 * whoever puts them together asks here. */
void policies_write_template(Text *ret);
/* The rules of a program: the template, and what the connections of this very one add.  Same rules,
 * same policy. */
void policies_write_rules(const char *template, const GrantSet *grants, Text *ret);
/* 1 there it is, until the next drop; 0 being compiled; negative: it cannot be.  A failure is that
 * of everybody who waited for it: it is tried again only by who asks some seconds later. */
int policies_require(Policies *policies, const char *rules, PolicyFound *ret, Error *err);
/* Will be wanted: compiled where it is not there, once nobody waits for another.  Who requires it
 * meanwhile goes first. */
int policies_plan(Policies *policies, const char *rules, Error *err);
/* That are to be compiled, and nobody waits for. */
size_t policies_count_planned(const Policies *policies);
bool policies_are_compiling(const Policies *policies);
/* All that are not being compiled, and the child where none are. */
void policies_drop(Policies *policies);
