/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verification.h"

static int run_repair(Cli *cli, const Arguments *arguments) {
        return verification_run(cli, "repair", arguments);
}

static const Option options[] = { OPTION_JSON, OPTIONS_END };

const Command command_repair = {
        .name = "repair",
        .summary = "Make links and files what the state says",
        .text = "Makes links of installed snaps again, removes images and data that no installed revision "
                "has, and then verifies. A damaged image cannot be repaired: install the snap again.",
        .words = "",
        .word_max = 0,
        .options = options,
        .flags = COMMAND_PAWL_ONLY,
        .run = run_repair,
};
