/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/policy-diff.h"
#include "cli/report.h"
#include "cli/terminal.h"

#define POLICY_SIZE_MAX (16 * 1024 * 1024)

/* "SNAP" or "SNAP@REVISION" of the running daemon. */
static int fetch(Cli *cli, const char *word, json_t **ret) {
        size_t length = strcspn(word, "@");
        autofree char *snap = string_copy_length(word, length);
        autofree char *name = client_escape(snap);
        autofree char *revision = client_escape(word[length] ? word + length + 1 : "");
        autofree char *path = string_format("/v2/pawl/policy/%s?revision=%s", name, revision);
        const Subject subject = { .snap = snap };
        Error err = ERROR_INIT;

        return client_get(cli->client, path, ret, &err) < 0 ? report_failure(cli, &subject, &err)
                                                            : EXIT_DONE;
}

static int load(const Cli *cli, const char *path, json_t **ret) {
        autofd int file = open(path, O_RDONLY | O_CLOEXEC);
        autofree char *bytes = NULL;
        size_t length = 0;
        Error err = ERROR_INIT;

        if (file < 0)
                return cli_refuse(cli, EXIT_FAILED, "cannot read %s: %s", path, strerror(errno));
        if (file_read_all(file, POLICY_SIZE_MAX, &bytes, &length, &err) < 0 ||
            json_parse(bytes, length, ret, &err) < 0)
                return cli_refuse(cli, EXIT_FAILED, "%s: %s", path, err.message);
        if (!json_is_object(json_object_get(*ret, "programs")))
                return cli_refuse(cli, EXIT_FAILED,
                                  "%s is no policy; write one with: pawl policy show SNAP > FILE",
                                  path);
        terminal_neutralise(*ret);
        return EXIT_DONE;
}

/* A file has a slash in it, as ./x.json. */
static int get_policy(Cli *cli, const char *word, json_t **ret) {
        return strchr(word, '/') ? load(cli, word, ret) : fetch(cli, word, ret);
}

/* ── diff ── */

static void print_lines(const json_t *lines, const char *sign) {
        for (size_t i = 0; i < json_array_size(lines); i++)
                printf("  %s %s\n", sign, json_string_value(json_array_get(lines, i)));
}

static int print_diff(const Cli *cli, const json_t *diff) {
        size_t count = json_array_size(diff);

        if (cli->is_json)
                return cli_print_json(diff);
        for (size_t i = 0; i < count; i++) {
                const json_t *part = json_array_get(diff, i);
                printf("%s\n", json_get_string(part, "what", ""));
                print_lines(json_object_get(part, "lost"), "-");
                print_lines(json_object_get(part, "gained"), "+");
        }
        if (count == 0)
                printf("nothing differs in what programs may do\n");
        return EXIT_DONE;
}

static int run_diff(Cli *cli, char *const *words) {
        autojson before = NULL;
        autojson after = NULL;
        int code = get_policy(cli, words[0], &before);

        if (code == EXIT_DONE)
                code = get_policy(cli, words[1], &after);
        if (code != EXIT_DONE)
                return code;
        autojson diff = policy_diff(before, after);
        return print_diff(cli, diff);
}

static int run_show(Cli *cli, char *const *words) {
        autojson policy = NULL;
        int code = get_policy(cli, words[0], &policy);

        return code == EXIT_DONE ? cli_print_json(policy) : code;
}

static const struct {
        const char *name;
        size_t word_count;
        int (*run)(Cli *cli, char *const *words);
} ACTIONS[] = {
        { "diff", 2, run_diff },
        { "show", 1, run_show },
};

static int run_policy(Cli *cli, const Arguments *arguments) {
        for (size_t i = 0; i < ARRAY_COUNT(ACTIONS); i++)
                if (string_equal(ACTIONS[i].name, arguments->words[0]) &&
                    arguments->word_count == ACTIONS[i].word_count + 1)
                        return ACTIONS[i].run(cli, arguments->words + 1);
        return cli_refuse(cli, EXIT_USAGE, "it is \"policy diff A B\" or \"policy show A\"");
}

static const Option options[] = { OPTION_JSON, OPTIONS_END };

const Command command_policy = {
        .name = "policy",
        .summary = "Show or compare what decides what programs may do",
        .text = "'policy diff A B' says what programs may do under B and not under A (+), and the other way (-), connected "
                "or not.  A and B are SNAP (as it is now), SNAP@REVISION, or a file with a slash in its name that "
                "'policy show A' wrote: kept from before an update of pawl, it compares two builds of the daemon.",
        .words = "diff A B | show A",
        .word = "<action>",
        .word_min = 2,
        .word_max = 3,
        .options = options,
        .completes = "snap",
        .flags = COMMAND_PAWL_ONLY,
        .run = run_policy,
};
