/* SPDX-License-Identifier: Apache-2.0
 *
 * The launcher's side of wire/launch.h: an answer of the daemon, and the steps of its plan.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "fuzz.h"
#include "wire/launch.h"

/* What launch_plan_next promises about the words of a step. */
static void check_step(const LaunchStep *step) {
        if (step->op >= LAUNCH_OP_COUNT || !launch_op_get_name(step->op))
                abort();
        if (step->op == LAUNCH_OP_HOST && (!launch_path_is_clean(step->words[0]) ||
                                           strstr(step->words[1], "..") == step->words[1]))
                abort();
        if (step->op == LAUNCH_OP_TAKE && step->words[1][0] == '/')
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        autofree char *copy = malloc(length + 1);
        Error err = ERROR_INIT;
        LaunchAnswer answer;
        LaunchStep step;
        int found;

        if (!copy)
                return 0;
        memcpy(copy, bytes, length);
        if (launch_answer_parse(copy, length, &answer, &err) < 0)
                return 0;
        if (answer.message && strlen(answer.message) > length)
                abort();
        while ((found = launch_plan_next(&answer.plan, &step, &err)) > 0) {
                if (found == LAUNCH_STEP_UNKNOWN && (!step.words[0] || !*step.words[0]))
                        abort();
                if (found != LAUNCH_STEP_UNKNOWN)
                        check_step(&step);
        }
        return 0;
}
