/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/report.h"
#include "cli/wait.h"

/* What is JSON is sent as such, all else as a string: retain=3 is a number, channel=edge a word. */
static json_t *parse_value(const char *text) {
        json_t *value = NULL;
        Error ignored;

        if (json_parse(text, strlen(text), &value, &ignored) == 0)
                return value;
        return json_string(text);
}

/* "key=value", or "key!" to unset it: 0, or an exit code. */
static int add_pair(const Cli *cli, json_t *patch, const char *word) {
        size_t length = strcspn(word, "=");
        bool is_unset = word[length] == '\0' && length > 1 && word[length - 1] == '!';

        if (length == 0 || (word[length] == '\0' && !is_unset))
                return cli_refuse(cli, EXIT_FAILED,
                                  "invalid configuration: \"%s\" (want key=value)", word);
        autofree char *key = string_copy_length(word, is_unset ? length - 1 : length);
        json_t *value = is_unset ? json_null() : parse_value(word + length + 1);
        if (value == NULL)
                return cli_refuse(cli, EXIT_FAILED, "the value of \"%s\" is not valid text", key);
        json_put(patch, key, value);
        return EXIT_DONE;
}

/* A setting may go before its snap; but a name that is not installed may be one that was mistyped.
 */
static void note_absent(const Cli *cli, const json_t *patch) {
        static const char prefix[] = "refresh.running-apps-for.";
        const char *key;
        json_t *value;

        if (cli->is_snap)
                return;
        json_object_foreach((json_t *)(uintptr_t)patch, key, value) {
                Error unused = ERROR_INIT;
                autojson found = NULL;
                if (!string_has_prefix(key, prefix) || json_is_null(value))
                        continue;
                const char *snap = key + strlen(prefix);
                autofree char *path = client_make_path(cli->client, "/v2/snaps", snap);
                if (client_get(cli->client, path, &found, &unused) < 0 &&
                    string_equal(cli->client->failure.kind, "snap-not-found"))
                        (void)fprintf(
                                stderr,
                                "Note: snap \"%s\" is not installed; this counts when it is.  See "
                                "what is installed with 'pawl list'.\n",
                                snap);
        }
}

static int send_patch(Cli *cli, const Arguments *arguments, const json_t *patch) {
        Error err = ERROR_INIT;
        autofree char *change = NULL;
        autojson finished = NULL;
        autofree char *snap = client_make_path(cli->client, "/v2/snaps", arguments->words[0]);
        autofree char *path = string_format("%s/conf", snap);
        const Subject subject = { .snap = arguments->words[0] };

        if (client_start_put(cli->client, path, patch, &change, &err) < 0 ||
            wait_as_asked(cli, arguments, change, &finished, &err) < 0)
                return report_failure(cli, &subject, &err);
        note_absent(cli, patch);
        return EXIT_DONE;
}

static int run_set(Cli *cli, const Arguments *arguments) {
        autojson patch = json_object();
        int code = EXIT_DONE;

        for (size_t i = 1; i < arguments->word_count && code == EXIT_DONE; i++)
                code = add_pair(cli, patch, arguments->words[i]);
        return code != EXIT_DONE ? code : send_patch(cli, arguments, patch);
}

static int run_unset(Cli *cli, const Arguments *arguments) {
        autojson patch = json_object();

        for (size_t i = 1; i < arguments->word_count; i++)
                json_put(patch, arguments->words[i], json_null());
        return send_patch(cli, arguments, patch);
}

static const Option options[] = { OPTION_NO_WAIT, OPTION_JSON, OPTIONS_END };

const Command command_set = {
        .name = "set",
        .summary = "Change settings",
        .text = "Changes settings of the system (SNAP is system), all of them or none.  KEY! unsets one, as 'unset' "
                "does.  The section SETTINGS of the man page says which there are and what they take.",
        .words = "SNAP KEY=VALUE...",
        .word = "<snap>",
        .next = "<key>=<value>",
        .word_min = 2,
        .word_max = 32,
        .options = options,
        .run = run_set,
};

const Command command_unset = {
        .name = "unset",
        .summary = "Take settings back",
        .text = "Unsets settings of the system (SNAP is system): what counts is again what the man page says.  A key "
                "without a value of its own stands for all below it.",
        .words = "SNAP KEY...",
        .word = "<snap>",
        .next = "<key>",
        .word_min = 2,
        .word_max = 32,
        .options = options,
        .run = run_unset,
};
