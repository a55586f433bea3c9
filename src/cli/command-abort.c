/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "cli/changes.h"
#include "cli/report.h"

static int run_abort(Cli *cli, const Arguments *arguments) {
        Error err = ERROR_INIT;
        autofree char *id = NULL;
        autojson body = json_pack("{s:s}", "action", "abort");
        autojson change = NULL;
        int outcome = changes_find_id(cli, arguments, &id);
        if (outcome != 0)
                return outcome > 0 ? EXIT_DONE : -outcome;
        autofree char *path = client_make_path(cli->client, "/v2/changes", id);
        const Subject subject = { .snap = id };
        if (client_post(cli->client, path, body, &change, &err) < 0)
                return report_failure(cli, &subject, &err);
        return cli->is_json ? cli_print_json(change) : EXIT_DONE;
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
