/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/plan-send.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "launch/launch-plan.h"
#include "launch/lease.h"
#include "wire/frame.h"

/* ── what a plan needs ── */

static int require_policy(const PlanSources *sources, const GrantSet *grants, PolicyFound *ret,
                          Error *err) {
        autotext rules = TEXT_INIT;

        policies_write_rules(sources->rules, grants, &rules);
        return policies_require(sources->policies, rules.bytes, ret, err);
}

static int require_providers(const PlanSources *sources, const GrantSet *grants, Ingredients *ret,
                             Error *err) {
        int all = 1;

        for (size_t i = 0; i < grants->provider_count; i++) {
                const GrantProvider *provider = &grants->providers[i];
                const ImageName name = { provider->instance, provider->revision, provider->file };
                int there = provider->needs_image ? mounts_require(sources->mounts, &name,
                                                                   &ret->providers[i], err)
                                                  : 1;
                if (there < 0)
                        return -1;
                all &= there;
        }
        return all;
}

int ingredients_require(const PlanSources *sources, const Target *target, Ingredients *ret,
                        Error *err) {
        const ImageName base = { target->base.instance, target->base.revision, target->base.file };
        const ImageName image = { target->snap.instance, target->snap.revision, target->snap.file };
        int has_policy = require_policy(sources, &target->grants, &ret->policy, err);
        if (has_policy < 0)
                return -1;
        int has_base = mounts_require(sources->mounts, &base, &ret->base, err);
        if (has_base < 0)
                return -1;
        int has_image = mounts_require(sources->mounts, &image, &ret->image, err);
        if (has_image < 0)
                return -1;
        int has_providers = require_providers(sources, &target->grants, ret, err);
        if (has_providers < 0)
                return -1;
        ret->missing = has_policy ? LAUNCH_WAIT_IMAGES : LAUNCH_WAIT_POLICY;
        return has_policy && has_base && has_image && has_providers;
}

/* ── the frame ── */

/* The frame's descriptors by their numbers in the plan; the policy's is not ours to close. */
typedef struct PlanFiles {
        int fds[FRAME_FD_COUNT_MAX];
        size_t count;
        size_t queues_at; /* 0: none of these */
} PlanFiles;

static void close_all(PlanFiles *files) {
        for (size_t i = 0; i < files->count; i++)
                if (i != PLAN_DESCRIPTOR_SECCOMP && files->fds[i] >= 0)
                        (void)close(files->fds[i]);
}

static int send_text(const PlanOrder *order, const Text *plan, const PlanFiles *files, Error *err) {
        char by_file[32];
        int all[1 + FRAME_FD_COUNT_MAX];

        if (plan->length <= FRAME_INLINE_MAX)
                return frame_send(order->socket, plan->bytes, plan->length, files->fds,
                                  files->count, err);
        if (plan->length > PLAN_SIZE_MAX)
                return error_set(err, ERROR_TOO_LARGE, "the launch plan is too large");
        autofd int file = memfd_new_sealed("plan", plan->bytes, plan->length, err);
        if (file < 0)
                return -1;
        all[0] = file;
        memcpy(all + 1, files->fds, sizeof(int) * files->count);
        int length = snprintf(by_file, sizeof(by_file), "plan-file %u\n",
                              launch_request_get_version(order->request));
        return frame_send(order->socket, by_file, (size_t)length, all, 1 + files->count, err);
}

static int open_lease(const PlanOrder *order, const char *instance, const char *revision, int *ret,
                      Error *err) {
        *ret = lease_open(order->root, instance, revision, order->uid, err);
        return *ret < 0 ? -1 : 0;
}

/* Of the base and of those who share something too: none may be removed beneath a program that runs
 * on it. */
static int open_leases(const PlanOrder *order, PlanFiles *files, Error *err) {
        const Target *target = order->target;

        if (open_lease(order, target->snap.instance, target->snap.revision,
                       &files->fds[PLAN_DESCRIPTOR_LEASE], err) < 0 ||
            open_lease(order, target->base.instance, target->base.revision,
                       &files->fds[PLAN_DESCRIPTOR_BASE_LEASE], err) < 0)
                return -1;
        for (size_t i = 0; i < target->grants.provider_count; i++) {
                const GrantProvider *provider = &target->grants.providers[i];
                size_t at = launch_plan_get_provider(&target->grants, i);
                if (open_lease(order, provider->instance, provider->revision, &files->fds[at],
                               err) < 0)
                        return -1;
        }
        return 0;
}

static int clone_images(const PlanOrder *order, const Ingredients *from, PlanFiles *files,
                        Error *err) {
        const GrantSet *grants = &order->target->grants;
        const char *paths[3 + GRANT_PROVIDER_COUNT_MAX] = { from->base->path, from->image->path };
        size_t places[3 + GRANT_PROVIDER_COUNT_MAX] = { PLAN_DESCRIPTOR_BASE,
                                                        PLAN_DESCRIPTOR_IMAGE };
        int clones[3 + GRANT_PROVIDER_COUNT_MAX];
        size_t count = 2;

        for (size_t i = 0; i < grants->provider_count; i++)
                if (grants->providers[i].needs_image) {
                        paths[count] = from->providers[i]->path;
                        places[count++] = launch_plan_get_provider(grants, i) + 1;
                }
        if (files->queues_at > 0) {
                paths[count] = order->queues;
                places[count++] = files->queues_at;
        }
        if (cloner_clone(order->cloner, paths, count, clones, err) < 0)
                return -1;
        for (size_t i = 0; i < count; i++)
                files->fds[places[i]] = clones[i];
        return 0;
}

int plan_send(const PlanOrder *order, const Ingredients *from, Error *err) {
        __attribute__((cleanup(close_all))) PlanFiles files = { 0 };
        autotext plan = TEXT_INIT;
        LaunchPlanInput input = {
                .target = order->target,
                .request = order->request,
                .base_listing = from->base->listing,
                .root = order->root,
                .programs = order->programs,
                .has_label = order->has_label,
                .has_queues = order->queues != NULL,
                .uid = order->uid,
                .seccomp_count = from->policy.object->count,
        };

        memset(files.fds, -1, sizeof(files.fds));
        files.count = launch_plan_get_provider(&input.target->grants,
                                               input.target->grants.provider_count);
        if (launch_plan_wants_queues(&input))
                files.queues_at = files.count++;
        if (launch_plan_write(&input, &plan, err) < 0)
                return -1;
        if (open_leases(order, &files, err) < 0 || clone_images(order, from, &files, err) < 0)
                return -1;
        files.fds[PLAN_DESCRIPTOR_SECCOMP] = from->policy.object->file;
        int sent = send_text(order, &plan, &files, err);
        return sent > 0 ? error_set(err, ERROR_LOST, "the launcher does not read") : sent;
}
