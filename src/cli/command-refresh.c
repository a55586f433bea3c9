/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "base/text.h"
#include "cli/moment.h"
#include "cli/operation.h"
#include "cli/report.h"
#include "cli/sideload.h"

static const char *const flags[] = { "devmode",      "jailmode",          "classic",        "amend",
                                     "leave-cohort", "ignore-validation", "ignore-running", NULL };

static int print_times(Cli *cli, const Arguments *arguments) {
        static const char *const keys[] = { "last", "hold", "next" };
        Error err = ERROR_INIT;
        autojson system = NULL;
        const Subject subject = { .snap = "" };
        if (client_get(cli->client, "/v2/system-info", &system, &err) < 0)
                return report_failure(cli, &subject, &err);
        json_t *refresh = json_object_get(system, "refresh");
        if (cli->is_json)
                return cli_print_json(refresh);
        const char *timer = json_get_string(refresh, "timer", "");
        const char *schedule = json_get_string(refresh, "schedule", "");
        if (*timer == '\0' && *schedule == '\0')
                return cli_refuse(
                        cli, EXIT_FAILED,
                        "internal error: both refresh.timer and refresh.schedule are empty");
        (void)printf("%s: %s\n", *timer != '\0' ? "timer" : "schedule",
                     *timer != '\0' ? timer : schedule);
        const char *held = *json_get_string(refresh, "hold", "") == '\0' ? "" : " (but held)";
        for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
                char text[MOMENT_TEXT_SIZE];
                const char *value = json_get_string(refresh, keys[i], "");
                (void)moment_format(value, (int64_t)time(NULL),
                                    arguments_has(arguments, "abs-time"), text);
                bool is_none = string_equal(text, "-");
                if (!is_none || !string_equal(keys[i], "hold"))
                        (void)printf("%s: %s%s\n", keys[i], is_none ? "n/a" : text,
                                     string_equal(keys[i], "next") ? held : "");
        }
        return EXIT_DONE;
}

static int refresh_names(Cli *cli, const Arguments *arguments, const char *channel) {
        const OperationShape shape = {
                .action = "refresh", .channel = channel, .flags = flags, .has_transaction = true
        };
        autojson change = NULL;
        int code = operation_run(cli, arguments, &shape, &change);
        if (!change)
                return code;
        autojson names = arguments->word_count == 1 ? json_pack("[s]", arguments->words[0])
                                                    : operation_get_names(change);
        if (json_array_size(names) > 0)
                return operation_print_snaps(cli, arguments, names, "refreshed");
        /* An empty answer of pawld does not say that nothing newer exists. */
        (void)fputs(cli->is_snap
                            ? "All snaps up to date.\n"
                            : "Nothing refreshed: there is no store to refresh from.  Give a file: "
                              "'pawl refresh --dangerous FILE.snap'.\n",
                    stderr);
        return EXIT_DONE;
}

static int run_refresh(Cli *cli, const Arguments *arguments) {
        const char *channel;
        if (arguments_has(arguments, "time"))
                return print_times(cli, arguments);
        int code = operation_get_channel(cli, arguments, &channel);
        if (code == EXIT_DONE)
                code = operation_check_modes(cli, arguments);
        if (code != EXIT_DONE)
                return code;
        bool is_special = *channel != '\0' || arguments_has(arguments, "devmode") ||
                          arguments_has(arguments, "jailmode") ||
                          arguments_has(arguments, "classic");
        if (arguments->word_count == 1 && operation_is_file(arguments->words[0]) && !cli->is_snap)
                return sideload_run(cli, arguments, "refreshed");
        if (is_special && arguments->word_count != 1)
                return cli_refuse(cli, EXIT_FAILED,
                                  "a single snap name is needed to specify mode or channel flags");
        return refresh_names(cli, arguments, channel);
}

static const Option options[] = {
        OPTIONS_CHANNEL,
        OPTIONS_CONFINEMENT,
        { .name = "revision", .argument = "REVISION", .help = "refresh to this revision" },
        { .name = "amend", .help = "go on with a snap that the store does not know" },
        { .name = "cohort", .argument = "KEY", .help = "enter this cohort" },
        { .name = "leave-cohort", .help = "leave the cohort" },
        { .name = "time", .help = "show when refreshes happen by themselves, and refresh nothing" },
        { .name = "ignore-validation", .help = "do not let other snaps hold this one back" },
        { .name = "dangerous",
          .flags = OPTION_PAWL_ONLY,
          .help = "refresh to a file that nobody vouches for with a signature" },
        { .name = "ignore-running", .help = "refresh though programs of the snap are running" },
        OPTION_RUNNING_APPS,
        { .name = "transaction",
          .argument = "SCOPE",
          .choices = option_transaction,
          .help = "succeed or fail for each snap by itself, or for all together" },
        OPTION_NO_WAIT,
        OPTIONS_QUEUE,
        OPTION_ABS_TIME,
        OPTIONS_TERMINAL,
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_refresh = {
        .name = "refresh",
        .summary = "Refresh snaps",
        .text = "Brings snaps to a newer revision: one to the content of a file, or the named ones, or all.  An "
                "update takes place wholly or not at all; 'revert' goes back.",
        .words = "[FILE|SNAP...]",
        .word = "<snap>",
        .word_max = SIZE_MAX,
        .options = options,
        .completes = "snap",
        .run = run_refresh,
};
