/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/fill.h"

#define HELP_WIDTH     78
#define OPTION_COLUMN  24
#define COMMAND_COLUMN 11 /* the longest name */

static void print_paragraph(const char *text, size_t indent) {
        autofree char *filled = fill_text(text, HELP_WIDTH - indent, indent);
        (void)printf("%*s%s\n", (int)indent, "", filled);
}

static bool is_shown(const Cli *cli, const Option *option) {
        return (option->flags & OPTION_PAWL_ONLY) == 0 || !cli->is_snap;
}

static void print_option(const Option *option) {
        autofree char *name =
                string_format("--%s%s%s", option->name, option->argument == NULL ? "" : "=",
                              option->argument == NULL ? "" : option->argument);
        autofree char *help =
                fill_text(option->help, HELP_WIDTH - OPTION_COLUMN - 2, OPTION_COLUMN + 2);
        (void)printf("  %-*s%s%s\n", OPTION_COLUMN, name,
                     strlen(name) < OPTION_COLUMN ? "" : "\n                          ", help);
}

static int print_command(const Cli *cli, const Command *command) {
        (void)printf("Usage: %s %s [OPTION...]%s%s\n\n", cli->program, command->name,
                     *command->words == '\0' ? "" : " ", command->words);
        print_paragraph(command->text, 0);
        if (command->options != NULL && command->options[0].name != NULL)
                (void)puts("\nOptions:");
        for (const Option *option = command->options; option != NULL && option->name != NULL;
             option++)
                if (is_shown(cli, option))
                        print_option(option);
        return EXIT_DONE;
}

static int print_overview(const Cli *cli) {
        (void)printf("Usage: %s [--root=DIR] COMMAND [OPTION...] [WORD...]\n\n", cli->program);
        print_paragraph(
                "Installs, runs, updates and reverts snap packages; forward, or held, never in between.",
                0);
        (void)puts("\nCommands:");
        for (const Command *const *at = command_table; *at != NULL; at++)
                (void)printf("  %-*s %s\n", COMMAND_COLUMN, (*at)->name, (*at)->summary);
        (void)printf("\n'%s help COMMAND' tells more about one.\n", cli->program);
        return EXIT_DONE;
}

/* ── generated files ── */

static void print_completion_options(const Command *command) {
        for (const Option *option = command->options; option != NULL && option->name != NULL;
             option++)
                (void)printf(" --%s%s", option->name, option->argument == NULL ? "" : "=");
}

/* For data/completion/pawl: a bash function per table, so that the script needs no table of its
 * own. */
static int print_completion(void) {
        (void)puts("# Written by 'pawl help --completion'; do not edit.");
        (void)fputs("_pawl_commands='", stdout);
        for (const Command *const *at = command_table; *at != NULL; at++)
                (void)printf("%s%s", at == command_table ? "" : " ", (*at)->name);
        (void)puts("'\n_pawl_options() {\n        case $1 in");
        for (const Command *const *at = command_table; *at != NULL; at++) {
                (void)printf("        %s%s%s) echo '", (*at)->name, (*at)->alias == NULL ? "" : "|",
                             (*at)->alias == NULL ? "" : (*at)->alias);
                print_completion_options(*at);
                (void)puts(" --help' ;;");
        }
        (void)puts("        esac\n}\n_pawl_words() {\n        case $1 in");
        for (const Command *const *at = command_table; *at != NULL; at++)
                if ((*at)->completes != NULL)
                        (void)printf("        %s%s%s) echo %s ;;\n", (*at)->name,
                                     (*at)->alias == NULL ? "" : "|",
                                     (*at)->alias == NULL ? "" : (*at)->alias, (*at)->completes);
        (void)puts("        esac\n}");
        return EXIT_DONE;
}

/* scdoc gives these a meaning. */
static void print_escaped(const char *text) {
        for (; *text != '\0'; text++) {
                if (strchr("_*\\#~", *text) != NULL)
                        (void)putchar('\\');
                (void)putchar(*text);
        }
}

static int print_manual(void) {
        for (const Command *const *at = command_table; *at != NULL; at++) {
                const Command *command = *at;
                (void)printf("## %s", command->name);
                (void)printf("\n\n*pawl %s* [OPTION...] ", command->name);
                print_escaped(command->words);
                (void)fputs("\n\n", stdout);
                print_escaped(command->text);
                (void)fputs("\n\n", stdout);
                for (const Option *option = command->options;
                     option != NULL && option->name != NULL; option++) {
                        (void)printf("*--%s*%s%s\n\t", option->name,
                                     option->argument == NULL ? "" : "=",
                                     option->argument == NULL ? "" : option->argument);
                        print_escaped(option->help);
                        (void)fputs("\n\n", stdout);
                }
        }
        return EXIT_DONE;
}

static int run_help(Cli *cli, const Arguments *arguments) {
        if (arguments_has(arguments, "completion"))
                return print_completion();
        if (arguments_has(arguments, "manual"))
                return print_manual();
        if (arguments->word_count == 0)
                return print_overview(cli);
        const Command *command = command_find(arguments->words[0], cli->is_snap);
        if (command == NULL) {
                /* Not as wrong usage, which would point at `help help`. */
                (void)cli_refuse(cli, EXIT_FAILED, "unknown command \"%s\", see '%s help'.",
                                 arguments->words[0], cli->program);
                return EXIT_USAGE;
        }
        return print_command(cli, command);
}

static const Option options[] = {
        { .name = "completion",
          .flags = OPTION_PAWL_ONLY,
          .help = "print the tables of the shell completion" },
        { .name = "manual",
          .flags = OPTION_PAWL_ONLY,
          .help = "print the commands' part of the manual page" },
        OPTIONS_END,
};

const Command command_help = {
        .name = "help",
        .summary = "Explain pawl or a command",
        .text = "Lists the commands, or tells what one does and which options it has.",
        .words = "[COMMAND]",
        .word = "<command>",
        .word_max = 1,
        .options = options,
        .completes = "command",
        .run = run_help,
};
