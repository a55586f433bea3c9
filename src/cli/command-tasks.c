/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/text.h"
#include "cli/changes.h"
#include "cli/sheet.h"

static const char *const headings[] = { "Status", "Spawn", "Ready", "Summary", NULL };
static const char ruler[] =
        "......................................................................";

static char *describe_task(const json_t *task) {
        const json_t *progress = json_object_get(task, "progress");
        int64_t done = json_get_int(progress, "done", 0),
                total = json_get_int(progress, "total", 0);
        const char *summary = json_get_string(task, "summary", "");
        bool is_running = string_equal(json_get_string(task, "status", ""), "Doing") && total > 1;
        if (!is_running)
                return string_copy(summary);
        return string_format("%s (%.2f%%)", summary, (double)done / (double)total * 100);
}

static void add_task(const Arguments *arguments, Sheet *sheet, const json_t *task) {
        autofree char *spawn = changes_format_time(arguments, task, "spawn-time");
        autofree char *ready = changes_format_time(arguments, task, "ready-time");
        autofree char *summary = describe_task(task);
        const char *cells[] = { json_get_string(task, "status", ""), spawn, ready, summary };
        sheet_add(sheet, cells);
}

static void print_log(const json_t *task) {
        size_t i;
        json_t *line, *log = json_object_get(task, "log");
        if (json_array_size(log) == 0)
                return;
        (void)printf("\n%s\n%s\n\n", ruler, json_get_string(task, "summary", ""));
        json_array_foreach(log, i, line)(void)
                puts(json_is_string(line) ? json_string_value(line) : "");
}

static void print_change(const Cli *cli, const Arguments *arguments, const json_t *change) {
        size_t i;
        json_t *task, *tasks = json_object_get(change, "tasks");
        autosheet sheet = sheet_make(headings, ARRAY_COUNT(headings) - 1);
        json_array_foreach(tasks, i, task) add_task(arguments, &sheet, task);
        if (cli->is_snap)
                sheet_print_plain(&sheet, stdout);
        else
                sheet_print_pretty(&sheet, stdout, cli->has_colour);
        json_array_foreach(tasks, i, task) print_log(task);
        if (cli->is_snap)
                (void)putchar('\n');
}

static int show_tasks(Cli *cli, const Arguments *arguments, const char *id, Error *err) {
        autojson change = NULL;
        autofree char *path = changes_format_path(cli, id);

        if (client_get(cli->client, path, &change, err) < 0)
                return -1;
        if (cli->is_json)
                return cli_print_json(change);
        print_change(cli, arguments, change);
        return EXIT_DONE;
}

static int run_tasks(Cli *cli, const Arguments *arguments) {
        return changes_run(cli, arguments, show_tasks);
}

static const Option options[] = { OPTION_ABS_TIME, OPTION_LAST, OPTION_JSON, OPTIONS_END };

const Command command_tasks = {
        .name = "tasks",
        .alias = "change",
        .summary = "List the steps of a change",
        .text = "Lists the tasks of one change with their status, and what they logged.",
        .words = "[CHANGE]",
        .word = "<change-id>",
        .word_max = 1,
        .options = options,
        .completes = "change",
        .flags = COMMAND_EXTRA_IGNORED,
        .run = run_tasks,
};
