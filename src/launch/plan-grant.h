/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of a plan that shows what connections grant, and where in the view that is.
 */
#pragma once

#include "launch/launch-plan.h"

void launch_plan_add_grants(Text *plan, const LaunchPlanInput *input);

/* Paths in the view, owned; a place is NULL where there is none for it. */
char *grant_place_format(const LaunchPlanInput *input, const GrantPlace *place);
char *grant_share_format_target(const LaunchPlanInput *input, const GrantShare *share);
