/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/report.h"
#include "cli/sheet.h"
#include "cli/words.h"

static const char *const headings[] = { "Name",      "Version", "Rev", "Tracking",
                                        "Publisher", "Notes",   NULL };

static int compare_snaps(const void *a, const void *b) {
        const json_t *const *left = a, *const *right = b;
        return strcmp(json_get_string(*left, "name", ""), json_get_string(*right, "name", ""));
}

static void add_snap(const Cli *cli, Sheet *sheet, const json_t *snap) {
        autofree char *tracking = words_tracking(snap),
                      *publisher = words_publisher_short(cli, snap);
        autofree char *plain = words_notes(snap);
        /* Never the current one, so that there is a note before it. */
        bool is_blocked = !cli->is_snap && json_get_bool(snap, "blocked", false);
        autofree char *notes = string_format("%s%s", plain, is_blocked ? ",blocked" : "");
        const char *version = json_get_string(snap, "version", "");
        const char *cells[] = {
                json_get_string(snap, "name", ""),
                *version == '\0' ? "-" : version,
                json_get_string(snap, "revision", ""),
                tracking,
                publisher,
                notes,
        };
        sheet_add(sheet, cells);
}

static void print_snaps(const Cli *cli, const json_t *snaps) {
        size_t count = json_array_size(snaps);
        const json_t **sorted = memory_new((count + 1) * sizeof *sorted);
        for (size_t i = 0; i < count; i++)
                sorted[i] = json_array_get(snaps, i);
        qsort(sorted, count, sizeof *sorted, compare_snaps);
        /* The heading gets the escapes that each cell of its column has, or it would stand out of
         * line. */
        const char *titles[ARRAY_COUNT(headings)];
        memcpy(titles, headings, sizeof titles);
        titles[4] = cli->has_colour && cli->is_snap ? "Publisher\x1b[32m\x1b[0m" : headings[4];
        autosheet sheet = sheet_make(titles, ARRAY_COUNT(headings) - 1);
        for (size_t i = 0; i < count; i++)
                add_snap(cli, &sheet, sorted[i]);
        free(sorted);
        if (cli->is_snap)
                sheet_print_plain(&sheet, stdout);
        else
                sheet_print_pretty(&sheet, stdout, cli->has_colour);
}

static char *make_path(const Arguments *arguments) {
        autotext path = TEXT_INIT;
        text_append(&path, "/v2/snaps");
        if (arguments_has(arguments, "all"))
                text_append(&path, "?select=all");
        const char *before = path.length > strlen("/v2/snaps") ? "&snaps=" : "?snaps=";
        for (size_t i = 0; i < arguments->word_count; i++) {
                autofree char *name = client_escape(arguments->words[i]);
                text_append_format(&path, "%s%s", before, name);
                before = "%2C";
        }
        return text_take(&path);
}

/* snap lists what it has and is content; a script that asks for two would take one for both. */
static int refuse_missing(const Cli *cli, const Arguments *arguments, const json_t *snaps) {
        int code = EXIT_DONE;
        for (size_t i = 0; !cli->is_snap && i < arguments->word_count; i++)
                if (words_find_snap(snaps, arguments->words[i]) == NULL)
                        code = cli_refuse(cli, EXIT_FAILED, "snap \"%s\" is not installed",
                                          arguments->words[i]);
        return code;
}

static int run_list(Cli *cli, const Arguments *arguments) {
        Error err = ERROR_INIT;
        autojson snaps = NULL;
        autofree char *path = make_path(arguments);
        const Subject subject = { .snap = arguments->word_count == 1 ? arguments->words[0] : "",
                                  .doing = "cannot list snaps" };
        if (client_get(cli->client, path, &snaps, &err) < 0)
                return report_failure(cli, &subject, &err);
        if (json_array_size(snaps) == 0 && arguments->word_count > 0)
                return cli_refuse(cli, EXIT_FAILED, "no matching snaps installed");
        if (cli->is_json) {
                cli->is_answered = cli_print_json(snaps) == EXIT_DONE;
                return refuse_missing(cli, arguments, snaps);
        }
        if (json_array_size(snaps) == 0) {
                (void)fprintf(stderr, "No snaps are installed yet. Try '%s'.\n",
                              cli->is_snap ? "snap install hello-world"
                                           : "pawl install --dangerous ./FILE.snap");
                return EXIT_DONE;
        }
        print_snaps(cli, snaps);
        return refuse_missing(cli, arguments, snaps);
}

static const Option options[] = {
        { .name = "all", .help = "show every revision that is kept, not only the current ones" },
        OPTIONS_TERMINAL,
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_list = {
        .name = "list",
        .summary = "List installed snaps",
        .text = "Lists the installed snaps, or those that are named, with their version, revision, the channel they "
                "follow, their publisher and notes.",
        .words = "[SNAP...]",
        .word = "<snap>",
        .word_max = SIZE_MAX,
        .options = options,
        .completes = "snap",
        .run = run_list,
};
