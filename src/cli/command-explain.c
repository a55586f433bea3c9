/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/fill.h"
#include "cli/grant-list.h"
#include "cli/report.h"

static const char *const forms[] = { "seccomp", "apparmor", "plan" };

/* "x.app" → both; without a dot all programs are meant. */
typedef struct Named {
        char *snap, *program;
} Named;

static void named_done(Named *named) {
        free(named->snap);
        free(named->program);
}

static Named parse_name(const char *word) {
        size_t length = strcspn(word, ".");

        return (Named){ .snap = string_copy_length(word, length),
                        .program = string_copy(word[length] ? word + length + 1 : "") };
}

static int fetch(Cli *cli, const Named *named, const char *query, json_t **ret) {
        autofree char *snap = client_escape(named->snap);
        autofree char *program = client_escape(named->program);
        autofree char *path =
                string_format("/v2/pawl/explain/%s?program=%s%s", snap, program, query);
        const Subject subject = { .snap = named->snap };
        Error err = ERROR_INIT;

        return client_get(cli->client, path, ret, &err) < 0 ? report_failure(cli, &subject, &err)
                                                            : EXIT_DONE;
}

/* ── as it is ── */

static int print_form(Cli *cli, const Named *named, const char *form) {
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
        autofree char *home = client_escape(getenv("HOME") ? getenv("HOME") : "");
        autofree char *query =
                string_format("&form=%s&landlock-abi=%ld&home=%s", form, abi < 0 ? 0 : abi, home);
        autojson text = NULL;
        int code = fetch(cli, named, query, &text);

        if (code != EXIT_DONE)
                return code;
        if (cli->is_json)
                return cli_print_json(text);
        (void)fputs(json_is_string(text) ? json_string_value(text) : "", stdout);
        return EXIT_DONE;
}

/* ── in words ── */

static void print_always(const Cli *cli, const json_t *always) {
        printf("Every program of a package may:\n");
        for (size_t i = 0; i < json_array_size(always); i++) {
                autofree char *filled =
                        fill_text(json_string_value(json_array_get(always, i)), cli->width, 4);
                printf("  - %s\n", filled);
        }
}

/* The grants of one plug or slot; those of nobody (what is shared) are asked for with NULL. */
static json_t *pick(const json_t *grants, const char *kind, const char *name) {
        json_t *list = json_array();

        for (size_t i = 0; i < json_array_size(grants); i++) {
                json_t *grant = json_array_get(grants, i);
                bool is_of = kind ? string_equal(json_get_string(grant, kind, ""), name)
                                  : !json_object_get(grant, "interface");
                if (is_of)
                        json_array_append(list, grant);
        }
        return list;
}

static void print_origin(const Cli *cli, const json_t *program, const char *kind,
                         const char *name) {
        autojson grants = pick(json_object_get(program, "grants"), kind, name);
        const char *slot = json_get_string(json_object_get(program, "connected"), name, "");
        bool is_plug = string_equal(kind, "plug");

        printf("  from %s %s", kind, name);
        if (is_plug && *slot)
                printf(", connected to %s", slot);
        const char *interface = json_get_string(json_array_get(grants, 0), "interface", "");
        if (*interface && !string_equal(interface, name))
                printf(" (interface %s)", interface);
        printf(":\n");
        grant_list_print(cli, grants, 4);
        if (json_array_size(grants) == 0)
                printf("    nothing that is enforced here\n");
}

static void print_slots(const Cli *cli, const json_t *program) {
        const json_t *grants = json_object_get(program, "grants");
        autojson seen = json_object();

        for (size_t i = 0; i < json_array_size(grants); i++) {
                const char *slot = json_get_string(json_array_get(grants, i), "slot", "");
                if (!*slot || json_object_get(seen, slot))
                        continue;
                json_put(seen, slot, json_true());
                print_origin(cli, program, "slot", slot);
        }
}

static void print_possible(const Cli *cli, const json_t *possible, const char *snap) {
        const char *plug = json_get_string(possible, "plug", "");
        const char *slot = json_get_string(possible, "slot", "");

        if (!json_get_bool(possible, "is-known", false)) {
                printf("  plug %s takes no part: this daemon has no interface %s\n", plug,
                       json_get_string(possible, "interface", ""));
                return;
        }
        const char *fault = json_get_string(possible, "fault", NULL);
        if (fault) {
                printf("  plug %s takes no part: %s\n", plug, fault);
                return;
        }
        if (*slot)
                printf("  not connected; `pawl connect %s:%s %s` would add:\n", snap, plug, slot);
        else
                printf("  plug %s is not connected, and nobody has a slot for it; it would add:\n",
                       plug);
        grant_list_print(cli, json_object_get(possible, "grants"), 4);
        if (json_array_size(json_object_get(possible, "grants")) == 0)
                printf("    %s\n", *slot ? "nothing that is enforced here"
                                         : "what the slot says, once there is one");
}

static void print_program(const Cli *cli, const json_t *program, const char *snap) {
        json_t *connected = json_object_get(program, "connected"), *unused;
        const json_t *possible = json_object_get(program, "possible");
        autojson shared = pick(json_object_get(program, "grants"), NULL, NULL);
        const char *plug;

        printf("\n%s (%s)\n", json_get_string(program, "program", ""),
               json_get_string(program, "kind", ""));
        json_object_foreach(connected, plug, unused) print_origin(cli, program, "plug", plug);
        print_slots(cli, program);
        if (json_array_size(shared) > 0) {
                printf("  shared by others:\n");
                grant_list_print(cli, shared, 4);
        }
        for (size_t i = 0; i < json_array_size(possible); i++)
                print_possible(cli, json_array_get(possible, i), snap);
        if (json_object_size(connected) == 0 && json_array_size(possible) == 0 &&
            json_array_size(json_object_get(program, "grants")) == 0)
                printf("  nothing beyond that\n");
}

static void print_explanation(const Cli *cli, const json_t *result) {
        const json_t *programs = json_object_get(result, "programs");
        const char *snap = json_get_string(result, "snap", "");
        const char *mode = json_get_string(result, "mode", "");

        printf("%s, revision %s, %s\n", snap, json_get_string(result, "revision", ""), mode);
        if (string_equal(mode, "devmode"))
                printf("In devmode filters, Landlock and device programs are left out; what follows is what strict "
                       "confinement would be.\n");
        print_always(cli, json_object_get(result, "always"));
        for (size_t i = 0; i < json_array_size(programs); i++)
                print_program(cli, json_array_get(programs, i), snap);
}

static int run_explain(Cli *cli, const Arguments *arguments) {
        __attribute__((cleanup(named_done))) Named named = parse_name(arguments->words[0]);
        autojson result = NULL;

        for (size_t i = 0; i < ARRAY_COUNT(forms); i++)
                if (arguments_has(arguments, forms[i]))
                        return print_form(cli, &named, forms[i]);
        int code = fetch(cli, &named, "", &result);
        if (code != EXIT_DONE)
                return code;
        if (cli->is_json)
                return cli_print_json(result);
        print_explanation(cli, result);
        return EXIT_DONE;
}

static const Option options[] = {
        { .name = "seccomp", .help = "print the rules of the system call filter instead" },
        { .name = "apparmor", .help = "print the AppArmor profile instead" },
        { .name = "plan",
          .help = "print the launch plan instead; what depends on the base's content is not in it" },
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_explain = {
        .name = "explain",
        .summary = "Say what a program may do, and why",
        .text = "For each program of SNAP, or for SNAP.APP or SNAP.hook.NAME: what every program may do, what is added by "
                "which plug or slot, and what plugs that are not connected would add.",
        .words = "SNAP[.APP]",
        .word = "<snap>",
        .word_min = 1,
        .word_max = 1,
        .options = options,
        .completes = "app",
        .flags = COMMAND_PAWL_ONLY,
        .run = run_explain,
};
