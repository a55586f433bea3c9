/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/text.h"
#include "cli/operation.h"

static void print_removed(const Arguments *arguments, const json_t *change) {
        autojson names = operation_get_names(change);
        const char *revision = arguments_get(arguments, "revision");
        if (arguments->word_count == 1) {
                const char *word = arguments->words[0];
                if (revision != NULL)
                        (void)printf("%s (revision %s) removed\n", word, revision);
                else
                        (void)printf("%s removed\n", word);
                return;
        }
        size_t i;
        json_t *name;
        json_array_foreach(names, i, name)(void) printf("%s removed\n", json_string_value(name));
        for (i = 0; i < arguments->word_count; i++)
                if (!operation_has_name(names, arguments->words[i]))
                        (void)printf("%s not installed\n", arguments->words[i]);
}

static int run_remove(Cli *cli, const Arguments *arguments) {
        bool has_option = arguments_has(arguments, "revision") || arguments_has(arguments, "purge");
        if (arguments->word_count > 1 && has_option)
                return cli_refuse(cli, EXIT_FAILED,
                                  "a single snap name is needed to specify options");
        static const char *const flags[] = { "purge", NULL };
        const OperationShape shape = { .action = "remove", .flags = flags };
        autojson change = NULL;
        int code = operation_run(cli, arguments, &shape, &change);
        if (change)
                print_removed(arguments, change);
        return code;
}

static const Option options[] = {
        { .name = "revision", .argument = "REVISION", .help = "remove only this revision" },
        { .name = "purge", .help = "keep no snapshot of the data" },
        OPTION_NO_WAIT,
        OPTIONS_QUEUE,
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_remove = {
        .name = "remove",
        .summary = "Remove snaps",
        .text = "Removes snaps with their revisions and data, or, with --revision, one revision that is not in use. "
                "Programs of a removed snap that run are ended: SIGTERM, and after five seconds SIGKILL.",
        .words = "SNAP...",
        .word = "<snap>",
        .word_min = 1,
        .word_max = SIZE_MAX,
        .options = options,
        .completes = "snap",
        .run = run_remove,
};
