/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/operation.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/report.h"
#include "cli/wait.h"
#include "cli/words.h"

#define CHANNEL_PART_MAX 3

bool operation_is_file(const char *word) {
        return strchr(word, '/') != NULL || string_has_suffix(word, ".snap");
}

static void put_flags(json_t *body, const Arguments *arguments, const char *const *names) {
        for (; *names != NULL; names++)
                if (arguments_has(arguments, *names))
                        json_put(body, *names, json_true());
}

/* The request for the words, which are names: of one snap with everything that may be said of it,
 * of several with their names alone. */
static json_t *make_body(const Arguments *arguments, const OperationShape *shape) {
        const char *transaction = arguments_get(arguments, "transaction");
        json_t *body = json_pack("{s:s}", "action", shape->action);
        if (shape->has_transaction)
                json_put_string(body, "transaction",
                                transaction == NULL ? "per-snap" : transaction);
        if (arguments->word_count == 1) {
                json_put_string(body, "channel", shape->channel);
                json_put_string(body, "revision", arguments_get(arguments, "revision"));
                json_put_string(body, "cohort-key", arguments_get(arguments, "cohort"));
                if (shape->flags)
                        put_flags(body, arguments, shape->flags);
        }
        if (arguments->word_count > 1) {
                json_t *snaps = json_array();
                for (size_t i = 0; i < arguments->word_count; i++)
                        (void)json_array_append_new(snaps, json_string(arguments->words[i]));
                json_put(body, "snaps", snaps);
        }
        return body;
}

const char *operation_get_conflict_choice(const Arguments *arguments) {
        bool is_queueing =
                arguments_has(arguments, "queue") || arguments_has(arguments, "queue-timeout");
        return is_queueing ? "queue" : NULL;
}

void operation_put_queue(json_t *body, const Arguments *arguments) {
        json_put_string(body, "on-conflict", operation_get_conflict_choice(arguments));
        json_put_string(body, "conflict-timeout", arguments_get(arguments, "queue-timeout"));
}

int operation_check_modes(const Cli *cli, const Arguments *arguments) {
        if (arguments_has(arguments, "devmode") && arguments_has(arguments, "jailmode"))
                return cli_refuse(cli, EXIT_FAILED,
                                  "cannot use devmode and jailmode flags together");
        return EXIT_DONE;
}

static size_t count_parts(const char *channel) {
        size_t count = 1;
        for (; *channel != '\0'; channel++)
                count += *channel == '/';
        return count;
}

int operation_get_channel(const Cli *cli, const Arguments *arguments, const char **ret) {
        static const char *const risks[] = { "edge", "beta", "candidate", "stable" };
        const char *channel = arguments_get(arguments, "channel");
        for (size_t i = 0; i < ARRAY_COUNT(risks); i++) {
                if (!arguments_has(arguments, risks[i]))
                        continue;
                if (channel != NULL)
                        return cli_refuse(cli, EXIT_FAILED, "Please specify a single channel");
                channel = risks[i];
        }
        if (channel != NULL && count_parts(channel) > CHANNEL_PART_MAX)
                return cli_refuse(cli, EXIT_FAILED, "channel name has too many components: %s",
                                  channel);
        *ret = channel == NULL ? "" : channel;
        return EXIT_DONE;
}

int operation_run(Cli *cli, const Arguments *arguments, const OperationShape *shape,
                  json_t **ret_change) {
        Error err = ERROR_INIT;
        autofree char *change = NULL;
        const char *name = arguments->word_count > 0 ? arguments->words[0] : "";
        const Subject subject = { .snap = name, .revision = arguments_get(arguments, "revision") };
        autofree char *path = arguments->word_count == 1
                                      ? client_make_path(cli->client, "/v2/snaps", name)
                                      : string_copy("/v2/snaps");
        autojson request = make_body(arguments, shape);
        operation_put_queue(request, arguments);
        autojson done = NULL;
        wait_begin_request(cli);
        int outcome = client_start(cli->client, path, request, &change, &err);
        wait_end_request();
        if (outcome >= 0)
                outcome = wait_as_asked(cli, arguments, change, &done, &err);
        *ret_change = outcome == 0 ? take(done) : NULL;
        return outcome < 0 ? report_failure(cli, &subject, &err) : EXIT_DONE;
}

int operation_run_simple(Cli *cli, const Arguments *arguments, const char *action,
                         const char *done) {
        const OperationShape shape = { .action = action };
        autojson change = NULL;
        Arguments first = *arguments;
        first.word_count = 1;
        int code = operation_run(cli, &first, &shape, &change);
        if (change)
                (void)printf("%s %s\n", arguments->words[0], done);
        return code;
}

json_t *operation_get_names(const json_t *change) {
        json_t *names = json_object_get(json_object_get(change, "data"), "snap-names");
        return json_is_array(names) ? json_incref(names) : json_array();
}

bool operation_has_name(const json_t *names, const char *name) {
        size_t i;
        json_t *entry;
        json_array_foreach(names, i,
                           entry) if (json_is_string(entry) &&
                                      string_equal(json_string_value(entry), name)) return true;
        return false;
}

int operation_get_snaps(Cli *cli, const json_t *names, json_t **ret_snaps, Error *err) {
        autotext path = TEXT_INIT;
        text_append(&path, "/v2/snaps?snaps=");
        size_t i;
        json_t *entry;
        json_array_foreach(names, i, entry) {
                autofree char *name =
                        client_escape(json_is_string(entry) ? json_string_value(entry) : "");
                text_append_format(&path, "%s%s", i > 0 ? "%2C" : "", name);
        }
        return client_get(cli->client, path.bytes, ret_snaps, err);
}

/* beta is latest/beta. */
static bool is_same_channel(const char *a, const char *b) {
        a += string_has_prefix(a, "latest/") ? strlen("latest/") : 0;
        b += string_has_prefix(b, "latest/") ? strlen("latest/") : 0;
        return string_equal(a, b);
}

static void print_snap(const Cli *cli, const json_t *snap, const char *done) {
        autofree char *line = words_snap_line(cli, snap);
        const char *channel = json_get_string(snap, "channel", "");
        const char *tracking = json_get_string(snap, "tracking-channel", "");
        (void)printf("%s %s\n", line, done);
        if (*channel != '\0' && *tracking != '\0' && !is_same_channel(channel, tracking))
                (void)printf("Channel %s for %s is closed; temporarily forwarding to %s.\n",
                             tracking, json_get_string(snap, "name", ""), channel);
}

static void warn_of_classic(const Cli *cli, const Arguments *arguments, const json_t *snap) {
        if (!string_equal(cli->command->name, "install") || !arguments_has(arguments, "classic") ||
            !string_equal(json_get_string(snap, "confinement", ""), "strict"))
                return;
        const char *bold = cli->has_colour ? "\x1b[1m" : "",
                   *normal = cli->has_colour ? "\x1b[0m" : "";
        (void)fflush(stdout);
        (void)fprintf(stderr,
                      "%sWarning:%s flag --classic ignored for strictly confined snap %s\n\n", bold,
                      normal, json_get_string(snap, "name", ""));
}

int operation_print_snaps(Cli *cli, const Arguments *arguments, const json_t *names,
                          const char *done) {
        Error err = ERROR_INIT;
        autojson snaps = NULL;
        const Subject subject = { .snap = "" };
        if (operation_get_snaps(cli, names, &snaps, &err) < 0)
                return report_failure(cli, &subject, &err);
        size_t i;
        json_t *snap;
        json_array_foreach(snaps, i, snap) {
                warn_of_classic(cli, arguments, snap);
                print_snap(cli, snap, done);
        }
        return EXIT_DONE;
}
