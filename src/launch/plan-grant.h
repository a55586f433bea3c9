/* SPDX-License-Identifier: Apache-2.0
 *
 * The part of a plan that shows what connections grant, and where in the view that is.
 */
#pragma once

#include "launch/launch-plan.h"

void launch_plan_add_grants(Text *plan, const LaunchPlanInput *input);
void launch_plan_add_granted_variables(Text *plan, const LaunchPlanInput *input);
void launch_plan_add_landlock_grants(Text *plan, const LaunchPlanInput *input);
/* Whom Landlock restricts in files at all mounts nothing, whatever else he may. */
bool launch_plan_may_mount(const LaunchPlanInput *input);
void launch_plan_add_restrictions(Text *plan, const LaunchPlanInput *input);
/* Before any variable is unset: the caller's may name his bus. */
void launch_plan_add_buses(Text *plan, const LaunchPlanInput *input);
void launch_plan_add_device_filter(Text *plan, const LaunchPlanInput *input);
void launch_plan_add_capabilities(Text *plan, const LaunchPlanInput *input);

/* Without any the launch has an IPC namespace of its own. */
void launch_plan_add_queues(Text *plan, const LaunchPlanInput *input);
