/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/text.h"
#include "cli/columns.h"
#include "cli/fold.h"
#include "cli/image-info.h"
#include "cli/moment.h"
#include "cli/operation.h"
#include "cli/report.h"
#include "cli/words.h"

#define DESCRIPTION_INDENT 2

/* What one page is made of; rows go to `text` with a tab after their name and are aligned at the
 * end. */
typedef struct Page {
        const Cli *cli;
        const Arguments *arguments;
        const json_t *snap;
        bool is_verbose;
        Text text;
} Page;

static void add_row(Page *page, const char *name, const char *value) {
        text_append_format(&page->text, "%s:\t%s\n", name, value);
}

static const char *get(const Page *page, const char *key) {
        return json_get_string(page->snap, key, "");
}

/* What was added so far is aligned by itself. */
static void print_part(Page *page) {
        if (page->text.length == 0)
                return;
        autofree char *text = columns_align(page->text.bytes, 2, 1);
        (void)fputs(text, stdout);
        text_done(&page->text);
        page->text = TEXT_INIT;
}

static void add_health(Page *page) {
        const json_t *health = json_object_get(page->snap, "health");
        const char *status = json_get_string(health, "status", "unknown");
        char checked[MOMENT_TEXT_SIZE];
        bool is_worth_it = page->is_verbose || !string_equal(status, "okay");
        if ((health == NULL && !page->is_verbose) || !is_worth_it)
                return;
        text_append(&page->text, "health:\n");
        text_append_format(&page->text, "  status:\t%s\n", status);
        const char *message =
                health == NULL ? "health has not been set" : json_get_string(health, "message", "");
        if (*message != '\0')
                text_append_format(&page->text, "  message:\t%s\n", message);
        const char *when =
                moment_format(json_get_string(health, "timestamp", NULL), (int64_t)time(NULL),
                              arguments_has(page->arguments, "abs-time"), checked);
        if (health != NULL && !string_equal(when, "-"))
                text_append_format(&page->text, "  checked:\t%s\n", when);
        const char *revision = json_get_string(health, "revision", "");
        if (*revision != '\0')
                text_append_format(&page->text, "  revision:\t%s\n", revision);
        print_part(page);
}

static void add_head(Page *page) {
        autofree char *publisher = words_publisher_long(page->cli, page->snap);
        const char *none = page->cli->has_unicode ? "–" : "--";
        /* Under the name snap the empty mark after a name has its colour, too. */
        const char *mark = page->cli->is_snap && page->cli->has_colour ? "\x1b[32m\x1b[0m" : "";
        autofree char *nobody = string_format("%s%s", none, mark);
        const char *contact = get(page, "contact"), *license = get(page, "license");
        const char *website = get(page, "website");
        add_row(page, "name", get(page, "name"));
        autofree char *summary = fold_quote(get(page, "summary"));
        fold_append_row(&page->text, "summary", summary, fold_get_width(page->cli->width));
        add_health(page);
        add_row(page, "publisher", *publisher == '\0' ? nobody : publisher);
        if (*get(page, "store-url") != '\0')
                add_row(page, "store-url", get(page, "store-url"));
        if (*website != '\0' && !page->cli->is_snap)
                add_row(page, "website", website);
        if (*contact != '\0')
                add_row(page, "contact",
                        contact + (string_has_prefix(contact, "mailto:") ? strlen("mailto:") : 0));
        add_row(page, "license", *license == '\0' ? "unset" : license);
}

static void add_description(Page *page) {
        text_append(&page->text, "description: |\n");
        fold_append_lines(&page->text, get(page, "description"), DESCRIPTION_INDENT,
                          fold_get_width(page->cli->width));
}

static void format_app_name(Text *out, const Page *page, const json_t *app) {
        const char *snap = get(page, "name"), *name = json_get_string(app, "name", "");
        text_append_format(out, "%s%s%s", snap, string_equal(snap, name) ? "" : ".",
                           string_equal(snap, name) ? "" : name);
}

static void add_commands(Page *page) {
        size_t i;
        json_t *app;
        bool has_heading = false;
        json_array_foreach(json_object_get(page->snap, "apps"), i, app) {
                if (*json_get_string(app, "daemon", "") != '\0')
                        continue;
                text_append(&page->text, has_heading ? "  - " : "commands:\n  - ");
                format_app_name(&page->text, page, app);
                text_append(&page->text, "\n");
                has_heading = true;
        }
}

static void add_services(Page *page) {
        size_t i;
        json_t *app;
        bool has_heading = false;
        json_array_foreach(json_object_get(page->snap, "apps"), i, app) {
                const char *daemon = json_get_string(app, "daemon", "");
                if (*daemon == '\0')
                        continue;
                text_append(&page->text, has_heading ? "  " : "services:\n  ");
                format_app_name(&page->text, page, app);
                text_append_format(&page->text, ":\t%s, %s, %s\n", daemon,
                                   json_get_bool(app, "enabled", false) ? "enabled" : "disabled",
                                   json_get_bool(app, "active", false) ? "active" : "inactive");
                has_heading = true;
        }
}

static void add_flag(Page *page, const char *name, bool value) {
        text_append_format(&page->text, "  %s:\t%s\n", name, value ? "true" : "false");
}

static void add_verbose_notes(Page *page) {
        text_append(&page->text, "notes:\t\n");
        add_flag(page, "private", json_get_bool(page->snap, "private", false));
        text_append_format(&page->text, "  confinement:\t%s\n", get(page, "confinement"));
        add_flag(page, "devmode", json_get_bool(page->snap, "devmode", false));
        add_flag(page, "jailmode", json_get_bool(page->snap, "jailmode", false));
        add_flag(page, "trymode", json_get_bool(page->snap, "trymode", false));
        add_flag(page, "enabled", string_equal(get(page, "status"), "active"));
        const char *broken = get(page, "broken");
        if (*broken == '\0')
                add_flag(page, "broken", false);
        else
                text_append_format(&page->text, "  broken:\ttrue (%s)\n", broken);
        add_flag(page, "ignore-validation", json_get_bool(page->snap, "ignore-validation", false));
}

static void add_installed(Page *page) {
        char date[MOMENT_TEXT_SIZE];
        const char *type = get(page, "type"), *tracking = get(page, "tracking-channel");
        if (page->is_verbose)
                add_verbose_notes(page);
        print_part(page);
        if (*type != '\0' && !string_equal(type, "app"))
                add_row(page, "type", type);
        if (page->is_verbose && *get(page, "base") != '\0')
                add_row(page, "base", get(page, "base"));
        if (*get(page, "id") != '\0')
                add_row(page, "snap-id", get(page, "id"));
        if (*tracking != '\0')
                add_row(page, "tracking", tracking);
        (void)moment_format(get(page, "install-date"), (int64_t)time(NULL),
                            arguments_has(page->arguments, "abs-time"), date);
        if (!string_equal(date, "-"))
                add_row(page, "refresh-date", date);
        autofree char *size = words_size(json_get_int(page->snap, "installed-size", 0));
        autofree char *notes = words_notes(page->snap);
        text_append_format(&page->text, "installed:\t%s (%s) %s %s\n", get(page, "version"),
                           get(page, "revision"), size, notes);
}

static void print_page(const Cli *cli, const Arguments *arguments, const json_t *snap) {
        Page page = { .cli = cli,
                      .arguments = arguments,
                      .snap = snap,
                      .is_verbose = arguments_has(arguments, "verbose"),
                      .text = TEXT_INIT };
        add_head(&page);
        add_description(&page);
        add_commands(&page);
        add_services(&page);
        add_installed(&page);
        print_part(&page);
}

/* 1: found and printed, 0: there is no such snap. */
static int show_snap(Cli *cli, const Arguments *arguments, const char *name, size_t at,
                     bool is_warned) {
        Error err = ERROR_INIT;
        autojson snap = NULL;
        autofree char *path = client_make_path(cli->client, "/v2/snaps", name);
        int outcome = client_get(cli->client, path, &snap, &err);
        bool is_answer = outcome == 0 && json_is_object(snap);
        if (!is_answer && cli->client->failure.way == FAILURE_TRANSPORT)
                return -1;
        if (!is_answer && !is_warned)
                return 0;
        if (at > 0 && !cli->is_json)
                (void)puts("---");
        cli->is_answered = cli->is_json && (cli->is_answered || is_answer);
        if (!is_answer)
                (void)fprintf(cli->is_json ? stderr : stdout, "warning: no snap found for \"%s\"\n",
                              name);
        else if (cli->is_json)
                (void)cli_print_json(snap);
        else
                print_page(cli, arguments, snap);
        return is_answer;
}

/* A file comes first; what is none may still be a snap's name. */
static int show_word(Cli *cli, const Arguments *arguments, size_t at) {
        const char *word = arguments->words[at];
        bool is_warned = arguments->word_count > 1;
        struct stat status;
        bool is_file = operation_is_file(word) && stat(word, &status) == 0;
        const ImageQuestion question = { .path = word,
                                         .is_verbose = arguments_has(arguments, "verbose"),
                                         .is_absolute = arguments_has(arguments, "abs-time"),
                                         .is_first = at == 0 };
        if (!is_file)
                return show_snap(cli, arguments, word, at, is_warned);
        if (image_info_print(cli, &question) == EXIT_DONE) {
                cli->is_answered = cli->is_json;
                return 1;
        }
        /* snap keeps what is wrong with a file to itself. */
        return cli->is_snap ? show_snap(cli, arguments, word, at, is_warned) : -1;
}

static int run_info(Cli *cli, const Arguments *arguments) {
        const Error none = ERROR_INIT;
        size_t found = 0;
        for (size_t i = 0; i < arguments->word_count; i++) {
                int outcome = show_word(cli, arguments, i);
                const Subject subject = { .snap = arguments->words[i] };
                if (outcome < 0 && cli->client->failure.way == FAILURE_TRANSPORT)
                        return report_failure(cli, &subject, &none);
                found += outcome > 0;
                if (outcome < 0)
                        return EXIT_FAILED;
        }
        if (found > 0)
                return EXIT_DONE;
        if (arguments->word_count == 1)
                (void)cli_refuse(cli, EXIT_FAILED, "no snap found for \"%s\"", arguments->words[0]);
        else
                (void)cli_refuse(cli, EXIT_FAILED, "no valid snaps given");
        if (!cli->is_snap)
                (void)fputs("See what is installed with 'pawl list'; give a file with its path.\n",
                            stderr);
        return EXIT_FAILED;
}

static const Option options[] = {
        { .name = "verbose", .help = "show more" },
        OPTION_ABS_TIME,
        OPTIONS_TERMINAL,
        OPTION_JSON,
        OPTIONS_END,
};

const Command command_info = {
        .name = "info",
        .summary = "Show what a snap is",
        .text = "Shows an installed snap, or a file before it is installed: the file is read by a program of its own "
                "that has no rights.",
        .words = "SNAP|FILE...",
        .word = "<snap>",
        .word_min = 1,
        .word_max = SIZE_MAX,
        .options = options,
        .completes = "snap",
        .run = run_info,
};
