/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/text.h"
#include "cli/operation.h"
#include "cli/report.h"

static const char *const flags[] = { "devmode", "jailmode", "classic", NULL };

static int print_version(Cli *cli, const char *name) {
        Error err = ERROR_INIT;
        autojson names = json_pack("[s]", name);
        autojson snaps = NULL;
        const Subject subject = { .snap = name };
        if (operation_get_snaps(cli, names, &snaps, &err) < 0)
                return report_failure(cli, &subject, &err);
        size_t i;
        json_t *snap;
        if (json_array_size(snaps) == 0)
                return cli_refuse(cli, EXIT_FAILED, "no snaps installed");
        json_array_foreach(snaps, i, snap)(void)
                printf("%s reverted to %s\n", json_get_string(snap, "name", ""),
                       json_get_string(snap, "version", ""));
        return EXIT_DONE;
}

static int run_revert(Cli *cli, const Arguments *arguments) {
        const OperationShape shape = { .action = "revert", .flags = flags };
        autojson change = NULL;
        int code = operation_check_modes(cli, arguments);
        if (code == EXIT_DONE)
                code = operation_run(cli, arguments, &shape, &change);
        return change ? print_version(cli, arguments->words[0]) : code;
}

static const Option options[] = {
        { .name = "revision",
          .argument = "REVISION",
          .help = "go to this revision instead of the one before" },
        OPTIONS_CONFINEMENT,
        OPTION_NO_WAIT,
        OPTIONS_QUEUE,
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_revert = {
        .name = "revert",
        .summary = "Go back to an earlier revision",
        .text = "Makes the revision before the latest refresh the current one again, with the data it had then.  Data "
                "that a package shares between its revisions stays as it is.",
        .words = "SNAP",
        .word = "<snap>",
        .word_min = 1,
        .word_max = 1,
        .options = options,
        .completes = "snap",
        .run = run_revert,
};
