/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/operation.h"

static int run_enable(Cli *cli, const Arguments *arguments) {
        return operation_run_simple(cli, arguments, "enable", "enabled");
}

static int run_disable(Cli *cli, const Arguments *arguments) {
        return operation_run_simple(cli, arguments, "disable", "disabled");
}

static const Option options[] = { OPTION_NO_WAIT, OPTIONS_QUEUE, OPTION_JSON, OPTIONS_END };

const Command command_enable = {
        .name = "enable",
        .summary = "Enable a snap that was disabled",
        .text = "Makes the programs of a disabled snap available again.",
        .words = "SNAP",
        .word = "<snap>",
        .word_min = 1,
        .word_max = 1,
        .options = options,
        .completes = "snap",
        .flags = COMMAND_EXTRA_IGNORED,
        .run = run_enable,
};

const Command command_disable = {
        .name = "disable",
        .summary = "Disable a snap",
        .text = "Takes a snap's programs away.  Its data stays; 'enable' undoes this.",
        .words = "SNAP",
        .word = "<snap>",
        .word_min = 1,
        .word_max = 1,
        .options = options,
        .completes = "snap",
        .flags = COMMAND_EXTRA_IGNORED,
        .run = run_disable,
};
