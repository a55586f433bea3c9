/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/changes.h"
#include "cli/report.h"
#include "cli/sheet.h"

static const char *const headings[] = { "ID", "Status", "Spawn", "Ready", "Summary", NULL };

/* What a task that waits said last ("… INFO waits until …"), NULL where none does. */
static const char *find_wait(const json_t *change) {
        size_t i;
        json_t *task;
        json_array_foreach(json_object_get(change, "tasks"), i, task) {
                const json_t *log = json_object_get(task, "log");
                const char *line = json_string_value(json_array_get(log, json_array_size(log) - 1));
                const char *text = line == NULL ? NULL : strstr(line, " INFO ");
                if (string_equal(json_get_string(task, "status", ""), "Wait"))
                        return text == NULL ? "waits" : text + strlen(" INFO ");
        }
        return NULL;
}

static void add_change(const Cli *cli, const Arguments *arguments, Sheet *sheet,
                       const json_t *change) {
        autofree char *spawn = changes_format_time(arguments, change, "spawn-time");
        autofree char *ready = changes_format_time(arguments, change, "ready-time");
        const char *wait = cli->is_snap ? NULL : find_wait(change);
        autofree char *summary = string_format("%s%s%s", json_get_string(change, "summary", ""),
                                               wait == NULL ? "" : ": ", wait == NULL ? "" : wait);
        const char *cells[] = { json_get_string(change, "id", ""),
                                json_get_string(change, "status", ""), spawn, ready, summary };
        sheet_add(sheet, cells);
}

static int print_changes(Cli *cli, const Arguments *arguments, json_t *const *changes,
                         size_t count) {
        autosheet sheet = sheet_make(headings, ARRAY_COUNT(headings) - 1);
        for (size_t i = 0; i < count; i++)
                add_change(cli, arguments, &sheet, changes[i]);
        if (!cli->is_snap) {
                sheet_print_pretty(&sheet, stdout, cli->has_colour);
                return EXIT_DONE;
        }
        sheet_print_plain(&sheet, stdout);
        (void)putchar('\n');
        return EXIT_DONE;
}

static int run_changes(Cli *cli, const Arguments *arguments) {
        Error err = ERROR_INIT;
        autojson result = NULL;
        autofree json_t **sorted = NULL;
        const char *word = arguments->word_count > 0 ? arguments->words[0] : NULL;
        /* Almost always meant as the id of a change; no snap has such a name. */
        if (word != NULL && *word != '\0' && strspn(word, "0123456789") == strlen(word))
                return cli_refuse(cli, EXIT_FAILED,
                                  "'%s changes' command expects a snap name, try '%s tasks %s'",
                                  cli->program, cli->program, word);
        autofree char *name = client_escape(word == NULL ? "" : word);
        autofree char *path =
                string_format("/v2/changes?%s%s%sselect=all", word == NULL ? "" : "for=", name,
                              word == NULL ? "" : "&");
        const Subject subject = { .snap = word == NULL ? "" : word };
        if (changes_get_sorted(cli, path, &result, &sorted, &err) < 0)
                return report_failure(cli, &subject, &err);
        if (cli->is_json)
                return cli_print_json(result);
        if (json_array_size(result) > 0)
                return print_changes(cli, arguments, sorted, json_array_size(result));
        (void)fputs("no changes found\n", stderr);
        return EXIT_DONE;
}

static const Option options[] = { OPTION_ABS_TIME, OPTION_JSON, OPTIONS_END };

const Command command_changes = {
        .name = "changes",
        .summary = "List recent changes",
        .text = "Lists what was done to the system lately, or is being done, oldest first; with a name, what concerned "
                "that snap.",
        .words = "[SNAP]",
        .word = "<snap>",
        .word_max = 1,
        .options = options,
        .completes = "snap",
        .run = run_changes,
};
