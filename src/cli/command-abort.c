/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/changes.h"

static int abort_change(Cli *cli, const Arguments *arguments, const char *id, Error *err) {
        autojson body = json_pack("{s:s}", "action", "abort");
        autojson change = NULL;
        autofree char *path = changes_format_path(cli, id);

        (void)arguments;
        if (client_post(cli->client, path, body, &change, err) < 0)
                return -1;
        return cli->is_json ? cli_print_json(change) : EXIT_DONE;
}

static int run_abort(Cli *cli, const Arguments *arguments) {
        return changes_run(cli, arguments, abort_change);
}

static const Option options[] = { OPTION_LAST, OPTION_JSON, OPTIONS_END };

const Command command_abort = {
        .name = "abort",
        .summary = "Undo a change that is not finished",
        .text = "Asks the daemon to stop a change and undo what it did so far.",
        .words = "[CHANGE]",
        .word = "<change-id>",
        .word_max = 1,
        .options = options,
        .completes = "change",
        .flags = COMMAND_EXTRA_IGNORED,
        .run = run_abort,
};
