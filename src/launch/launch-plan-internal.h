/* SPDX-License-Identifier: Apache-2.0
 *
 * The parts of a plan that every program has, each in a file of its own, and how lines are written.
 */
#pragma once

#include <stdio.h>

#include "launch/launch-plan.h"
#include "wire/launch.h"

#define NUMBER_SIZE 16
/* Where real bases have an empty directory for it, and a link to it in /usr/bin. */
#define SNAPCTL_DIRECTORY "/usr/lib/snapd"

static inline void line_add(Text *plan, const char *op, const char *word) {
        launch_line_append(plan, op, word, NULL);
}

static inline void line_add_pair(Text *plan, const char *op, const char *first,
                                 const char *second) {
        launch_line_append(plan, op, first, second, NULL);
}

static inline const char *format_number(char buffer[NUMBER_SIZE], unsigned number) {
        (void)snprintf(buffer, NUMBER_SIZE, "%u", number);
        return buffer;
}

/* What the kernel shows of the machine: /dev, /proc, /sys, and of the network what is in them. */
void launch_plan_add_kernel(Text *plan, const LaunchPlanInput *input);
/* What is taken out of the environment, what is set in it, and what the package adds, in the order
 * in which each sees those before it. */
void launch_plan_add_environment(Text *plan, const LaunchPlanInput *input);
