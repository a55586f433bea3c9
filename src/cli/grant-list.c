/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/grant-list.h"

#include <stdio.h>

#include "base/text.h"
#include "cli/fill.h"

#define HEADING_WIDTH 16
#define WIDTH_LEAST   24

/* The order in which headings come; another one comes last, so that a newer daemon's is seen too.
 */
static const char *const headings[] = {
        "in general",   "files",       "devices",        "sockets",
        "D-Bus",        "polkit",      "message queues", "capabilities",
        "system calls", "environment", "kernel modules", "AppArmor",
};

static void print_sentence(const Cli *cli, const char *heading, const char *sentence,
                           size_t indent) {
        size_t left = indent + HEADING_WIDTH;
        size_t width = cli->width > left + WIDTH_LEAST ? cli->width : left + WIDTH_LEAST;
        autofree char *filled = fill_text(sentence, width, left + 2);

        printf("%*s%-*s%s\n", (int)indent, "", HEADING_WIDTH, heading, filled);
}

static void print_heading(const Cli *cli, const json_t *grants, const char *heading,
                          size_t indent) {
        const char *shown = heading;

        for (size_t i = 0; i < json_array_size(grants); i++) {
                const json_t *grant = json_array_get(grants, i);
                if (!string_equal(json_get_string(grant, "heading", ""), heading))
                        continue;
                print_sentence(cli, shown, json_get_string(grant, "sentence", ""), indent);
                shown = "";
        }
}

void grant_list_print(const Cli *cli, const json_t *grants, size_t indent) {
        autojson printed = json_object();

        for (size_t i = 0; i < ARRAY_COUNT(headings); i++) {
                print_heading(cli, grants, headings[i], indent);
                json_put(printed, headings[i], json_true());
        }
        for (size_t i = 0; i < json_array_size(grants); i++) {
                const char *heading = json_get_string(json_array_get(grants, i), "heading", "");
                if (json_object_get(printed, heading))
                        continue;
                print_heading(cli, grants, heading, indent);
                json_put(printed, heading, json_true());
        }
}
