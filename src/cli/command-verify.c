/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/report.h"
#include "cli/wait.h"

static int print_findings(const Cli *cli, const json_t *change) {
        const json_t *data = json_object_get(change, "data");
        const json_t *findings = json_object_get(data, "findings"), *finding;
        size_t i;

        if (cli->is_json)
                (void)cli_print_json(data);
        else
                json_array_foreach(findings, i, finding)
                        printf("%s: %s: %s\n", json_get_string(finding, "kind", ""),
                               json_get_string(finding, "name", ""),
                               json_get_string(finding, "message", ""));
        if (json_array_size(findings) > 0)
                return EXIT_FAILED;
        if (!cli->is_json)
                printf("%lld images, links and data are as they should be\n",
                       (long long)json_get_int(data, "images", 0));
        return EXIT_DONE;
}

static int run(Cli *cli, const char *action) {
        Error err = ERROR_INIT;
        autofree char *id = NULL;
        autojson body = json_pack("{s:s}", "action", action);
        autojson change = NULL;
        const Subject subject = { .snap = "" };

        if (client_start(cli->client, "/v2/pawl/verify", body, &id, &err) < 0 ||
            wait_for_change(cli, id, &change, &err) < 0)
                return report_failure(cli, &subject, &err);
        return print_findings(cli, change);
}

static int run_verify(Cli *cli, const Arguments *arguments) {
        (void)arguments;
        return run(cli, "verify");
}

static int run_repair(Cli *cli, const Arguments *arguments) {
        (void)arguments;
        return run(cli, "repair");
}

static const Option options[] = { OPTION_JSON, OPTIONS_END };

const Command command_verify = {
        .name = "verify",
        .summary = "Compare installed snaps with the state",
        .text = "Compares links, data directories and images (by digest) with what the daemon's state says, "
                "and lists what differs. Exits with 1 when something does.",
        .words = "",
        .word_max = 0,
        .options = options,
        .flags = COMMAND_PAWL_ONLY,
        .run = run_verify,
};

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
