/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/plan-grant.h"

#include <stdio.h>
#include <string.h>

#include "base/own.h"

size_t launch_plan_get_provider(const GrantSet *grants, size_t at) {
        size_t number = PLAN_DESCRIPTOR_COUNT;

        for (size_t i = 0; i < at; i++)
                number += grants->providers[i].needs_image ? 2 : 1;
        return number;
}

/* ── places of the host ── */

/* The kernel's own interfaces are not files to share: what there is of them comes with interfaces
 * that say which. */
static bool is_kernel_path(const char *path) {
        static const char *const tops[] = { "proc", "sys", "dev" };

        for (size_t i = 0; i < ARRAY_COUNT(tops); i++) {
                size_t length = strlen(tops[i]);
                if (strncmp(path, tops[i], length) == 0 && (!path[length] || path[length] == '/'))
                        return true;
        }
        return false;
}

char *grant_place_format(const LaunchPlanInput *input, const GrantPlace *place) {
        if (place->is_home)
                return input->request->home
                               ? string_format("%s/%s", input->request->home, place->path)
                               : NULL;
        return is_kernel_path(place->path) ? NULL : string_format("/%s", place->path);
}

static void add_place(Text *plan, const LaunchPlanInput *input, const GrantPlace *place) {
        autofree char *path = grant_place_format(input, place);
        autofree char *base =
                string_format("%s%s", input->root,
                              place->is_home && input->request->home ? input->request->home
                              : *input->root                         ? ""
                                                                     : "/");

        if (path)
                launch_line_append(plan, "bind", base, place->path, path,
                                   place->is_writable ? "rw,noexec" : "ro,noexec", NULL);
}

static void add_home(Text *plan, const LaunchPlanInput *input) {
        const char *home = input->request->home;

        if (!home)
                return;
        autofree char *base = string_format("%s%s", input->root, home);
        launch_line_append(plan, "home", base, home, NULL);
}

/* ── directories of other packages ── */

/* "" stands for the place itself. */
static char *join(const char *place, const char *below) {
        return *below ? string_format("%s/%s", place, below) : string_copy(place);
}

char *grant_share_format_target(const LaunchPlanInput *input, const GrantShare *share) {
        const Target *target = input->target;
        autofree char *place =
                share->target == SHARE_PLACE_SNAP
                        ? string_format("/snap/%s/%s", target->name, target->snap.revision)
                        : string_format("/var/snap/%s/%s", target->name,
                                        share->target == SHARE_PLACE_DATA ? target->snap.revision
                                                                          : "common");

        return join(place, share->target_below);
}

static void add_share(Text *plan, const LaunchPlanInput *input, const GrantShare *share) {
        const GrantSet *grants = &input->target->grants;
        const GrantProvider *provider = &grants->providers[share->provider];
        autofree char *target = grant_share_format_target(input, share);
        char number[16];

        if (share->source == SHARE_PLACE_SNAP) {
                autofree char *source = string_format("/%s", share->source_below);
                (void)snprintf(number, sizeof(number), "%zu",
                               launch_plan_get_provider(grants, share->provider) + 1);
                launch_line_append(plan, "share", number, source, target, NULL);
                return;
        }
        autofree char *base = string_format("%s/var/snap/%s", input->root, provider->instance);
        autofree char *source =
                join(share->source == SHARE_PLACE_DATA ? provider->revision : "common",
                     share->source_below);
        launch_line_append(plan, "bind", base, source, target, share->is_writable ? "rw" : "ro",
                           NULL);
}

void launch_plan_add_grants(Text *plan, const LaunchPlanInput *input) {
        const GrantSet *grants = &input->target->grants;

        if (grants->shows_home)
                add_home(plan, input);
        for (size_t i = 0; i < grants->place_count; i++)
                add_place(plan, input, &grants->places[i]);
        for (size_t i = 0; i < grants->share_count; i++)
                add_share(plan, input, &grants->shares[i]);
}
