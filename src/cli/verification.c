/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/verification.h"

#include <stdio.h>

#include "base/text.h"
#include "cli/report.h"
#include "cli/wait.h"

static int print_findings(const Cli *cli, const json_t *change, bool is_repair) {
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
        (void)fflush(stdout);
        if (json_array_size(findings) > 0 && !is_repair && !cli->is_json)
                (void)fputs("'pawl repair' makes links and files what the state says.\n", stderr);
        if (json_array_size(findings) > 0)
                return EXIT_FAILED;
        if (!cli->is_json)
                printf("%lld images, links and data are as they should be\n",
                       (long long)json_get_int(data, "images", 0));
        return EXIT_DONE;
}

int verification_run(Cli *cli, const char *action, const Arguments *arguments) {
        Error err = ERROR_INIT;
        autofree char *id = NULL;
        autojson body = json_pack("{s:s}", "action", action);
        autojson change = NULL;
        const Subject subject = { .snap = arguments->word_count == 1 ? arguments->words[0] : "" };

        if (arguments->word_count > 0)
                json_put(body, "snaps", json_array());
        for (size_t i = 0; i < arguments->word_count; i++)
                json_array_append_new(json_object_get(body, "snaps"),
                                      json_string(arguments->words[i]));
        if (client_start(cli->client, "/v2/pawl/verify", body, &id, &err) < 0 ||
            wait_for_change(cli, id, &change, &err) < 0)
                return report_failure(cli, &subject, &err);
        return print_findings(cli, change, string_equal(action, "repair"));
}
