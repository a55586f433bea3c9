/* SPDX-License-Identifier: Apache-2.0
 *
 * PlanChain: tasks of one snap, each waiting for the one before; what all plans are made of.
 */
#pragma once

#include "snap/plan.h"
#include "task/change.h"

typedef struct PlanChain {
        Database *database;
        const char *instance;
        int64_t change;
        int64_t lane;  /* 0 = none */
        int64_t setup; /* the task that carries the setup; 0 until it was added */
        int64_t first; /* 0 until one was added */
        int64_t last;
        /* Where the chains of one transaction are tied together; 0 = it has no such task. */
        int64_t await; /* await-apps */
        int64_t begin; /* the first that changes what runs: after await-apps, or the pause */
        int64_t pause; /* unlink-current-snap */
        int64_t ready; /* the last before the pause, or where there is none before the data */
        int64_t copy;  /* copy-snap-data */
        int64_t link;  /* link-snap */
        int64_t whole; /* the last before it */
} PlanChain;

/* Appends a task; `data` (taken) gets "instance" and "setup". */
int plan_chain_add(PlanChain *chain, const char *kind, json_t *owned_data, Error *err,
                   const char *summary, ...) printf_like(5, 6);
/* A run-hook task; "Run configure hook of "x" snap if present". */
int plan_chain_add_hook(PlanChain *chain, const char *hook, json_t *owned_data, Error *err);
/* What the daemon's own package has besides (task-program.c). */
int plan_chain_add_unpacking(PlanChain *chain, Error *err);
int plan_chain_add_await(PlanChain *chain, Error *err);
/* The first task of `chain` waits for `other` too. */
int plan_chain_wait(const PlanChain *chain, int64_t other, Error *err);

/* The chains switch together: none changes what runs before all are prepared, all are paused in one
 * commit, and one moves the current revisions of all; so undo is one commit back. */
int plan_chain_tie(const PlanChain *const *chains, size_t count, Error *err);

/* {"snap-names":[…]} and, for one, what old clients look for: "snap-name". */
json_t *plan_format_api_data(const char *const *instances, size_t count, bool is_single);
/* `"a", "b"` */
char *plan_format_quoted(const char *const *words, size_t count);
/* Summary text with the value of %s; `kind` of change; checks conflicts first. */
int plan_add_change(Database *database, const ChangeDraft *draft, const char *const *instances,
                    size_t count, int64_t *ret_change, Error *err);
