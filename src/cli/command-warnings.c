/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/columns.h"
#include "cli/fold.h"
#include "cli/moment.h"
#include "cli/report.h"
#include "cli/warnings.h"

#define MESSAGE_INDENT 2
#define WIDER          3 /* than the pages of info */

static void add_moment(const Arguments *arguments, Text *text, const char *name,
                       const char *moment) {
        char buffer[MOMENT_TEXT_SIZE];
        (void)moment_format(moment, (int64_t)time(NULL), arguments_has(arguments, "abs-time"),
                            buffer);
        text_append_format(text, "%s:\t%s\n", name,
                           string_equal(buffer, "-") ? "0001-01-01" : buffer);
}

static void add_details(const Cli *cli, const Arguments *arguments, Text *text,
                        const json_t *warning) {
        const char *shown = json_get_string(warning, "last-shown", NULL);
        autofree char *repeats =
                warnings_format_duration(json_get_string(warning, "repeat-after", ""));
        autofree char *expires =
                warnings_format_duration(json_get_string(warning, "expire-after", ""));
        if (shown == NULL)
                text_append_format(text, "acknowledged:\t%s\n", cli->has_unicode ? "–" : "--");
        else
                add_moment(arguments, text, "acknowledged", shown);
        text_append_format(text, "repeats-after:\t%s\nexpires-after:\t%s\n", repeats, expires);
}

static void print_warning(const Cli *cli, const Arguments *arguments, const json_t *warning) {
        bool is_verbose = arguments_has(arguments, "verbose");
        autotext text = TEXT_INIT;
        if (is_verbose)
                add_moment(arguments, &text, "first-occurrence",
                           json_get_string(warning, "first-added", NULL));
        add_moment(arguments, &text, "last-occurrence",
                   json_get_string(warning, "last-added", NULL));
        if (is_verbose)
                add_details(cli, arguments, &text, warning);
        text_append(&text, "warning: |\n");
        fold_append_lines(&text, json_get_string(warning, "message", ""), MESSAGE_INDENT,
                          fold_get_width(cli->width) + WIDER);
        autofree char *aligned = columns_align(text.bytes, 0, 2);
        (void)fputs(aligned, stdout);
}

/* Those that somebody acknowledged were shown to him. */
static void mention_okay(const Cli *cli, const json_t *warnings) {
        for (size_t i = 0; !cli->is_snap && !cli->is_json && i < json_array_size(warnings); i++)
                if (!json_object_get(json_array_get(warnings, i), "last-shown")) {
                        (void)fputs("'pawl okay' acknowledges these warnings.\n", stderr);
                        return;
                }
}

static int run_warnings(Cli *cli, const Arguments *arguments) {
        Error err = ERROR_INIT;
        autojson warnings = NULL;
        char now[CLOCK_TEXT_SIZE];
        const Subject subject = { .snap = "" };
        /* Before the question: what comes up meanwhile was not seen. */
        (void)clock_format_rfc3339(clock_get_wall(), now);
        autofree char *seen = NULL;
        Error ignored = ERROR_INIT;
        bool was_seen = warnings_load_seen(cli, &seen, &ignored) > 0;
        if (client_get(cli->client,
                       arguments_has(arguments, "all") ? "/v2/warnings?select=all" : "/v2/warnings",
                       &warnings, &err) < 0)
                return report_failure(cli, &subject, &err);
        size_t i;
        json_t *warning;
        if (cli->is_json)
                (void)cli_print_json(warnings);
        else if (json_array_size(warnings) == 0)
                (void)puts(was_seen && !arguments_has(arguments, "all") ? "No further warnings."
                                                                        : "No warnings.");
        else
                json_array_foreach(warnings, i, warning) {
                        if (i > 0)
                                (void)puts("---");
                        print_warning(cli, arguments, warning);
                }
        if (json_array_size(warnings) == 0)
                return EXIT_DONE;
        if (warnings_save_seen(cli, now, &err) < 0)
                return cli_refuse(cli, EXIT_FAILED, "%s", err.message);
        mention_okay(cli, warnings);
        return EXIT_DONE;
}

static const Option options[] = {
        { .name = "all", .help = "show what was acknowledged, too" },
        { .name = "verbose", .help = "show more of each" },
        OPTION_ABS_TIME,
        { .name = "unicode",
          .argument = "WHEN",
          .choices = option_when,
          .help = "use signs outside ASCII: auto, never or always" },
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_warnings = {
        .name = "warnings",
        .summary = "List warnings",
        .text = "Lists what the daemon warns of.  'okay' acknowledges what was listed: it is silent from then on, "
                "unless it happens again later.",
        .words = "",
        .word_max = 0,
        .options = options,
        .run = run_warnings,
};
