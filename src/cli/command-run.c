/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/libexec.h"

static const char *const passed_flags[] = { "shell", "trace", "trace-denials" };

/* Copies, which exec takes along or the end of the process frees. */
static size_t add_options(const Cli *cli, const Arguments *arguments, char **vector) {
        size_t count = 0;
        const char *hook = arguments_get(arguments, "hook");
        if (*cli->root != '\0') {
                vector[count++] = string_copy("--root");
                vector[count++] = string_copy(cli->root);
        }
        if (hook != NULL) {
                vector[count++] = string_copy("--hook");
                vector[count++] = string_copy(hook);
        }
        for (size_t i = 0; i < ARRAY_COUNT(passed_flags); i++)
                if (arguments_has(arguments, passed_flags[i]))
                        vector[count++] = string_format("--%s", passed_flags[i]);
        vector[count++] = string_copy("--");
        return count;
}

static int run_run(Cli *cli, const Arguments *arguments) {
        Error err = ERROR_INIT;
        autofree char *program = NULL;
        if (libexec_find("pawl-run", &program, &err) < 0)
                return cli_refuse(cli, EXIT_NO_APP, "%s", err.message);
        char **vector = memory_new((arguments->word_count + 10) * sizeof *vector);
        vector[0] = string_copy("pawl-run");
        size_t count = 1 + add_options(cli, arguments, vector + 1);
        for (size_t i = 0; i < arguments->word_count; i++)
                vector[count++] = arguments->words[i];
        (void)execv(program, vector);
        return cli_refuse(cli, EXIT_NO_APP, "cannot start %s: %s", program, strerror(errno));
}

static const Option options[] = {
        { .name = "hook", .argument = "HOOK", .help = "run this hook of the snap" },
        { .name = "shell", .help = "run a shell where the program would run" },
        { .name = "trace",
          .flags = OPTION_PAWL_ONLY,
          .help = "print what each step of the start cost" },
        { .name = "trace-denials",
          .flags = OPTION_PAWL_ONLY,
          .help = "have the kernel log what confinement refuses, for 'pawl why'" },
        OPTIONS_END,
};

const Command command_run = {
        .name = "run",
        .summary = "Run a program of a snap",
        .text = "Starts SNAP or SNAP.APP confined, with the rest of the line as its arguments.  The exit code is the "
                "program's.",
        .words = "SNAP[.APP] [ARGUMENT...]",
        .word = "<app name>",
        .word_min = 1,
        .word_max = SIZE_MAX,
        .options = options,
        .completes = "app",
        .flags = COMMAND_WORDS_RAW,
        .run = run_run,
};
