/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verification.h"

static int run_verify(Cli *cli, const Arguments *arguments) {
        (void)arguments;
        return verification_run(cli, "verify");
}

static const Option options[] = { OPTION_JSON, OPTIONS_END };

const Command command_verify = {
        .name = "verify",
        .summary = "Compare installed snaps with the state",
        .text = "Compares links, data directories and images (by digest) with what the daemon's state says, "
                "and directories that are tried, and lists what differs. Exits with 1 when something does.",
        .words = "",
        .word_max = 0,
        .options = options,
        .flags = COMMAND_PAWL_ONLY,
        .run = run_verify,
};
