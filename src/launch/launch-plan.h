/* SPDX-License-Identifier: Apache-2.0
 *
 * Plan: the text that tells pawl-run what to build (wire/launch.h), written from a target and from
 * what its base holds.  Pure: touches nothing.
 */
#pragma once

#include <sys/types.h>

#include "launch/launch-target.h"

/* The frame's descriptors, in the order in which they travel. */
typedef enum PlanDescriptor {
        PLAN_DESCRIPTOR_LEASE,
        PLAN_DESCRIPTOR_BASE_LEASE,
        PLAN_DESCRIPTOR_BASE,
        PLAN_DESCRIPTOR_IMAGE,
        PLAN_DESCRIPTOR_SECCOMP,
        PLAN_DESCRIPTOR_COUNT,
} PlanDescriptor;

typedef struct LaunchPlanInput {
        const Target *target;
        const LaunchRequest *request;
        const char *base_listing; /* mounts.h */
        const char *root;
        const char *programs; /* the directory of our own; NULL: none for hooks */
        bool has_label;       /* AppArmor confines it under its tag */
        bool has_queues;      /* a descriptor of them follows those of providers */
        uid_t uid;
        uint32_t seccomp_count; /* instructions */
} LaunchPlanInput;

/* Beyond those above, for each provider its lease and, where needed, its image: the number of the
 * lease of provider `at`; with the count of providers, how many descriptors there are. */
size_t launch_plan_get_provider(const GrantSet *grants, size_t at);
/* After all of those: the message queues, as far as they are granted. */
bool launch_plan_wants_queues(const LaunchPlanInput *input);

/* Fails where the request cannot be carried out on this launcher's machine, with what is missing.
 */
int launch_plan_write(const LaunchPlanInput *input, Text *ret, Error *err);
