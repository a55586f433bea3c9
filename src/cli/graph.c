/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/graph.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cli/fill.h"

#define HEAD_HEIGHT    84
#define ROW_HEIGHT     26
#define BAR_HEIGHT     14
#define BAR_WIDTH_MIN  3.0
#define LANE_HEIGHT    22
#define FOOT_HEIGHT    58
#define LABEL_LEFT     16
#define LABEL_CHAR_MAX 54
#define CHART_LEFT     440
#define CHART_WIDTH    640
#define CHART_MARGIN   140 /* for the duration beside a last bar */
#define TICK_COUNT_MAX 8

static const char style[] =
        "text{font-family:'DejaVu Sans',Helvetica,Arial,sans-serif;font-size:12px;fill:#24292f}"
        ".head{font-size:16px;font-weight:bold}.dim{fill:#6e7781;font-size:11px}"
        ".id{fill:#6e7781;font-size:11px}.lane{fill:#f3f5f8}.other{fill:#fafbfc}"
        ".grid{stroke:#d8dee4;stroke-width:1}"
        ".wait{stroke:#8c959f;stroke-width:1.2;fill:none}"
        ".doing{fill:#2da44e}.running{fill:#218bff}.failed{fill:#cf222e}.undoing{fill:#e58a1f}"
        ".never{fill:#ffffff;stroke:#8c959f;stroke-width:1.2;stroke-dasharray:3 2}";

/* Where a row is drawn; rows are in order of lane, then of the change. */
typedef struct Row {
        const Step *step;
        size_t index; /* of the step */
        double y;     /* its middle */
} Row;

typedef struct Graph {
        const Timeline *timeline;
        Row *rows;
        size_t *row_of; /* by index of the step */
        double height;
        Text out;
} Graph;

/* XML has no way to write most control characters. */
static void append_text(Text *out, const char *text, size_t count_max) {
        static const struct {
                char sign;
                const char *name;
        } entities[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" } };
        for (size_t count = 0; *text != '\0'; text++) {
                bool is_start = ((unsigned char)*text & 0xc0) != 0x80;
                if (is_start && count++ == count_max) {
                        text_append(out, "…");
                        return;
                }
                const char *name = (unsigned char)*text < ' ' && *text != '\n' ? "?" : NULL;
                for (size_t i = 0; i < ARRAY_COUNT(entities); i++)
                        name = entities[i].sign == *text ? entities[i].name : name;
                if (name != NULL)
                        text_append(out, name);
                else
                        text_append_bytes(out, text, 1);
        }
}

static double get_x(const Graph *graph, int64_t at) {
        const Timeline *timeline = graph->timeline;
        return CHART_LEFT + CHART_WIDTH * (double)(at - timeline->from) /
                                    (double)(timeline->to - timeline->from);
}

static bool is_lane_new(const Timeline *timeline, size_t index) {
        for (size_t i = 0; i < index; i++)
                if (timeline->steps[i].lane == timeline->steps[index].lane)
                        return false;
        return true;
}

/* A band for each lane, in the order in which they come up, and in it the rows of its tasks. */
static void lay_out(Graph *graph) {
        const Timeline *timeline = graph->timeline;
        size_t row = 0, lane_count = 0;
        double y = HEAD_HEIGHT;
        for (size_t first = 0; first < timeline->count; first++) {
                int64_t lane = timeline->steps[first].lane;
                if (!is_lane_new(timeline, first))
                        continue;
                double top = y;
                size_t from = row;
                for (y += LANE_HEIGHT; row < timeline->count;) {
                        size_t at = row == from ? first : graph->rows[row - 1].index + 1;
                        while (at < timeline->count && timeline->steps[at].lane != lane)
                                at++;
                        if (at == timeline->count)
                                break;
                        graph->row_of[at] = row;
                        graph->rows[row++] =
                                (Row){ &timeline->steps[at], at, y + ROW_HEIGHT / 2.0 };
                        y += ROW_HEIGHT;
                }
                text_append_format(
                        &graph->out,
                        "<rect class=\"%s\" x=\"0\" y=\"%.0f\" width=\"%d\" height=\"%.0f\"/>\n",
                        lane_count++ % 2 == 0 ? "lane" : "other", top,
                        CHART_LEFT + CHART_WIDTH + CHART_MARGIN, y - top);
                text_append_format(&graph->out, "<text class=\"dim\" x=\"%d\" y=\"%.0f\">",
                                   LABEL_LEFT, top + 15);
                if (lane == 0)
                        text_append(&graph->out, "no lane</text>\n");
                else
                        text_append_format(&graph->out, "lane %" PRId64 "</text>\n", lane);
        }
        graph->height = y + FOOT_HEIGHT;
}

/* 1, 2 or 5 times a power of ten. */
static int64_t choose_tick(int64_t duration) {
        for (int64_t unit = 1;; unit *= 10)
                for (int64_t factor = 1; factor <= 5; factor += factor == 1 ? 1 : 3)
                        if (duration / (unit * factor) <= TICK_COUNT_MAX)
                                return unit * factor;
}

static void draw_grid(Graph *graph) {
        int64_t duration = graph->timeline->to - graph->timeline->from;
        int64_t tick = choose_tick(duration);
        double bottom = graph->height - FOOT_HEIGHT;
        for (int64_t at = 0; at <= duration; at += tick) {
                double x = get_x(graph, graph->timeline->from + at);
                autofree char *label = timeline_format_duration(at, false);
                text_append_format(
                        &graph->out,
                        "<line class=\"grid\" x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%.0f\"/>"
                        "<text class=\"dim\" x=\"%.1f\" y=\"%.0f\" text-anchor=\"middle\">%s</text>\n",
                        x, HEAD_HEIGHT, x, bottom + 4, x, bottom + 18, label);
        }
}

static double get_start(const Graph *graph, const Step *step) {
        return get_x(graph, step->doing.to != 0 ? step->doing.from : step->ready);
}

static double get_end(const Graph *graph, const Step *step) {
        double start = get_start(graph, step);
        double end = get_x(graph, step->doing.to != 0 ? step->doing.to : step->ready);
        return end - start < BAR_WIDTH_MIN ? start + BAR_WIDTH_MIN : end;
}

static void draw_waits(Graph *graph) {
        for (size_t i = 0; i < graph->timeline->count; i++) {
                const Row *row = &graph->rows[i];
                for (size_t j = 0; j < row->step->wait_count; j++) {
                        const Row *before = &graph->rows[graph->row_of[row->step->waits[j]]];
                        double x1 = get_end(graph, before->step), x2 = get_start(graph, row->step);
                        double bend = x2 - x1 > 24 ? (x2 - x1) / 2 : 12;
                        text_append_format(
                                &graph->out,
                                "<path class=\"wait\" marker-end=\"url(#tip)\" data-from=\"%s\" "
                                "data-to=\"%s\" d=\"M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1f\"/>\n",
                                before->step->id, row->step->id, x1, before->y, x1 + bend,
                                before->y, x2 - bend, row->y, x2, row->y);
                }
        }
}

static void draw_bar(Graph *graph, const Row *row, const Stretch *stretch, const char *class) {
        double x = get_x(graph, stretch->from), width = get_x(graph, stretch->to) - x;
        text_append_format(
                &graph->out,
                "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n",
                class, x, row->y - BAR_HEIGHT / 2.0, width < BAR_WIDTH_MIN ? BAR_WIDTH_MIN : width,
                BAR_HEIGHT);
}

/* What a viewer shows when it points at the row. */
static void append_tip(Text *out, const Step *step) {
        size_t i;
        json_t *line;
        text_append(out, "<title>");
        append_text(out, step->summary, SIZE_MAX);
        text_append_format(out, "\n%s", step->status);
        json_array_foreach(json_object_get(step->task, "log"), i, line) {
                text_append(out, "\n");
                append_text(out, json_is_string(line) ? json_string_value(line) : "", SIZE_MAX);
        }
        text_append(out, "</title>\n");
}

static void draw_label(Graph *graph, const Row *row) {
        text_append_format(&graph->out, "<text class=\"id\" x=\"%d\" y=\"%.1f\">", LABEL_LEFT,
                           row->y + 4);
        append_text(&graph->out, row->step->id, SIZE_MAX);
        text_append_format(&graph->out, "</text><text x=\"%d\" y=\"%.1f\">", LABEL_LEFT + 40,
                           row->y + 4);
        append_text(&graph->out, row->step->summary, LABEL_CHAR_MAX);
        text_append(&graph->out, "</text>\n");
}

static void draw_took(Graph *graph, const Row *row) {
        const Step *step = row->step;
        double x = get_end(graph, step), undone = get_x(graph, step->undoing.to);
        autofree char *doing = timeline_format_duration(step->doing.to - step->doing.from, false);
        autofree char *undoing =
                timeline_format_duration(step->undoing.to - step->undoing.from, false);
        bool was_undone = step->undoing.to != 0;
        x = (was_undone && undone > x ? undone : x) + (step->doing.to == 0 ? 14 : 8);
        /* Beside the bars, where there is room: to their right, or else to their left. */
        bool has_room = x < CHART_LEFT + CHART_WIDTH + (was_undone ? -10 : 40) ||
                        get_start(graph, step) < CHART_LEFT + CHART_WIDTH / 2.0;
        text_append_format(
                &graph->out, "<text class=\"dim\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">",
                has_room ? x : get_start(graph, step) - 8, row->y + 4, has_room ? "start" : "end");
        if (step->doing.to == 0)
                append_text(&graph->out, step->status, SIZE_MAX);
        else if (step->doing.to != step->doing.from)
                text_append(&graph->out, doing);
        if (step->undoing.to != step->undoing.from)
                text_append_format(&graph->out, "%sundone %s",
                                   step->doing.to != step->doing.from ? ", " : "", undoing);
        text_append(&graph->out, "</text>\n");
}

static void draw_row(Graph *graph, const Row *row) {
        const Step *step = row->step;
        const char *class = string_equal(step->status, "Doing")   ? "running"
                            : string_equal(step->status, "Error") ? "failed"
                                                                  : "doing";
        text_append(&graph->out, "<g data-task=\"");
        append_text(&graph->out, step->id, SIZE_MAX);
        text_append(&graph->out, "\">\n");
        append_tip(&graph->out, step);
        draw_label(graph, row);
        if (step->doing.to != 0)
                draw_bar(graph, row, &step->doing, class);
        else
                text_append_format(&graph->out,
                                   "<circle class=\"never\" cx=\"%.1f\" cy=\"%.1f\" r=\"5\"/>\n",
                                   get_x(graph, step->ready) + 6, row->y);
        if (step->undoing.to != 0)
                draw_bar(graph, row, &step->undoing, "undoing");
        draw_took(graph, row);
        text_append(&graph->out, "</g>\n");
}

static void draw_legend(Graph *graph) {
        static const struct {
                const char *class, *name;
        } entries[] = { { "doing", "done" },
                        { "running", "doing" },
                        { "failed", "failed" },
                        { "undoing", "undone" },
                        { "never", "not done" } };
        double y = graph->height - 18;
        for (size_t i = 0; i < ARRAY_COUNT(entries); i++)
                text_append_format(
                        &graph->out,
                        "<rect class=\"%s\" x=\"%zu\" y=\"%.0f\" width=\"14\" height=\"10\" rx=\"2\"/>"
                        "<text class=\"dim\" x=\"%zu\" y=\"%.0f\">%s</text>\n",
                        entries[i].class, CHART_LEFT + i * 100, y - 9, CHART_LEFT + 20 + i * 100, y,
                        entries[i].name);
}

static void append_head(Text *out, const json_t *change, const Timeline *timeline, double height) {
        int width = CHART_LEFT + CHART_WIDTH + CHART_MARGIN;
        autofree char *took = timeline_format_duration(timeline->to - timeline->from, false);
        text_append_format(
                out,
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%.0f\" "
                "viewBox=\"0 0 %d %.0f\">\n<style>%s</style>\n"
                "<defs><marker id=\"tip\" markerWidth=\"7\" markerHeight=\"7\" refX=\"6\" refY=\"3.5\" "
                "orient=\"auto\"><path d=\"M0 0L7 3.5L0 7z\" fill=\"#8c959f\"/></marker></defs>\n"
                "<rect width=\"%d\" height=\"%.0f\" fill=\"#ffffff\"/>\n",
                width, height, width, height, style, width, height);
        text_append_format(out, "<text class=\"head\" x=\"%d\" y=\"32\">Change ", LABEL_LEFT);
        append_text(out, json_get_string(change, "id", ""), SIZE_MAX);
        text_append(out, ": ");
        append_text(out, json_get_string(change, "summary", ""), 100);
        text_append_format(out, "</text>\n<text class=\"dim\" x=\"%d\" y=\"54\">", LABEL_LEFT);
        append_text(out, json_get_string(change, "status", ""), SIZE_MAX);
        text_append(out, ", begun at ");
        append_text(out, json_get_string(change, "spawn-time", ""), SIZE_MAX);
        text_append_format(out, ", %s, %zu tasks</text>\n", took, timeline->count);
}

char *graph_draw(const json_t *change, const Timeline *timeline) {
        Graph graph = { .timeline = timeline,
                        .rows = memory_new((timeline->count + 1) * sizeof *graph.rows),
                        .row_of = memory_new((timeline->count + 1) * sizeof *graph.row_of),
                        .out = TEXT_INIT };
        lay_out(&graph);
        draw_grid(&graph);
        for (size_t i = 0; i < timeline->count; i++)
                draw_row(&graph, &graph.rows[i]);
        draw_waits(&graph);
        draw_legend(&graph);
        autotext whole = TEXT_INIT;
        append_head(&whole, change, timeline, graph.height);
        text_append_bytes(&whole, graph.out.bytes, graph.out.length);
        text_append(&whole, "</svg>\n");
        text_done(&graph.out);
        free(graph.rows);
        free(graph.row_of);
        return text_take(&whole);
}
