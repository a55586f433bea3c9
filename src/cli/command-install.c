/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/text.h"
#include "cli/fill.h"
#include "cli/operation.h"
#include "cli/report.h"
#include "cli/sideload.h"
#include "cli/wait.h"
#include "cli/words.h"

#define WARNING_INDENT 9 /* of what follows "Warning: " */
#define RIGHT_MARGIN   1

static const char *const flags[] = { "devmode",   "jailmode",          "classic",
                                     "unaliased", "ignore-validation", NULL };

static bool is_in_path(const char *directory) {
        const char *path = getenv("PATH");
        autofree char *copy = string_copy(path == NULL ? "" : path);
        char *rest = copy;
        for (char *entry = strsep(&rest, ":"); entry != NULL; entry = strsep(&rest, ":"))
                if (string_equal(entry, directory))
                        return true;
        return false;
}

static bool has_commands(const char *directory) {
        DIR *stream = opendir(directory);
        bool has_entry = false;
        struct dirent *entry;
        while (stream != NULL && !has_entry && (entry = readdir(stream)) != NULL)
                has_entry = *entry->d_name != '.';
        if (stream != NULL)
                (void)closedir(stream);
        return has_entry;
}

static bool is_without_commands(const Cli *cli) {
        autofree char *directory = string_format("%s/snap/bin", cli->root);
        return !has_commands(directory);
}

/* Commands of packages are found through one directory: say so where the shell would not look
 * there.  Who calls us snap is told each time, others with the first command. */
static void warn_of_path(const Cli *cli, bool was_empty) {
        autofree char *directory = string_format("%s/snap/bin", cli->root);
        bool is_news = was_empty && has_commands(directory);
        if (is_in_path(directory) || (!cli->is_snap && !is_news))
                return;
        autofree char *text = string_format(
                cli->is_snap
                        ? "%s was not found in your $PATH. If you've not restarted your session since you "
                          "installed snapd, try doing that. Please see https://forum.snapcraft.io/t/9469 for "
                          "more details."
                        : "%s is not in your PATH: start programs with 'pawl run', or add it.",
                directory);
        autofree char *filled =
                fill_text(text, cli->width - WARNING_INDENT - RIGHT_MARGIN, WARNING_INDENT);
        const char *bold = cli->has_colour ? "\x1b[1m" : "",
                   *normal = cli->has_colour ? "\x1b[0m" : "";
        (void)fflush(stdout);
        (void)fprintf(stderr, "%sWarning:%s %s\n\n", bold, normal, filled);
}

static int print_installed(Cli *cli, const Arguments *arguments, const json_t *names,
                           const char *done, bool was_empty) {
        if (json_array_size(names) > 0) {
                warn_of_path(cli, was_empty);
                int code = operation_print_snaps(cli, arguments, names, done);
                if (code != EXIT_DONE)
                        return code;
        }
        for (size_t i = 0; i < arguments->word_count; i++)
                if (!operation_is_file(arguments->words[i]) &&
                    !operation_has_name(names, arguments->words[i]))
                        (void)printf("%s already installed\n", arguments->words[i]);
        return EXIT_DONE;
}

/* ── files ── */

/* The name which a change that installed one file must give. */
static int get_only_name(const json_t *change, const char *path, json_t **ret_names, Error *err) {
        const char *name = json_get_string(json_object_get(change, "data"), "snap-name", "");
        if (*name == '\0')
                return error_set(
                        err, ERROR_FAILED,
                        "cannot extract the snap-name from local file \"%s\": data entry not found",
                        path);
        *ret_names = json_pack("[s]", name);
        return 0;
}

static int finish_files(Cli *cli, const Arguments *arguments, const json_t *change,
                        const char *done, bool was_empty) {
        Error err = ERROR_INIT;
        autojson names = NULL;
        const Subject subject = { .snap = arguments->words[0] };
        cli->client->failure.way = FAILURE_NONE;
        if (arguments->word_count > 1)
                names = operation_get_names(change);
        else if (get_only_name(change, arguments->words[0], &names, &err) < 0)
                return report_failure(cli, &subject, &err);
        return print_installed(cli, arguments, names, done, was_empty);
}

/* snap leaves it at the message, which has no kind to go by. */
static void suggest_dangerous(const Cli *cli) {
        const Failure *failure = &cli->client->failure;
        if (!cli->is_snap && failure->way == FAILURE_API &&
            string_has_prefix(failure->message, "cannot find signatures"))
                (void)fprintf(stderr,
                              "Nobody vouches for this file; if you trust it, repeat the command "
                              "including --dangerous.\n");
}

/* What chooses among a store's revisions is no choice where there is one file. */
static int check_file_options(const Cli *cli, const Arguments *arguments) {
        static const char *const store_options[] = { "channel", "edge",     "beta",   "candidate",
                                                     "stable",  "revision", "cohort", NULL };
        for (const char *const *name = store_options; !cli->is_snap && *name != NULL; name++)
                if (arguments_has(arguments, *name))
                        return cli_refuse(cli, EXIT_USAGE,
                                          "--%s chooses from a store, and \"%s\" is a file", *name,
                                          arguments->words[0]);
        return EXIT_DONE;
}

static bool is_directory(const char *path) {
        struct stat status;
        return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int refuse_directory(const Cli *cli, const char *path) {
        (void)cli_refuse(cli, EXIT_FAILED, "\"%s\" is a directory, not a snap file", path);
        (void)fprintf(stderr, "Install it as it is with 'pawl try %s'.\n", path);
        return EXIT_FAILED;
}

/* `pawl refresh FILE` of what was not installed was an installation. */
static const char *choose_done(const json_t *change, const char *done) {
        json_t *tasks = json_object_get(change, "tasks"), *task;
        size_t i;
        json_array_foreach(tasks, i, task) {
                const char *kind = json_get_string(task, "kind", "");
                if (string_equal(kind, "unlink-current-snap"))
                        return done;
        }
        return "installed";
}

int sideload_run(Cli *cli, const Arguments *arguments, const char *done) {
        Error err = ERROR_INIT;
        const char *channel;
        int code = operation_get_channel(cli, arguments, &channel);
        if (code == EXIT_DONE)
                code = check_file_options(cli, arguments);
        if (code != EXIT_DONE)
                return code;
        for (size_t i = 0; i < arguments->word_count; i++)
                if (!cli->is_snap && is_directory(arguments->words[i]))
                        return refuse_directory(cli, arguments->words[i]);
        bool was_empty = is_without_commands(cli);
        autojson change = NULL;
        autofree char *id = NULL;
        const Subject subject = { .snap = arguments->words[0] };
        if (sideload_start(cli, arguments, channel, &id, &err) < 0) {
                code = report_failure(cli, &subject, &err);
                suggest_dangerous(cli);
                return code;
        }
        int outcome = wait_as_asked(cli, arguments, id, &change, &err);
        if (outcome < 0)
                return report_failure(cli, &subject, &err);
        return outcome > 0
                       ? EXIT_DONE
                       : finish_files(cli, arguments, change, choose_done(change, done), was_empty);
}

/* ── names ── */

static int check_names(const Cli *cli, const Arguments *arguments) {
        for (size_t i = 0; i < arguments->word_count; i++)
                if (*arguments->words[i] == '\0')
                        return cli_refuse(cli, EXIT_FAILED, "cannot install snap with empty name");
        if (arguments_has(arguments, "dangerous")) {
                (void)cli_refuse(
                        cli, EXIT_FAILED,
                        "dangerous option only meaningful when installing from a local file");
                if (!cli->is_snap && arguments->word_count > 0)
                        (void)fprintf(stderr, "A file is given with its path, as in ./%s.\n",
                                      arguments->words[0]);
                return EXIT_FAILED;
        }
        if (arguments_has(arguments, "name"))
                return cli_refuse(cli, EXIT_FAILED,
                                  "cannot use explicit name when installing from store");
        bool has_mode = arguments_has(arguments, "devmode") ||
                        arguments_has(arguments, "jailmode") || arguments_has(arguments, "classic");
        if (has_mode && arguments->word_count > 1)
                return cli_refuse(
                        cli, EXIT_FAILED,
                        "cannot specify mode for multiple store snaps (only for one store snap or "
                        "several local ones)");
        return EXIT_DONE;
}

static int install_names(Cli *cli, const Arguments *arguments, const char *channel) {
        const OperationShape shape = {
                .action = "install", .channel = channel, .flags = flags, .has_transaction = true
        };
        autojson change = NULL;
        bool was_empty = is_without_commands(cli);
        int code = operation_run(cli, arguments, &shape, &change);
        if (!change)
                return code;
        autojson names = arguments->word_count == 1 ? json_pack("[s]", arguments->words[0])
                                                    : operation_get_names(change);
        return print_installed(cli, arguments, names, "installed", was_empty);
}

static int run_install(Cli *cli, const Arguments *arguments) {
        const char *channel;
        int code = operation_get_channel(cli, arguments, &channel);
        if (code == EXIT_DONE)
                code = operation_check_modes(cli, arguments);
        if (code != EXIT_DONE)
                return code;
        bool has_files = operation_is_file(arguments->words[0]);
        if (has_files && arguments->word_count > 1 && arguments_has(arguments, "name"))
                return cli_refuse(cli, EXIT_FAILED,
                                  "cannot use instance name when installing multiple snaps");
        if (has_files)
                return sideload_run(cli, arguments, "installed");
        code = check_names(cli, arguments);
        return code != EXIT_DONE ? code : install_names(cli, arguments, channel);
}

static const Option options[] = {
        { .name = "dangerous",
          .help = "install a file whose publisher nobody vouches for (--devmode implies this)" },
        OPTIONS_CONFINEMENT,
        { .name = "name", .argument = "NAME", .help = "install the file as this instance" },
        { .name = "unaliased", .help = "leave out the package's automatic aliases" },
        { .name = "revision", .argument = "REVISION", .help = "install this revision" },
        OPTIONS_CHANNEL,
        { .name = "cohort", .argument = "KEY", .help = "install from this cohort" },
        { .name = "ignore-validation", .help = "do not let other snaps hold this one back" },
        OPTION_RUNNING_APPS,
        { .name = "transaction",
          .argument = "SCOPE",
          .choices = option_transaction,
          .help = "succeed or fail for each snap by itself, or for all together" },
        OPTION_NO_WAIT,
        OPTIONS_QUEUE,
        OPTIONS_TERMINAL,
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_install = {
        .name = "install",
        .summary = "Install snaps",
        .text = "Installs snaps from files, or by name.  A word with a slash or that ends in .snap is a file.  A file "
                "without a signature that this system knows needs --dangerous.",
        .words = "FILE|SNAP...",
        .word = "<snap>",
        .word_min = 1,
        .word_max = SIZE_MAX,
        .options = options,
        .completes = "file",
        .run = run_install,
};
