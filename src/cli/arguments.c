/* SPDX-License-Identifier: Apache-2.0 */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/terminal.h"

const char *const option_when[] = { "auto", "never", "always", NULL };
const char *const option_transaction[] = { "all-snaps", "per-snap", NULL };
const char *const option_running_apps[] = { "refuse", "defer", "ignore", NULL };

/* A document of its own, so only where none was written yet. */
static void print_failure(const Cli *cli, const char *kind, const char *message) {
        if (!cli->is_json || cli->is_answered)
                return;
        autojson failure = json_pack("{s:{s:s, s:s}}", "error", "kind", kind, "message", message);
        /* A message that quotes a name may be no UTF-8. */
        if (failure == NULL)
                failure = json_pack("{s:{s:s}}", "error", "kind", kind);
        (void)cli_print_json(failure);
}

int cli_refuse_kind(const Cli *cli, int code, const char *kind, const char *message) {
        print_failure(cli, kind, message);
        (void)fflush(stdout);
        autofree char *text = string_copy(message);
        if (!cli->is_snap)
                terminal_neutralise_text(text);
        (void)fprintf(stderr, "%serror:%s %s\n", cli->has_colour && !cli->is_snap ? "\x1b[31m" : "",
                      cli->has_colour && !cli->is_snap ? "\x1b[0m" : "", text);
        if (code == EXIT_USAGE && !cli->is_snap && cli->command != NULL)
                (void)fprintf(stderr, "See '%s help %s'.\n", cli->program, cli->command->name);
        return code;
}

int cli_refuse(const Cli *cli, int code, const char *format, ...) {
        va_list list;
        va_start(list, format);
        autofree char *message = NULL;
        if (vasprintf(&message, format, list) < 0)
                abort();
        va_end(list);
        return cli_refuse_kind(cli, code, code == EXIT_USAGE ? "usage" : "failed", message);
}

int cli_print_json(const json_t *value) {
        autofree char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);
        if (text == NULL)
                return EXIT_FAILED;
        (void)puts(text);
        return EXIT_DONE;
}

static int find_option(const Arguments *arguments, const char *name) {
        for (int i = 0; arguments->options != NULL && arguments->options[i].name != NULL; i++)
                if (string_equal(arguments->options[i].name, name))
                        return i;
        return -1;
}

const char *arguments_get(const Arguments *arguments, const char *option) {
        int index = find_option(arguments, option);
        return index < 0 ? NULL : arguments->values[index];
}

bool arguments_has(const Arguments *arguments, const char *option) {
        return arguments_get(arguments, option) != NULL;
}

void arguments_done(Arguments *arguments) {
        free(arguments->words);
        arguments->words = NULL;
}

/* "auto, never or always" */
static char *join_choices(const char *const *choices) {
        autotext text = TEXT_INIT;
        for (size_t i = 0; choices[i] != NULL; i++) {
                const char *before = i == 0 ? "" : choices[i + 1] == NULL ? " or " : ", ";
                text_append_format(&text, "%s%s", before, choices[i]);
        }
        return text_take(&text);
}

static int check_choice(const Cli *cli, const Option *option, const char *value) {
        if (option->choices == NULL)
                return EXIT_DONE;
        for (size_t i = 0; option->choices[i] != NULL; i++)
                if (string_equal(option->choices[i], value))
                        return EXIT_DONE;
        autofree char *choices = join_choices(option->choices);
        return cli_refuse(cli, EXIT_USAGE,
                          "Invalid value `%s' for option `--%s'. Allowed values are: %s", value,
                          option->name, choices);
}

/* getopt_long takes any unambiguous beginning of an option; a script that relies on that breaks
 * with the next option, so only whole names count. */
static bool is_whole_name(const char *word, const char *name) {
        size_t length = strlen(name);
        return string_has_prefix(word, "--") && strncmp(word + 2, name, length) == 0 &&
               (word[2 + length] == '\0' || word[2 + length] == '=');
}

static int refuse_word(const Cli *cli, const char *word, int short_name) {
        if (!string_has_prefix(word, "--"))
                return cli_refuse(cli, EXIT_USAGE, "unknown flag `%c'", short_name);
        autofree char *name = string_copy(word + 2);
        name[strcspn(name, "=")] = '\0';
        return cli_refuse(cli, EXIT_USAGE, "unknown flag `%s'", name);
}

static int fill_long_options(const Cli *cli, const Option *options, struct option *ret) {
        int count = 0;
        for (int i = 0; options != NULL && options[i].name != NULL; i++) {
                if ((options[i].flags & OPTION_PAWL_ONLY) != 0 && cli->is_snap)
                        continue;
                ret[count++] = (struct option){ .name = options[i].name,
                                                .has_arg = options[i].argument != NULL,
                                                .val = 256 + i };
        }
        return count;
}

/* What getopt_long answers for anything but a long option that the command has. */
static int refuse_found(Cli *cli, const Command *command, int found, const char *word) {
        if (found == '?' && optopt >= 256)
                return cli_refuse(cli, EXIT_USAGE, "bool flag `--%s' cannot have an argument",
                                  command->options[optopt - 256].name);
        if (found == ':')
                return cli_refuse(cli, EXIT_USAGE, "expected argument for flag `%s'", word);
        return refuse_word(cli, word, optopt);
}

/* An option whose name is one letter is given with one dash: "-i X", "-iX", "-i=X". */
static void fill_letters(const Cli *cli, const Option *options, Text *form) {
        for (int i = 0; options != NULL && options[i].name != NULL; i++)
                if (strlen(options[i].name) == 1 &&
                    ((options[i].flags & OPTION_PAWL_ONLY) == 0 || !cli->is_snap))
                        text_append_format(form, "%s%s", options[i].name,
                                           options[i].argument != NULL ? ":" : "");
}

/* 1: it was one. */
static int take_letter(const Option *options, int found, Arguments *ret) {
        for (int i = 0; options != NULL && options[i].name != NULL; i++) {
                if (options[i].name[0] != found || options[i].name[1] != '\0')
                        continue;
                ret->values[i] = optarg == NULL ? "" : optarg + (optarg[0] == '=');
                return 1;
        }
        return 0;
}

static int parse_options(Cli *cli, const Command *command, int count, char **words,
                         Arguments *ret) {
        struct option long_options[ARGUMENT_OPTION_MAX + 1] = { 0 };
        (void)fill_long_options(cli, command->options, long_options);
        /* Bit of glibc: 0 starts over with another set of words; '+' stops at the first word. */
        optind = 0;
        opterr = 0;
        autotext form = TEXT_INIT;
        text_append(&form, (command->flags & COMMAND_WORDS_RAW) != 0 ? "+:" : ":");
        fill_letters(cli, command->options, &form);
        int found;
        while ((found = getopt_long(count, words, form.bytes, long_options, NULL)) != -1) {
                if (found < 256 && take_letter(command->options, found, ret))
                        continue;
                const char *word = words[optind - 1];
                bool is_known = found >= 256;
                if (!is_known)
                        return refuse_found(cli, command, found, word);
                const Option *option = &command->options[found - 256];
                if (option->argument != NULL && optarg == word)
                        word = words[optind - 2];
                if (!is_whole_name(word, option->name))
                        return refuse_word(cli, word, optopt);
                if (check_choice(cli, option, optarg == NULL ? "" : optarg) != EXIT_DONE)
                        return EXIT_USAGE;
                ret->values[found - 256] = optarg == NULL ? "" : optarg;
        }
        return EXIT_DONE;
}

static int check_words(const Cli *cli, const Command *command, const Arguments *arguments) {
        bool is_next = arguments->word_count > 0 && command->next != NULL;
        if (arguments->word_count < command->word_min)
                return cli_refuse(cli, EXIT_USAGE, "the required argument `%s%s` was not provided",
                                  is_next ? command->next : command->word,
                                  command->word_max == SIZE_MAX ? " (at least 1 argument)" : "");
        bool is_ignored = cli->is_snap && (command->flags & COMMAND_EXTRA_IGNORED) != 0;
        if (arguments->word_count > command->word_max && !is_ignored)
                return cli_refuse(cli, cli->is_snap ? EXIT_FAILED : EXIT_USAGE,
                                  "too many arguments for command");
        return EXIT_DONE;
}

/* Asked before the words are understood, as what is wrong with them is to be said in JSON too. */
static bool wants_json(const Cli *cli, const Command *command, int count, char **words) {
        const Arguments known = { .options = command->options };
        if (cli->is_snap || find_option(&known, "json") < 0)
                return false;
        for (int i = 0; i < count && !string_equal(words[i], "--"); i++)
                if (string_equal(words[i], "--json"))
                        return true;
        return false;
}

int arguments_parse(Cli *cli, const Command *command, int count, char **words, Arguments *ret) {
        *ret = (Arguments){ .options = command->options };
        cli->command = command;
        cli->is_json = wants_json(cli, command, count, words);
        char **vector = memory_new(((size_t)count + 2) * sizeof *vector);
        vector[0] = words[-1];
        for (int i = 0; i < count; i++)
                vector[i + 1] = words[i];
        int code = parse_options(cli, command, count + 1, vector, ret);
        if (code != EXIT_DONE) {
                free(vector);
                return code;
        }
        size_t first = (size_t)optind;
        ret->word_count = (size_t)count + 1 - first;
        memmove(vector, vector + first, (ret->word_count + 1) * sizeof *vector);
        ret->words = vector;
        code = check_words(cli, command, ret);
        if (code != EXIT_DONE)
                arguments_done(ret);
        return code;
}
