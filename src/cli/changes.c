/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/changes.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "cli/moment.h"
#include "cli/report.h"

static const char *const short_kinds[] = { "install",    "refresh",   "remove", "revert",
                                           "enable",     "disable",   "switch", "connect",
                                           "disconnect", "configure", "try" };

char *changes_format_time(const Arguments *arguments, const json_t *object, const char *key) {
        char text[MOMENT_TEXT_SIZE];
        return string_copy(moment_format(json_get_string(object, key, NULL), (int64_t)time(NULL),
                                         arguments_has(arguments, "abs-time"), text));
}

/* Fixed width up to the fraction, whose digits may be fewer: the same order as by text, but for
 * zones. */
static int compare_changes(const void *a, const void *b) {
        json_t *const *left = a, *const *right = b;
        Error ignored = ERROR_INIT;
        int64_t first = 0, second = 0;
        const char *first_text = json_get_string(*left, "spawn-time", "");
        const char *second_text = json_get_string(*right, "spawn-time", "");
        (void)moment_parse(first_text, &first, &ignored);
        (void)moment_parse(second_text, &second, &ignored);
        if (first != second)
                return first < second ? -1 : 1;
        return strcmp(first_text, second_text);
}

int changes_get_sorted(Cli *cli, const char *path, json_t **ret_result, json_t ***ret_sorted,
                       Error *err) {
        autojson result = NULL;
        if (client_get(cli->client, path, &result, err) < 0)
                return -1;
        size_t count = json_array_size(result);
        json_t **sorted = memory_new((count + 1) * sizeof *sorted);
        for (size_t i = 0; i < count; i++)
                sorted[i] = json_array_get(result, i);
        qsort(sorted, count, sizeof *sorted, compare_changes);
        *ret_result = take(result);
        *ret_sorted = sorted;
        return 0;
}

static char *expand_kind(const char *kind) {
        for (size_t i = 0; i < ARRAY_COUNT(short_kinds); i++)
                if (string_equal(short_kinds[i], kind))
                        return string_format("%s-snap", kind);
        return string_copy(kind);
}

static int find_last(Cli *cli, const char *last, char **ret_id) {
        Error err = ERROR_INIT;
        autojson result = NULL;
        autofree json_t **sorted = NULL;
        const Subject subject = { .snap = "" };
        autofree char *word = string_copy(last);
        bool is_optional = string_has_suffix(last, "?");
        if (is_optional)
                word[strlen(word) - 1] = '\0';
        autofree char *kind = expand_kind(word);
        if (changes_get_sorted(cli, "/v2/changes?select=all", &result, &sorted, &err) < 0)
                return -report_failure(cli, &subject, &err);
        for (size_t i = json_array_size(result); i-- > 0;) {
                if (!string_equal(json_get_string(sorted[i], "kind", ""), kind))
                        continue;
                *ret_id = string_copy(json_get_string(sorted[i], "id", ""));
                return 0;
        }
        return is_optional ? 1
                           : -cli_refuse(cli, EXIT_FAILED, "no changes of type \"%s\" found", word);
}

/* 0 with it; 1: there is none and that is fine (KIND?); else the failure was reported and the code
 * is -code. */
static int find_id(Cli *cli, const Arguments *arguments, char **ret_id) {
        const char *last = arguments_get(arguments, "last");
        if (last != NULL && arguments->word_count > 0)
                return -cli_refuse(cli, EXIT_FAILED, "cannot use change ID and type together");
        if (last != NULL)
                return find_last(cli, last, ret_id);
        if (arguments->word_count == 0 || *arguments->words[0] == '\0') {
                (void)cli_refuse(cli, EXIT_FAILED,
                                 "please provide change ID or type with --last=<type>");
                if (!cli->is_snap)
                        (void)fputs("See the changes with 'pawl changes'.\n", stderr);
                return -EXIT_FAILED;
        }
        *ret_id = string_copy(arguments->words[0]);
        return 0;
}

int changes_run(Cli *cli, const Arguments *arguments, ChangeAct *act) {
        Error err = ERROR_INIT;
        autofree char *id = NULL;
        int outcome = find_id(cli, arguments, &id);
        if (outcome != 0)
                return outcome > 0 ? EXIT_DONE : -outcome;
        const Subject subject = { .snap = id };
        int code = act(cli, arguments, id, &err);
        return code < 0 ? report_failure(cli, &subject, &err) : code;
}

char *changes_format_path(const Cli *cli, const char *id) {
        return client_make_path(cli->client, "/v2/changes", id);
}
