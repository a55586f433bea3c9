/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/endpoint.h"
#include "cli/operation.h"
#include "cli/report.h"
#include "cli/wait.h"

/* The words of a line of a task's log, behind its moment and level. */
static const char *skip_moment(const char *line) {
        for (int i = 0; i < 2; i++) {
                line += strcspn(line, " ");
                line += *line == ' ';
        }
        return line;
}

/* What hooks added is what nobody could read beforehand; snap tells nothing. */
static void print_said(const Cli *cli, const json_t *finished) {
        const json_t *tasks = json_object_get(finished, "tasks");

        for (size_t i = 0; !cli->is_snap && i < json_array_size(tasks); i++) {
                const json_t *task = json_array_get(tasks, i);
                const json_t *log = json_object_get(task, "log");
                if (!string_equal(json_get_string(task, "kind", ""), "connect"))
                        continue;
                for (size_t line = 0; line < json_array_size(log); line++)
                        printf("%s\n", skip_moment(json_string_value(json_array_get(log, line))));
        }
}

/* "connect a:p b" and "connect a:p" leave the finding to the daemon. */
static int run_connect(Cli *cli, const Arguments *arguments) {
        autoendpoint plug = { 0 }, slot = { 0 };
        Error err = ERROR_INIT;
        autofree char *change = NULL;
        autojson finished = NULL;
        const Subject subject = { .snap = "" };
        int waited = 0, code = endpoint_parse(cli, arguments->words[0], ENDPOINT_BARE_NAME, &plug);

        if (code == EXIT_DONE && arguments->word_count > 1)
                code = endpoint_parse(cli, arguments->words[1], ENDPOINT_BARE_SNAP, &slot);
        if (code != EXIT_DONE)
                return code;
        autojson body = endpoint_format_request("connect", &plug, &slot);
        operation_put_queue(body, arguments);
        if (client_start_untyped(cli->client, "/v2/interfaces", body, &change, &err) < 0 ||
            (waited = wait_as_asked(cli, arguments, change, &finished, &err)) < 0)
                return report_failure(cli, &subject, &err);
        if (waited == 0)
                print_said(cli, finished);
        return EXIT_DONE;
}

static const Option options[] = { OPTION_NO_WAIT, OPTIONS_QUEUE, OPTION_JSON, OPTIONS_END };

const Command command_connect = {
        .name = "connect",
        .summary = "Connect a plug to a slot",
        .text = "Connects a plug to the slot that is named, to the one slot of the named snap that has the same "
                "interface, or, with the plug alone, to the system's own slot of that interface.  Attributes that hooks of the packages added "
                "are printed.",
        .words = "SNAP:PLUG [SNAP[:SLOT]]",
        .word = "<snap>:<plug>",
        .word_min = 1,
        .word_max = 2,
        .options = options,
        .run = run_connect,
};
