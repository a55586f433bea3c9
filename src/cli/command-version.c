/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/command.h"
#include "cli/sheet.h"

static void add_row(Sheet *sheet, const char *name, const char *value) {
        const char *cells[] = { name, value };
        sheet_add(sheet, cells);
}

static void print_rows(const Cli *cli, const json_t *system) {
        autosheet sheet = sheet_make(NULL, 2);
        add_row(&sheet, cli->program, PAWL_VERSION);
        add_row(&sheet, cli->is_snap ? "snapd" : "pawld",
                system == NULL ? "unavailable" : json_get_string(system, "version", ""));
        add_row(&sheet, "series", system == NULL ? "-" : json_get_string(system, "series", ""));
        json_t *os = json_object_get(system, "os-release");
        const char *os_version = json_get_string(os, "version-id", "");
        if (json_get_bool(system, "on-classic", false))
                add_row(&sheet, json_get_string(os, "id", ""),
                        *os_version == '\0' ? "-" : os_version);
        const char *kernel = json_get_string(system, "kernel-version", "");
        if (*kernel != '\0')
                add_row(&sheet, "kernel", kernel);
        sheet_print_plain(&sheet, stdout);
}

static int run_version(Cli *cli, const Arguments *arguments) {
        (void)arguments;
        Error err = ERROR_INIT;
        autojson system = NULL;
        cli->client->patience_ms = 0;
        bool is_answered = client_get(cli->client, "/v2/system-info", &system, &err) == 0;
        if (cli->is_json) {
                autojson both = json_pack("{s:s, s:o}", "client-version", PAWL_VERSION, "system",
                                          is_answered ? json_incref(system) : json_null());
                return cli_print_json(both);
        }
        print_rows(cli, is_answered ? system : NULL);
        return EXIT_DONE;
}

static const Option options[] = { OPTION_JSON, OPTIONS_END };

const Command command_version = {
        .name = "version",
        .summary = "Show versions",
        .text = "Prints the versions of this program, of the daemon, and of the system they run on.  It succeeds "
                "without a daemon, too.",
        .words = "",
        .options = options,
        .run = run_version,
};
