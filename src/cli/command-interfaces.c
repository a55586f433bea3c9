/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/endpoint.h"
#include "cli/report.h"
#include "cli/sheet.h"

static const char *const headings[] = { "Slot", "Plug", NULL };

typedef struct Wanted {
        Endpoint endpoint;
        const char *interface; /* "" = any */
} Wanted;

/* ":network" of anybody is the system's. */
static bool is_snap(const Wanted *wanted, const char *snap) {
        const char *asked = wanted->endpoint.snap;

        if (!*asked)
                return !*wanted->endpoint.name || endpoint_is_system(snap);
        return string_equal(asked, snap) || (endpoint_is_system(asked) && endpoint_is_system(snap));
}

static bool is_wanted(const Wanted *wanted, const json_t *object, const char *kind) {
        const char *name = wanted->endpoint.name;

        return is_snap(wanted, json_get_string(object, "snap", "")) &&
               (!*name || string_equal(name, json_get_string(object, kind, "")));
}

/* A plug that is called as its slot is named by its snap alone. */
static void append_plug(Text *text, const json_t *plug, const char *slot) {
        const char *name = json_get_string(plug, "plug", "");
        bool is_same = string_equal(name, slot);

        text_append_format(text, "%s%s%s%s", text->length > 0 ? "," : "",
                           json_get_string(plug, "snap", ""), is_same ? "" : ":",
                           is_same ? "" : name);
}

static void add_slot(Sheet *sheet, const json_t *slot, const Wanted *wanted) {
        const json_t *plugs = json_object_get(slot, "connections");
        bool is_shown = is_wanted(wanted, slot, "slot");
        autotext text = TEXT_INIT;
        autofree char *name = endpoint_describe(slot, "slot");

        for (size_t i = 0; i < json_array_size(plugs); i++) {
                const json_t *plug = json_array_get(plugs, i);
                is_shown |= is_wanted(wanted, plug, "plug");
                append_plug(&text, plug, json_get_string(slot, "slot", ""));
        }
        const char *const cells[] = { name, text.bytes ? text.bytes : "-" };
        if (is_shown)
                sheet_add(sheet, cells);
}

static void add_plug(Sheet *sheet, const json_t *plug, const Wanted *wanted) {
        autofree char *name = endpoint_describe(plug, "plug");
        const char *const cells[] = { "-", name };

        if (json_array_size(json_object_get(plug, "connections")) == 0 &&
            is_wanted(wanted, plug, "plug"))
                sheet_add(sheet, cells);
}

static bool has_interface(const json_t *object, const Wanted *wanted) {
        return !*wanted->interface ||
               string_equal(wanted->interface, json_get_string(object, "interface", ""));
}

static int print_interfaces(const Cli *cli, const json_t *all, const Wanted *wanted) {
        const json_t *plugs = json_object_get(all, "plugs"), *slots = json_object_get(all, "slots");
        autosheet sheet = sheet_make(headings, 2);

        if (json_array_size(plugs) == 0 && json_array_size(slots) == 0)
                return cli_refuse(cli, EXIT_FAILED, "no interfaces found");
        for (size_t i = 0; i < json_array_size(slots); i++)
                if (has_interface(json_array_get(slots, i), wanted))
                        add_slot(&sheet, json_array_get(slots, i), wanted);
        for (size_t i = 0; i < json_array_size(plugs); i++)
                if (has_interface(json_array_get(plugs, i), wanted))
                        add_plug(&sheet, json_array_get(plugs, i), wanted);
        sheet_print_plain(&sheet, stdout);
        (void)fflush(stdout);
        fprintf(stderr, "\n'%s interfaces' is deprecated; use '%s connections'.\n", cli->program,
                cli->program);
        return EXIT_DONE;
}

static int run_interfaces(Cli *cli, const Arguments *arguments) {
        autoendpoint endpoint = { 0 };
        const char *interface = arguments_get(arguments, "i");
        Error err = ERROR_INIT;
        autojson all = NULL;

        if (arguments->word_count == 0)
                endpoint = (Endpoint){ string_copy(""), string_copy("") };
        else if (endpoint_parse(cli, arguments->words[0], ENDPOINT_BARE_SNAP, &endpoint) !=
                 EXIT_DONE)
                return EXIT_FAILED;
        const Subject subject = { .snap = endpoint.snap };
        autofree char *escaped = client_escape(endpoint.snap);
        autofree char *path = *endpoint.snap
                                      ? string_format("/v2/connections?select=all&snap=%s", escaped)
                                      : string_copy("/v2/connections?select=all");
        if (client_get(cli->client, path, &all, &err) < 0)
                return report_failure(cli, &subject, &err);
        if (cli->is_json)
                return cli_print_json(all);
        const Wanted wanted = { .endpoint = endpoint, .interface = interface ? interface : "" };
        return print_interfaces(cli, all, &wanted);
}

static const Option options[] = {
        { .name = "i", .argument = "INTERFACE", .help = "only plugs and slots of this interface" },
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_interfaces = {
        .name = "interfaces",
        .summary = "List plugs and slots, as connections does better",
        .text = "Lists each slot with the plugs that are connected to it, then the plugs that are not.  For scripts that "
                "know it; 'connections' says more.",
        .words = "[SNAP[:NAME]]",
        .word = "<snap>:<slot or plug>",
        .word_max = 1,
        .options = options,
        .completes = "snap",
        .flags = COMMAND_HIDDEN,
        .run = run_interfaces,
};
