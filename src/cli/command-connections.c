/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/endpoint.h"
#include "cli/report.h"
#include "cli/sheet.h"

#define CELL_COUNT 4

static const char *const headings[] = { "Interface", "Plug", "Slot", "Notes", NULL };

typedef struct Row {
        char *interface; /* what rows are sorted by first */
        char *cells[CELL_COUNT];
} Row;

typedef struct Rows {
        Row *rows;
        size_t count, capacity;
} Rows;

static void rows_done(Rows *rows) {
        for (size_t i = 0; i < rows->count; i++) {
                free(rows->rows[i].interface);
                for (size_t cell = 0; cell < CELL_COUNT; cell++)
                        free(rows->rows[i].cells[cell]);
        }
        free(rows->rows);
}

static Row *add_row(Rows *rows, const char *interface) {
        Row *row = &rows->rows[rows->count++];

        row->interface = string_copy(interface);
        return row;
}

/* Owned "-" for none. */
static char *dash(void) {
        return string_copy("-");
}

/* That hooks added attributes is no word of snap's. */
static char *describe_notes(const Cli *cli, const json_t *connection) {
        const struct {
                const char *word;
                bool is_so;
        } notes[] = {
                { "manual", json_get_bool(connection, "manual", false) },
                { "gadget", json_get_bool(connection, "gadget", false) },
                { "hooks", !cli->is_snap && json_object_get(connection, "hook-attrs") },
        };
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < ARRAY_COUNT(notes); i++)
                if (notes[i].is_so)
                        text_append_format(&text, "%s%s", text.length > 0 ? "," : "",
                                           notes[i].word);
        return text.length > 0 ? text_take(&text) : dash();
}

static void add_connections(const Cli *cli, Rows *rows, const json_t *list) {
        json_t *connection;
        size_t i;

        json_array_foreach(list, i, connection) {
                const char *interface = json_get_string(connection, "interface", "");
                const char *tag =
                        json_get_string(json_object_get(connection, "plug-attrs"), "content", "");
                Row *row = add_row(rows, interface);
                row->cells[0] = string_equal(interface, "content") && *tag
                                        ? string_format("content[%s]", tag)
                                        : string_copy(interface);
                row->cells[1] = endpoint_describe(json_object_get(connection, "plug"), "plug");
                row->cells[2] = endpoint_describe(json_object_get(connection, "slot"), "slot");
                row->cells[3] = describe_notes(cli, connection);
        }
}

/* The system offers much that nobody uses: shown only where it was asked for. */
static void add_unconnected(Rows *rows, const json_t *list, const char *kind, bool shows_system) {
        bool is_plug = string_equal(kind, "plug");
        json_t *endpoint;
        size_t i;

        json_array_foreach(list, i, endpoint) {
                if (json_array_size(json_object_get(endpoint, "connections")) > 0 ||
                    (!shows_system && endpoint_is_system(json_get_string(endpoint, "snap", ""))))
                        continue;
                Row *row = add_row(rows, json_get_string(endpoint, "interface", ""));
                char *name = endpoint_describe(endpoint, kind);
                row->cells[0] = string_copy(row->interface);
                row->cells[1] = is_plug ? name : dash();
                row->cells[2] = is_plug ? dash() : name;
                row->cells[3] = dash();
        }
}

static int compare_rows(const void *a, const void *b) {
        const Row *left = a, *right = b;
        int order = strcmp(left->interface, right->interface);

        for (size_t cell = 1; order == 0 && cell < CELL_COUNT; cell++)
                order = strcmp(left->cells[cell], right->cells[cell]);
        return order;
}

static void print_rows(const Cli *cli, Rows *rows) {
        autosheet sheet = sheet_make(headings, CELL_COUNT);

        if (rows->count == 0)
                return;
        qsort(rows->rows, rows->count, sizeof(*rows->rows), compare_rows);
        for (size_t i = 0; i < rows->count; i++)
                sheet_add(&sheet, (const char *const *)rows->rows[i].cells);
        if (cli->is_snap)
                sheet_print_plain(&sheet, stdout);
        else
                sheet_print_pretty(&sheet, stdout, cli->has_colour);
}

/* What is not connected is shown where it was asked for: of all snaps, or of one. */
static void print_connections(const Cli *cli, const json_t *all, bool is_whole, const char *snap) {
        const json_t *established = json_object_get(all, "established");
        const json_t *plugs = json_object_get(all, "plugs"), *slots = json_object_get(all, "slots");
        __attribute__((cleanup(rows_done))) Rows rows = { 0 };

        rows.capacity =
                json_array_size(established) + json_array_size(plugs) + json_array_size(slots) + 1;
        rows.rows = memory_new(rows.capacity * sizeof(*rows.rows));
        add_connections(cli, &rows, established);
        if (is_whole || *snap) {
                add_unconnected(&rows, plugs, "plug", endpoint_is_system(snap));
                add_unconnected(&rows, slots, "slot", endpoint_is_system(snap));
        }
        print_rows(cli, &rows);
}

static int run_connections(Cli *cli, const Arguments *arguments) {
        const char *snap = arguments->word_count > 0 ? arguments->words[0] : "";
        const Subject subject = { .snap = snap };
        bool is_all = arguments_has(arguments, "all");
        autofree char *escaped = client_escape(snap);
        Error err = ERROR_INIT;
        autojson all = NULL;

        if (*snap && is_all)
                return cli_refuse(cli, EXIT_FAILED, "cannot use --all with snap name");
        autofree char *path =
                *snap ? string_format("/v2/connections?select=all&snap=%s", escaped)
                      : string_copy(is_all ? "/v2/connections?select=all" : "/v2/connections");
        if (client_get(cli->client, path, &all, &err) < 0)
                return report_failure(cli, &subject, &err);
        if (cli->is_json)
                return cli_print_json(all);
        print_connections(cli, all, is_all, snap);
        return EXIT_DONE;
}

static const Option options[] = {
        { .name = "all", .help = "show plugs and slots that are not connected too" },
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_connections = {
        .name = "connections",
        .summary = "List connections of plugs and slots",
        .text = "Lists what is connected; with a snap, all its plugs and slots.  The note \"hooks\": hooks of the packages "
                "added attributes to this connection; --json has them (hook-attrs).",
        .words = "[SNAP]",
        .word = "<snap>",
        .word_max = 1,
        .options = options,
        .completes = "snap",
        .run = run_connections,
};
