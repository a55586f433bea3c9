/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"
#include "cli/report.h"
#include "cli/warnings.h"

static int run_okay(Cli *cli, const Arguments *arguments) {
        Error err = ERROR_INIT;
        autofree char *seen = NULL;
        autojson result = NULL;
        const Subject subject = { .snap = "" };
        (void)arguments;
        int outcome = warnings_load_seen(cli, &seen, &err);
        if (outcome < 0)
                return cli_refuse(cli, EXIT_FAILED, "%s", err.message);
        if (outcome == 0)
                return cli_refuse(
                        cli, EXIT_FAILED,
                        "you must have looked at the warnings before acknowledging them. Try '%s warnings'.",
                        cli->program);
        autojson body = json_pack("{s:s, s:s}", "action", "okay", "timestamp", seen);
        if (client_post(cli->client, "/v2/warnings", body, &result, &err) < 0)
                return report_failure(cli, &subject, &err);
        return cli->is_json ? cli_print_json(result) : EXIT_DONE;
}

static const Option options[] = { OPTION_JSON, OPTIONS_END };

const Command command_okay = {
        .name = "okay",
        .summary = "Acknowledge warnings",
        .text = "Acknowledges what 'warnings' listed last.",
        .words = "",
        .word_max = 0,
        .options = options,
        .run = run_okay,
};
