/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/checkup.h"
#include "cli/command.h"
#include "cli/fill.h"

#define WHAT_WIDTH 22

static void count_files(MachineFacts *facts, const json_t *files, char **ret_left_out) {
        const json_t *row;
        size_t i;

        facts->file_count = (int64_t)json_array_size(files);
        json_array_foreach(files, i, row) {
                if (json_get_bool(row, "is-used", false))
                        continue;
                if (facts->left_out_count++ == 0)
                        *ret_left_out = string_format("%s: %s", json_get_string(row, "file", ""),
                                                      json_get_string(row, "reason", ""));
        }
        facts->left_out = *ret_left_out;
}

/* What only the daemon knows; that it does not answer is itself a finding. */
static void ask_daemon(Cli *cli, MachineFacts *facts, json_t **ret_interfaces,
                       char **ret_left_out) {
        Error unused = ERROR_INIT;
        autojson findings = NULL;
        autojson files = NULL;

        facts->has[MACHINE_DAEMON] =
                client_get(cli->client, "/v2/pawl/interfaces", ret_interfaces, &unused) == 0;
        if (facts->has[MACHINE_DAEMON] &&
            client_get(cli->client, "/v2/pawl/interface-files", &files, &unused) == 0)
                count_files(facts, files, ret_left_out);
        if (facts->has[MACHINE_DAEMON] && geteuid() == 0 &&
            client_get(cli->client, "/v2/pawl/verify", &findings, &unused) == 0)
                facts->finding_count = (int64_t)json_array_size(findings);
}

static void print_machine(const Cli *cli, const json_t *machine) {
        for (size_t i = 0; i < json_array_size(machine); i++) {
                const json_t *one = json_array_get(machine, i);
                bool is_fine = json_get_bool(one, "is-fine", false);
                printf("%-4s %-*s%s\n", is_fine ? "ok" : "-", WHAT_WIDTH,
                       json_get_string(one, "what", ""), json_get_string(one, "is", ""));
                if (is_fine)
                        continue;
                autofree char *text = string_format("%s; %s", json_get_string(one, "lacks", ""),
                                                    json_get_string(one, "do", ""));
                autofree char *filled = fill_text(text, cli->width, 8);
                printf("      %s\n", filled);
        }
}

static void print_interfaces(const json_t *interfaces, size_t all) {
        size_t count = json_array_size(interfaces);

        if (count > 0)
                printf("\nInterfaces of which something is not enforced here as it is granted, or not allowed:\n");
        for (size_t i = 0; i < json_array_size(interfaces); i++) {
                const json_t *one = json_array_get(interfaces, i);
                const json_t *lacks = json_object_get(one, "lacks");
                for (size_t j = 0; j < json_array_size(lacks); j++)
                        printf("  %-22s%s\n", j == 0 ? json_get_string(one, "interface", "") : "",
                               json_string_value(json_array_get(lacks, j)));
        }
        if (all > 0)
                printf("%sThe other %zu of %zu are enforced as they are granted.\n",
                       count > 0 ? "" : "\n", all - count, all);
}

/* What the daemon could not make other programs do for a package (launch/reconciler.c). */
static json_t *list_packages(Cli *cli) {
        json_t *warnings = NULL, *list = json_array();
        Error unused = ERROR_INIT;

        if (client_get(cli->client, "/v2/warnings?select=all", &warnings, &unused) < 0)
                return list;
        for (size_t i = 0; i < json_array_size(warnings); i++) {
                const char *text = json_get_string(json_array_get(warnings, i), "message", "");
                if (strstr(text, " is not given all that its connections grant: "))
                        json_array_append_new(list, json_string(text));
        }
        json_decref(warnings);
        return list;
}

static void print_packages(const Cli *cli, const json_t *packages) {
        if (json_array_size(packages) > 0)
                printf("\nPackages of which something is not in force:\n");
        for (size_t i = 0; i < json_array_size(packages); i++) {
                const char *text = json_string_value(json_array_get(packages, i));
                autofree char *filled = fill_text(text, cli->width, 4);
                printf("  %s\n", filled);
        }
}

static size_t count_lacking(const json_t *machine) {
        size_t lacking = 0;

        for (size_t i = 0; i < json_array_size(machine); i++)
                lacking += !json_get_bool(json_array_get(machine, i), "is-fine", false);
        return lacking;
}

static int run_doctor(Cli *cli, const Arguments *arguments) {
        MachineFacts facts;
        autojson described = NULL;
        autofree char *left_out = NULL;

        (void)arguments;
        machine_facts_look(cli->root, &facts);
        ask_daemon(cli, &facts, &described, &left_out);
        autojson packages = list_packages(cli);
        autojson machine = checkup_judge(&facts);
        autojson interfaces = checkup_judge_interfaces(&facts, described);
        if (cli->is_json) {
                autojson all = json_pack("{s:O, s:O, s:O}", "machine", machine, "interfaces",
                                         interfaces, "packages", packages);
                (void)cli_print_json(all);
        } else {
                print_machine(cli, machine);
                print_interfaces(interfaces, json_array_size(described));
                print_packages(cli, packages);
        }
        return count_lacking(machine) + json_array_size(packages) > 0 ? EXIT_FAILED : EXIT_DONE;
}

static const Option options[] = { OPTION_JSON, OPTIONS_END };

const Command command_doctor = {
        .name = "doctor",
        .summary = "Say which guarantees this machine lacks, and what to do",
        .text = "Looks at the kernel, its security modules, namespaces, file systems, helpers, the disk and the daemon, "
                "and names what is missing, what that costs and what mends it; then the interfaces of which something "
                "is not enforced here, and packages for which a module or rule could not be loaded.  Exits with 1 when something is missing.",
        .words = "",
        .word_max = 0,
        .options = options,
        .flags = COMMAND_PAWL_ONLY,
        .run = run_doctor,
};
