/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/text.h"
#include "cli/checkup.h"
#include "cli/columns.h"
#include "cli/fill.h"
#include "cli/grant-list.h"
#include "cli/interface-check.h"
#include "cli/report.h"
#include "cli/sheet.h"

static const char *const headings[] = { "Name", "Summary", NULL };

static int fetch(Cli *cli, const char *path, json_t **ret) {
        const Subject subject = { .snap = "" };
        Error err = ERROR_INIT;

        return client_get(cli->client, path, ret, &err) < 0 ? report_failure(cli, &subject, &err)
                                                            : EXIT_DONE;
}

/* ── all ── */

static int refuse_none(const Cli *cli, bool is_all) {
        (void)cli_refuse(cli, EXIT_FAILED,
                         is_all ? "no interfaces found" : "no interfaces currently connected");
        if (!cli->is_snap && !is_all)
                (void)fputs("See those there are with 'pawl interface --all'.\n", stderr);
        return EXIT_FAILED;
}

static int list_interfaces(Cli *cli, bool is_all) {
        autosheet sheet = sheet_make(headings, 2);
        autojson all = NULL;
        int code =
                fetch(cli, is_all ? "/v2/interfaces?select=all" : "/v2/interfaces?select=connected",
                      &all);

        if (code != EXIT_DONE)
                return code;
        if (cli->is_json)
                return cli_print_json(all);
        if (json_array_size(all) == 0)
                return refuse_none(cli, is_all);
        for (size_t i = 0; i < json_array_size(all); i++) {
                const json_t *one = json_array_get(all, i);
                const char *const cells[] = { json_get_string(one, "name", ""),
                                              json_get_string(one, "summary", "") };
                sheet_add(&sheet, cells);
        }
        if (cli->is_snap)
                sheet_print_plain(&sheet, stdout);
        else
                sheet_print_pretty(&sheet, stdout, cli->has_colour);
        return EXIT_DONE;
}

/* ── one ── */

/* Lists, mappings and null are not shown. */
static char *format_attribute(const json_t *value) {
        if (json_is_string(value))
                return string_copy(json_string_value(value));
        if (json_is_boolean(value))
                return string_copy(json_is_true(value) ? "true" : "false");
        return json_is_number(value) ? json_format(value) : NULL;
}

static void append_attributes(Text *text, const json_t *attributes) {
        autofree char *sorted = json_format_canonical(attributes);
        autojson all = json_loads(sorted, 0, NULL);
        const char *name;
        json_t *attribute;

        json_object_foreach(all, name, attribute) {
                autofree char *value = format_attribute(attribute);
                if (value)
                        text_append_format(text, "      %s:\t%s\n", name, value);
        }
}

/* What has the interface's own name is called by its snap alone. */
static void append_endpoints(Text *text, const json_t *interface, const char *kind,
                             bool has_attributes) {
        autofree char *key = string_format("%ss", kind);
        const json_t *list = json_object_get(interface, key);
        const char *own = json_get_string(interface, "name", "");

        if (json_array_size(list) > 0)
                text_append_format(text, "%s:\n", key);
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *endpoint = json_array_get(list, i);
                const json_t *attributes = json_object_get(endpoint, "attrs");
                const char *name = json_get_string(endpoint, kind, "");
                const char *label = json_get_string(endpoint, "label", "");
                bool is_own = string_equal(name, own);
                text_append_format(text, "  - %s%s%s", json_get_string(endpoint, "snap", ""),
                                   is_own ? "" : ":", is_own ? "" : name);
                if (*label)
                        text_append_format(text, " (%s)", label);
                bool is_shown = has_attributes && json_object_size(attributes) > 0;
                text_append(text, is_shown ? ":\n" : "\n");
                if (is_shown)
                        append_attributes(text, attributes);
        }
}

static void print_interface(const json_t *interface, bool has_attributes) {
        static const char *const rows[][2] = { { "name", "name" },
                                               { "summary", "summary" },
                                               { "documentation", "doc-url" } };
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                const char *value = json_get_string(interface, rows[i][1], "");
                if (*value)
                        text_append_format(&text, "%s:\t%s\n", rows[i][0], value);
        }
        append_endpoints(&text, interface, "plug", has_attributes);
        append_endpoints(&text, interface, "slot", has_attributes);
        autofree char *aligned = columns_align(text.bytes ? text.bytes : "", 0, 1);
        (void)fputs(aligned, stdout);
}

/* ── what it grants ── */

static void print_block(const Cli *cli, const json_t *block, const char *side) {
        const json_t *condition = json_object_get(block, "if");
        autofree char *shown = condition ? json_format(condition) : NULL;

        printf("%s may%s%s%s:\n", side,
               json_get_bool(block, "always", false) ? ", connected or not" : ", while connected",
               !shown                                  ? ""
               : json_get_bool(block, "unless", false) ? " and without "
                                                       : " and with ",
               shown ? shown : "");
        grant_list_print(cli, json_object_get(block, "grants"), 2);
}

static void print_lacks(const Cli *cli, json_t *kind) {
        autojson all = json_pack("[O]", kind);
        MachineFacts facts;

        machine_facts_look(cli->root, &facts);
        autojson judged = checkup_judge_interfaces(&facts, all);
        const json_t *lacks = json_object_get(json_array_get(judged, 0), "lacks");
        if (json_array_size(lacks) > 0)
                printf("of that, on this machine, nobody enforces or allows:\n");
        for (size_t i = 0; i < json_array_size(lacks); i++) {
                autofree char *line =
                        string_format("- %s", json_string_value(json_array_get(lacks, i)));
                autofree char *filled = fill_text(line, cli->width - 2, 4);
                printf("  %s\n", filled);
        }
}

static void print_grants(const Cli *cli, json_t *kind) {
        static const char *const sides[] = { "plug", "slot" };
        const char *when = json_get_string(kind, "auto-connect", "never");
        size_t printed = 0;

        if (json_get_string(kind, "origin", NULL))
                printf("from:                %s\n", json_get_string(kind, "origin", ""));
        printf("connected by itself: %s\n",
               string_equal(when, "classic") ? "where the system is no Ubuntu Core" : when);
        for (size_t i = 0; i < ARRAY_COUNT(sides); i++) {
                const json_t *blocks = json_object_get(json_object_get(kind, sides[i]), "blocks");
                for (size_t j = 0; j < json_array_size(blocks); j++) {
                        const json_t *block = json_array_get(blocks, j);
                        if (json_array_size(json_object_get(block, "grants")) == 0)
                                continue;
                        print_block(cli, block, sides[i]);
                        printed++;
                }
        }
        if (json_get_bool(kind, "plug-sees-slot", false))
                printf("plug may, while connected:\n  files           see the directories that the slot "
                       "shares\n");
        else if (printed == 0)
                printf("grants nothing by itself\n");
        print_lacks(cli, kind);
}

/* A file of the machine's own for it that the daemon left out when it started; owned, or NULL.  Of
 * one that nobody knows it may be all files. */
static char *find_left_out(const Cli *cli, const char *name, bool is_known) {
        autojson files = NULL;
        Error ignored = ERROR_INIT;

        if (client_get(cli->client, "/v2/pawl/interface-files", &files, &ignored) < 0)
                return NULL;
        for (size_t i = 0; i < json_array_size(files); i++) {
                const json_t *file = json_array_get(files, i);
                const char *of = json_get_string(file, "interface", is_known ? "" : name);
                if (string_equal(of, name) && !json_get_bool(file, "is-used", false))
                        return string_format("%s is left out: %s; then restart pawld",
                                             json_get_string(file, "file", ""),
                                             json_get_string(file, "reason", ""));
        }
        return NULL;
}

/* snap names nothing, and scripts look for its words. */
static int refuse_unknown(const Cli *cli, const char *name) {
        if (cli->is_snap)
                return cli_refuse(cli, EXIT_FAILED, "no such interface");
        autofree char *left_out = find_left_out(cli, name, false);
        (void)cli_refuse(cli, EXIT_FAILED, "no such interface: \"%s\"%s%s", name,
                         left_out ? "; " : "", left_out ? left_out : "");
        (void)fputs("See those there are with 'pawl interface --all'.\n", stderr);
        return EXIT_FAILED;
}

static int show_interface(Cli *cli, const char *name, bool has_attributes) {
        autofree char *escaped = client_escape(name);
        autofree char *path = string_format(
                "/v2/interfaces?doc=true&names=%s&plugs=true&select=all&slots=true", escaped);
        autofree char *own = string_format("/v2/pawl/interfaces/%s", escaped);
        autojson list = NULL;
        autojson kind = NULL;
        int code = fetch(cli, path, &list);

        if (code != EXIT_DONE)
                return code;
        json_t *interface = json_array_get(list, 0);
        if (!interface)
                return refuse_unknown(cli, name);
        if (!cli->is_snap && fetch(cli, own, &kind) != EXIT_DONE)
                return EXIT_FAILED;
        if (cli->is_json) {
                (void)json_object_update_missing(interface, kind);
                return cli_print_json(interface);
        }
        print_interface(interface, has_attributes);
        if (kind)
                print_grants(cli, kind);
        autofree char *left_out = cli->is_snap ? NULL : find_left_out(cli, name, true);
        if (left_out)
                printf("a file of this machine's own for it is not used: %s\n", left_out);
        return EXIT_DONE;
}

/* ── a file ── */

static int check_file(Cli *cli, const char *path) {
        Error err = ERROR_INIT;
        autojson wire = NULL;

        if (interface_check_read(path, &wire, &err) < 0)
                return cli_refuse(cli, EXIT_FAILED, "%s: %s", path, err.message);
        if (cli->is_json)
                return cli_print_json(wire);
        printf("%s is right: interface \"%s\", %s\n", path, json_get_string(wire, "name", ""),
               json_get_string(json_object_get(wire, "kind"), "summary", ""));
        return EXIT_DONE;
}

static int run_interface(Cli *cli, const Arguments *arguments) {
        const char *name = arguments->word_count > 0 ? arguments->words[0] : "";

        if (arguments_has(arguments, "check"))
                return *name ? check_file(cli, name)
                             : cli_refuse(cli, EXIT_USAGE,
                                          "--check needs the file of an interface; write 'pawl "
                                          "interface --check NAME.yaml'");
        return *name ? show_interface(cli, name, arguments_has(arguments, "attrs"))
                     : list_interfaces(cli, arguments_has(arguments, "all"));
}

static const Option options[] = {
        { .name = "attrs", .help = "show attributes of plugs and slots" },
        { .name = "all", .help = "list interfaces that nobody uses too" },
        { .name = "check",
          .flags = OPTION_PAWL_ONLY,
          .help = "check a file as the build and pawld do, before it goes to "
                  "/etc/pawl/interfaces.d" },
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_interface = {
        .name = "interface",
        .summary = "Show interfaces, and what one of them grants",
        .text = "Without a name lists the interfaces that are connected.  With one, who has such plugs and slots and, "
                "as pawl, what each side of it may do.  With --check the word is a file of an interface "
                "(docs/interfaces.md), and what is wrong with it is said with its line.",
        .words = "[INTERFACE|FILE]",
        .word = "<interface>",
        .word_max = 1,
        .options = options,
        .run = run_interface,
};
