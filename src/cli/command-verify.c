/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verification.h"

static int run_verify(Cli *cli, const Arguments *arguments) {
        return verification_run(cli, "verify", arguments);
}

static const Option options[] = { OPTION_JSON, OPTIONS_END };

const Command command_verify = {
        .name = "verify",
        .summary = "Compare installed snaps with the state",
        .text = "Compares links, data directories and images (by digest) with what the daemon's state says, "
                "and directories that are tried, and lists what differs: of all snaps, or of those that are named. "
                "Exits with 1 when something does.",
        .words = "[SNAP...]",
        .word = "<snap>",
        .word_max = SIZE_MAX,
        .completes = "snap",
        .options = options,
        .flags = COMMAND_PAWL_ONLY,
        .run = run_verify,
};
