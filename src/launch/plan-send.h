/* SPDX-License-Identifier: Apache-2.0
 *
 * Sending a plan: first its ingredients are gathered (images mounted, policy compiled: either may
 * still be on its way), then the text and its descriptors go out as one frame.  Nothing here knows
 * of sessions or waits.
 */
#pragma once

#include "launch/cloner.h"
#include "launch/launch-target.h"
#include "launch/mounts.h"
#include "launch/policies.h"

/* Where ingredients come from; nothing is owned. */
typedef struct PlanSources {
        Mounts *mounts;
        Policies *policies;
        const char *rules; /* the seccomp template as text */
} PlanSources;

/* What a launch may have to wait for. */
typedef enum LaunchWait {
        LAUNCH_WAIT_CHANGE, /* the package is paused */
        LAUNCH_WAIT_POLICY, /* compiled in a child */
        LAUNCH_WAIT_IMAGES, /* mounted by a child */
} LaunchWait;

/* Borrowed from the sources, so good until the loop's next turn. */
typedef struct Ingredients {
        const Image *base;
        const Image *image;
        const Image *providers[GRANT_PROVIDER_COUNT_MAX]; /* of those whose image is shared */
        PolicyFound policy;
        LaunchWait missing; /* where something is on its way */
} Ingredients;

/* For whom; nothing is owned. */
typedef struct PlanOrder {
        const Target *target;
        const LaunchRequest *request;
        const char *root;
        const char *programs; /* directory of our own programs; NULL = not known */
        Cloner *cloner;
        const char *queues; /* mounts_get_queues */
        bool has_label;     /* of AppArmor; its profile is loaded */
        uid_t uid;          /* of the caller, by the kernel's word */
        int socket;
} PlanOrder;

/* 1 all is there, 0 something is on its way: ask again when the sources wake. */
int ingredients_require(const PlanSources *sources, const Target *target, Ingredients *ret,
                        Error *err);
int plan_send(const PlanOrder *order, const Ingredients *from, Error *err);
