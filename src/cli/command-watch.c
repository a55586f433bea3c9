/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/changes.h"
#include "cli/report.h"
#include "cli/wait.h"

static int run_watch(Cli *cli, const Arguments *arguments) {
        Error err = ERROR_INIT;
        autofree char *id = NULL;
        autojson change = NULL;
        int outcome = changes_find_id(cli, arguments, &id);
        if (outcome != 0)
                return outcome > 0 ? EXIT_DONE : -outcome;
        const Subject subject = { .snap = id };
        if (wait_for_change(cli, id, &change, &err) < 0)
                return report_failure(cli, &subject, &err);
        return EXIT_DONE;
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
