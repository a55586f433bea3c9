/* SPDX-License-Identifier: Apache-2.0
 *
 * The program pawl, which is snap by another name.
 */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/warnings.h"

#define WIDTH_PLAIN      80
#define WIDTH_MIN        40
#define PATIENCE_SNAP_MS 120000 /* what scripts for snap count on at boot */
#define PATIENCE_PAWL_MS 1000

static size_t get_width(void) {
        struct winsize size = { 0 };
        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < WIDTH_MIN)
                return WIDTH_PLAIN;
        return size.ws_col;
}

static bool choose(const Arguments *arguments, const char *option, bool otherwise) {
        const char *when = arguments_get(arguments, option);
        if (when == NULL || string_equal(when, "auto"))
                return otherwise;
        return string_equal(when, "always");
}

static void adapt_output(Cli *cli, const Arguments *arguments) {
        const char *terminal = getenv("TERM");
        bool has_colour = cli->has_terminal && getenv("NO_COLOR") == NULL && terminal != NULL &&
                          !string_equal(terminal, "dumb");
        bool has_unicode = cli->has_terminal && string_equal(nl_langinfo(CODESET), "UTF-8");
        cli->has_colour = choose(arguments, "color", has_colour);
        cli->has_unicode = choose(arguments, "unicode", has_unicode);
        cli->is_json = arguments_has(arguments, "json");
}

static const char *get_root(bool is_snap) {
        const char *root = getenv("PAWL_ROOT");
        if (is_snap && getenv("SNAPPY_GLOBAL_ROOT") != NULL)
                root = getenv("SNAPPY_GLOBAL_ROOT");
        return root == NULL || string_equal(root, "/") ? "" : root;
}

static int run_command(Cli *cli, const Command *command, int count, char **words) {
        Arguments arguments;
        int code = arguments_parse(cli, command, count, words, &arguments);
        if (code != EXIT_DONE)
                return code;
        adapt_output(cli, &arguments);
        autoptr(Client) client = client_new(cli->root, cli->program);
        client->may_interact = isatty(STDIN_FILENO) == 1;
        client->patience_ms = cli->is_snap ? PATIENCE_SNAP_MS : PATIENCE_PAWL_MS;
        cli->client = client;
        code = command->run(cli, &arguments);
        arguments_done(&arguments);
        if (fflush(stdout) != 0 && code == EXIT_DONE)
                code = EXIT_FAILED;
        warnings_mention(cli);
        return code;
}

/* --root DIR, --version and --help come before the command's name. */
static int take_global_option(Cli *cli, int count, char **words, const char **ret_command) {
        if (string_equal(words[0], "--version"))
                *ret_command = "version";
        else if (string_equal(words[0], "--help") || string_equal(words[0], "-h"))
                *ret_command = "help";
        else if (!cli->is_snap && string_equal(words[0], "--root") && count > 1)
                cli->root = words[1];
        else if (!cli->is_snap && string_has_prefix(words[0], "--root="))
                cli->root = words[0] + strlen("--root=");
        else
                return 0;
        return string_equal(words[0], "--root") ? 2 : 1;
}

static bool wants_help(const Command *command, int count, char **words) {
        for (int i = 0; i < count && !string_equal(words[i], "--"); i++) {
                if (string_equal(words[i], "--help") || string_equal(words[i], "-h"))
                        return true;
                if ((command->flags & COMMAND_WORDS_RAW) != 0 && *words[i] != '-')
                        return false;
        }
        return false;
}

static int refuse_command(const Cli *cli, const char *word) {
        if (*word != '-')
                return cli_refuse(cli, EXIT_USAGE, "unknown command \"%s\", see '%s help'.", word,
                                  cli->program);
        if (!cli->is_snap && string_equal(word, "--root"))
                return cli_refuse(cli, EXIT_USAGE, "--root needs a directory, see 'pawl help'.");
        (void)cli_refuse(cli, EXIT_USAGE, "unknown flag `%s'", word + strspn(word, "-"));
        if (!cli->is_snap)
                (void)fprintf(stderr, "See 'pawl help'; options of a command follow its name.\n");
        return EXIT_USAGE;
}

int main(int argc, char **argv) {
        (void)setlocale(LC_ALL, "");
        const char *slash = strrchr(argv[0], '/');
        bool is_snap = string_equal(slash == NULL ? argv[0] : slash + 1, "snap");
        Cli cli = { .program = is_snap ? "snap" : "pawl",
                    .is_snap = is_snap,
                    .root = get_root(is_snap) };
        cli.has_terminal = isatty(STDOUT_FILENO) == 1;
        cli.width = get_width();
        const char *name = NULL;
        int at = 1, taken = 1;
        while (at < argc && name == NULL && taken > 0) {
                taken = take_global_option(&cli, argc - at, argv + at, &name);
                at += taken;
        }
        if (name == NULL)
                name = at < argc ? argv[at++] : "help";
        const Command *command = command_find(name, is_snap);
        if (command == NULL)
                return refuse_command(&cli, name);
        autofree char *command_name = string_copy(command->name);
        char *help_words[] = { argv[0], command_name, NULL };
        if ((command != &command_help || !is_snap) && wants_help(command, argc - at, argv + at))
                return run_command(&cli, &command_help, 1, help_words + 1);
        return run_command(&cli, command, argc - at, argv + at);
}
