/* SPDX-License-Identifier: Apache-2.0
 *
 * A program to launch, as tests of plans make it up.
 */
#pragma once

#include "base/text.h"
#include "launch/launch-plan.h"
#include "unit.h"
#include "wire/launch.h"

#define PLAN_LISTING \
        "dir usr\ndir etc\ndir proc\ndir home\nlink bin usr/bin\nfile odd\\sname\netc passwd\n"

typedef struct Case {
        Target target;
        LaunchRequest request;
        LaunchPlanInput input;
} Case;

static inline Case make_case(const char *manifest) {
        Case made = { 0 };
        Error err = ERROR_INIT;

        made.target.snap =
                (TargetSnap){ .instance = string_copy("tool"), .revision = string_copy("x1") };
        made.target.name = string_copy("tool");
        made.target.version = string_copy("1.0");
        made.target.program = string_copy("run");
        assert_int_equal(json_parse(manifest, strlen(manifest), &made.target.manifest, &err), 0);
        made.request = (LaunchRequest){ .version = LAUNCH_PROTOCOL,
                                        .oldest = LAUNCH_PROTOCOL,
                                        .command = "tool.run",
                                        .home = "/home/u",
                                        .landlock_abi = 6 };
        made.input.base_listing = PLAN_LISTING;
        made.input.root = "";
        made.input.uid = 1000;
        made.input.seccomp_count = 10;
        return made;
}

static inline int write_plan(Case *from, Text *ret, Error *err) {
        from->input.target = &from->target;
        from->input.request = &from->request;
        return launch_plan_write(&from->input, ret, err);
}
