/* SPDX-License-Identifier: Apache-2.0
 *
 * Confine: what the program's process takes off for good, in the order that works: no_new_privs,
 * Landlock, AppArmor's label, capabilities, seccomp.  (Landlock before the capabilities costs
 * nothing; seccomp last, or it would have to allow the steps before it.)
 */
#pragma once

#include <stdbool.h>

#include "wire/frame.h"
#include "wire/launch.h"

#define CONFINE_RULE_COUNT_MAX    512
#define CONFINE_PROGRAM_COUNT_MAX 4

/* Collected from the plan; the strings are the plan's. */
typedef struct Confinement {
        struct {
                const char *path;
                const char *rights;
        } rules[CONFINE_RULE_COUNT_MAX];
        size_t rule_count;
        /* A file system of message queues and what is allowed in it; rights NULL = none. */
        struct {
                uint64_t file;
                const char *rights;
        } queues;
        const char *restrictions; /* of Landlock, NULL = none */
        struct {
                uint64_t file, first, count;
        } programs[CONFINE_PROGRAM_COUNT_MAX];
        size_t program_count;
        const char *label;     /* of AppArmor, NULL = none */
        bool may_change_label; /* by exec: no_new_privs is left out */
        uint64_t capabilities; /* that are kept, a bit each */
        bool logs_denials;     /* as the caller asked; changes nothing of what is refused */
} Confinement;

/* Every one, for good; for a helper of the launch. */
void confinement_drop_capabilities(void);
void confinement_apply(Confinement *confinement, const LaunchStep *step);
/* `first_fd` is what the plan calls descriptor 0. Returns only when all of it holds. */
void confinement_enter(const Confinement *confinement, const Frame *frame, size_t first_fd);
