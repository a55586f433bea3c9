/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/changes.h"
#include "cli/columns.h"
#include "cli/graph.h"
#include "cli/report.h"
#include "cli/timeline.h"

#define BAR_WIDTH_MIN 20
#define BAR_WIDTH_MAX 60
#define BAR_SHARE     3 /* of the terminal's width: one in so many */

/* What stands for doing and undoing in a bar. */
typedef struct Marks {
        const char *doing, *undoing, *nothing;
} Marks;

static size_t get_column(const Timeline *timeline, int64_t at, size_t width) {
        double share = (double)(at - timeline->from) / (double)(timeline->to - timeline->from);
        size_t column = share <= 0 ? 0 : (size_t)(share * (double)width);
        return column >= width ? width - 1 : column;
}

static bool is_within(const Timeline *timeline, const Stretch *stretch, size_t column,
                      size_t width) {
        return stretch->to != 0 && column >= get_column(timeline, stretch->from, width) &&
               column <= get_column(timeline, stretch->to, width);
}

static void append_bar(Text *out, const Timeline *timeline, const Step *step, size_t width,
                       const Marks *marks) {
        text_append(out, "|");
        for (size_t column = 0; column < width; column++) {
                const char *mark = marks->nothing;
                if (is_within(timeline, &step->doing, column, width))
                        mark = marks->doing;
                if (is_within(timeline, &step->undoing, column, width))
                        mark = marks->undoing;
                text_append(out, mark);
        }
        text_append(out, "|");
}

static void append_duration(Text *out, const Stretch *stretch, bool is_plain) {
        autofree char *text =
                stretch->to == stretch->from
                        ? string_copy("-")
                        : timeline_format_duration(stretch->to - stretch->from, is_plain);
        text_append_format(out, "%s\t", text);
}

/* "3,4", "-" for none */
static void append_list(Text *out, const json_t *list) {
        size_t i;
        json_t *member;
        json_array_foreach(list, i, member)
                text_append_format(out, "%s%s", i > 0 ? "," : "",
                                   json_is_string(member) ? json_string_value(member) : "");
        text_append(out, json_array_size(list) == 0 ? "-\t" : "\t");
}

static void print_bars(const Cli *cli, const Timeline *timeline) {
        static const Marks plain = { "#", "<", " " }, pretty = { "█", "▒", " " };
        size_t width = cli->width / BAR_SHARE;
        width = width < BAR_WIDTH_MIN   ? BAR_WIDTH_MIN
                : width > BAR_WIDTH_MAX ? BAR_WIDTH_MAX
                                        : width;
        autotext text = TEXT_INIT;
        text_append_format(&text, "ID\tAfter\tLane\tStatus\tDoing\tUndoing\t%-*s\tSummary\n",
                           (int)width + 2, "Time");
        for (size_t i = 0; i < timeline->count; i++) {
                const Step *step = &timeline->steps[i];
                text_append_format(&text, "%s\t", step->id);
                append_list(&text, json_object_get(step->task, "waits"));
                append_list(&text, json_object_get(step->task, "lanes"));
                text_append_format(&text, "%s\t", step->status);
                append_duration(&text, &step->doing, !cli->has_unicode);
                append_duration(&text, &step->undoing, !cli->has_unicode);
                append_bar(&text, timeline, step, width, cli->has_unicode ? &pretty : &plain);
                text_append_format(&text, "\t%s\n", step->summary);
        }
        autofree char *aligned = columns_align(text.bytes, 0, 2);
        (void)fputs(aligned, stdout);
}

static void print_logs(const Timeline *timeline) {
        for (size_t i = 0; i < timeline->count; i++) {
                const json_t *log = json_object_get(timeline->steps[i].task, "log");
                size_t at;
                json_t *line;
                if (json_array_size(log) > 0)
                        (void)printf("\nLog of %s, %s:\n", timeline->steps[i].id,
                                     timeline->steps[i].summary);
                json_array_foreach(log, at, line)(void)
                        printf("  %s\n", json_is_string(line) ? json_string_value(line) : "");
        }
}

static void print_change(const Cli *cli, const Arguments *arguments, const json_t *change,
                         const Timeline *timeline) {
        autofree char *spawn = changes_format_time(arguments, change, "spawn-time");
        autofree char *ready = changes_format_time(arguments, change, "ready-time");
        autofree char *took =
                timeline_format_duration(timeline->to - timeline->from, !cli->has_unicode);
        const char *message = json_get_string(change, "err", "");
        (void)printf("Change %s: %s\n%s, %s, from %s to %s: %s\n\n",
                     json_get_string(change, "id", ""), json_get_string(change, "summary", ""),
                     json_get_string(change, "kind", ""), json_get_string(change, "status", ""),
                     spawn, string_equal(ready, "-") ? "now" : ready, took);
        print_bars(cli, timeline);
        print_logs(timeline);
        if (*message != '\0')
                (void)printf("\n%s\n", message);
}

static int draw(const Cli *cli, const json_t *change, const Timeline *timeline, const char *path) {
        autofree char *picture = graph_draw(change, timeline);
        FILE *out = string_equal(path, "-") ? stdout : fopen(path, "we");
        bool is_written = out != NULL && fputs(picture, out) >= 0;
        if (out != NULL && (out == stdout ? fflush(out) : fclose(out)) != 0)
                is_written = false;
        return is_written ? EXIT_DONE
                          : cli_refuse(cli, EXIT_FAILED, "cannot write \"%s\": %s", path,
                                       strerror(errno));
}

static int show_change(const Cli *cli, const Arguments *arguments, const json_t *change) {
        Error err = ERROR_INIT;
        autotimeline timeline = { 0 };
        const char *path = arguments_get(arguments, "graph");
        if (cli->is_json && path == NULL)
                return cli_print_json(change);
        if (timeline_load(change, clock_get_wall(), &timeline, &err) < 0)
                return cli_refuse(cli, EXIT_FAILED, "%s", err.message);
        if (path != NULL)
                return draw(cli, change, &timeline, path);
        print_change(cli, arguments, change, &timeline);
        return EXIT_DONE;
}

static int show_timing(Cli *cli, const Arguments *arguments, const char *id, Error *err) {
        autojson change = NULL;
        autofree char *base = changes_format_path(cli, id);
        autofree char *path = string_format("%s?detail=timing", base);

        if (client_get(cli->client, path, &change, err) < 0)
                return -1;
        return show_change(cli, arguments, change);
}

static int run_change(Cli *cli, const Arguments *arguments) {
        const char *graph = arguments_get(arguments, "graph");

        /* `change --graph 7`: the 7 was taken for the file. */
        if (graph != NULL && arguments->word_count == 0 && arguments_get(arguments, "last") == NULL)
                return cli_refuse(
                        cli, EXIT_USAGE,
                        "--graph takes the picture's file, here \"%s\", and a change is to be named "
                        "as well: 'pawl change --graph=FILE.svg CHANGE'",
                        graph);
        return changes_run(cli, arguments, show_timing);
}

static const Option options[] = {
        { .name = "graph",
          .argument = "FILE",
          .help = "write a picture (SVG) of tasks, lanes, waits and times to this file; - is the output" },
        { .name = "unicode",
          .argument = "WHEN",
          .choices = option_when,
          .help = "use signs outside ASCII: auto, never or always" },
        OPTION_ABS_TIME,
        OPTION_LAST,
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_change = {
        .name = "change",
        .summary = "Show where the time of a change went",
        .text = "Shows the tasks of one change over time: how long each did its work and undid it, what it waited for, "
                "its lane (tasks of one lane succeed or fail together), and what it logged.\n\n"
                "Where a task was undone, only the length of its doing is known; it is drawn from the end of what it "
                "waited for.",
        .words = "[CHANGE]",
        .word = "<change-id>",
        .word_max = 1,
        .options = options,
        .completes = "change",
        .flags = COMMAND_PAWL_ONLY,
        .run = run_change,
};
