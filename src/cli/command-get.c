/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/report.h"
#include "cli/sheet.h"

static char *format_value(const json_t *value) {
        if (json_is_string(value))
                return string_copy(json_string_value(value));
        return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

/* "refresh.retain  3": one row for each value, however deep. */
static void add_rows(Sheet *sheet, const char *prefix, json_t *document) {
        const char *name;
        json_t *value;

        json_object_foreach(document, name, value) {
                autofree char *key = string_format("%s%s%s", prefix, *prefix ? "." : "", name);
                if (json_is_object(value)) {
                        add_rows(sheet, key, value);
                        continue;
                }
                autofree char *text = format_value(value);
                sheet_add(sheet, (const char *const[]){ key, text ? text : "" });
        }
}

static int print_table(const Cli *cli, const char *prefix, json_t *document) {
        static const char *const headings[] = { "Key", "Value", NULL };
        autosheet sheet = sheet_make(headings, 2);

        add_rows(&sheet, prefix, document);
        if (cli->has_terminal)
                sheet_print_pretty(&sheet, stdout, cli->has_colour);
        else
                sheet_print_plain(&sheet, stdout);
        return EXIT_DONE;
}

static int print_value(const json_t *value) {
        autofree char *text = format_value(value);

        (void)printf("%s\n", text ? text : "");
        return EXIT_DONE;
}

static char *make_path(const Cli *cli, const Arguments *arguments) {
        autofree char *snap = client_make_path(cli->client, "/v2/snaps", arguments->words[0]);
        autotext keys = TEXT_INIT;

        for (size_t i = 1; i < arguments->word_count; i++) {
                autofree char *key = client_escape(arguments->words[i]);
                text_append_format(&keys, "%s%s", i > 1 ? "%2C" : "", key);
        }
        return string_format("%s/conf?keys=%s", snap, keys.length ? keys.bytes : "");
}

static int refuse_empty(const Cli *cli, const char *snap) {
        int code = cli_refuse(cli, EXIT_FAILED, "snap \"%s\" has no configuration", snap);
        if (!cli->is_snap && string_equal(snap, "system"))
                (void)fputs(
                        "Nothing is set.  SETTINGS in 'man pawl' says what can be, and what counts "
                        "until then.\n",
                        stderr);
        return code;
}

static int run_get(Cli *cli, const Arguments *arguments) {
        Error err = ERROR_INIT;
        autojson document = NULL;
        autofree char *path = make_path(cli, arguments);
        const Subject subject = { .snap = arguments->words[0] };

        if (client_get(cli->client, path, &document, &err) < 0)
                return report_failure(cli, &subject, &err);
        if (cli->is_json)
                return cli_print_json(document);
        if (arguments->word_count == 2) {
                json_t *value = json_object_get(document, arguments->words[1]);
                return json_is_object(value) ? print_table(cli, arguments->words[1], value)
                                             : print_value(value);
        }
        if (arguments->word_count == 1 && json_object_size(document) == 0)
                return refuse_empty(cli, arguments->words[0]);
        return print_table(cli, "", document);
}

static const Option options[] = { OPTION_JSON, OPTIONS_END };

const Command command_get = {
        .name = "get",
        .summary = "Show settings",
        .text = "Shows what is set of the system (SNAP is system); with one key its value alone.  A key without a "
                "value of its own stands for all below it.  What is not set is as the man page says.",
        .words = "SNAP [KEY...]",
        .word = "<snap>",
        .word_min = 1,
        .word_max = 32,
        .options = options,
        .run = run_get,
};
