/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/text.h"
#include "cli/endpoint.h"
#include "cli/operation.h"
#include "cli/report.h"
#include "cli/wait.h"

static int explain(Cli *cli, Error *err) {
        const Subject subject = { .snap = "" };
        const Failure *failure = &cli->client->failure;

        if (failure->way != FAILURE_API || !failure->kind ||
            !string_equal(failure->kind, "interfaces-unchanged"))
                return report_failure(cli, &subject, err);
        (void)printf("No connections to disconnect\n");
        return EXIT_DONE;
}

/* One word alone may be a plug or a slot: it travels as the slot. */
static int run_disconnect(Cli *cli, const Arguments *arguments) {
        autoendpoint plug = { 0 }, slot = { 0 };
        bool is_pair = arguments->word_count > 1;
        Error err = ERROR_INIT;
        autofree char *change = NULL;
        autojson finished = NULL;
        int code = endpoint_parse(cli, arguments->words[0], ENDPOINT_BARE_WRONG,
                                  is_pair ? &plug : &slot);

        if (code == EXIT_DONE && is_pair)
                code = endpoint_parse(cli, arguments->words[1], ENDPOINT_BARE_WRONG, &slot);
        if (code != EXIT_DONE)
                return code;
        autojson body = endpoint_format_request("disconnect", &plug, &slot);
        operation_put_queue(body, arguments);
        if (arguments_has(arguments, "forget"))
                json_put(body, "forget", json_true());
        if (client_start_untyped(cli->client, "/v2/interfaces", body, &change, &err) < 0 ||
            wait_as_asked(cli, arguments, change, &finished, &err) < 0)
                return explain(cli, &err);
        return EXIT_DONE;
}

static const Option options[] = {
        { .name = "forget", .help = "do not remember that it was taken apart by hand" },
        OPTION_NO_WAIT,
        OPTIONS_QUEUE,
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_disconnect = {
        .name = "disconnect",
        .summary = "Disconnect a plug from a slot",
        .text = "Disconnects the plug from the slot, or, with one of them alone, everything from it. An automatic "
                "connection that is taken apart is not made again by a refresh, unless it is to be forgotten.",
        .words = "SNAP:PLUG [SNAP:SLOT]",
        .word = "<snap>:<plug>",
        .word_min = 1,
        .word_max = 2,
        .options = options,
        .run = run_disconnect,
};
