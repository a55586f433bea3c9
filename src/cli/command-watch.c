/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/changes.h"
#include "cli/wait.h"

static int watch_change(Cli *cli, const Arguments *arguments, const char *id, Error *err) {
        autojson change = NULL;

        (void)arguments;
        return wait_for_change(cli, id, &change, err) < 0 ? -1 : EXIT_DONE;
}

static int run_watch(Cli *cli, const Arguments *arguments) {
        return changes_run(cli, arguments, watch_change);
}

static const Option options[] = { OPTION_LAST, OPTION_JSON, OPTIONS_END };

const Command command_watch = {
        .name = "watch",
        .summary = "Wait for a change to finish",
        .text = "Shows the progress of a change on the terminal until it is finished, and fails if it failed.",
        .words = "[CHANGE]",
        .word = "<change-id>",
        .word_max = 1,
        .options = options,
        .completes = "change",
        .flags = COMMAND_EXTRA_IGNORED,
        .run = run_watch,
};
