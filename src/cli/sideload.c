/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sideload.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "cli/operation.h"
#include "cli/wait.h"

#define FIELD_MAX 16

typedef struct Form {
        UploadField fields[FIELD_MAX];
        size_t count;
} Form;

static void add_field(Form *form, const char *name, const char *value) {
        if (value != NULL && *value != '\0' && form->count < FIELD_MAX)
                form->fields[form->count++] = (UploadField){ .name = name, .value = value };
}

static void add_flag(Form *form, const Arguments *arguments, const char *name) {
        add_field(form, name, arguments_has(arguments, name) ? "true" : NULL);
}

static void add_modes(Form *form, const Arguments *arguments) {
        add_flag(form, arguments, "devmode");
        add_flag(form, arguments, "classic");
        add_flag(form, arguments, "jailmode");
}

static void add_queue(Form *form, const Arguments *arguments) {
        add_field(form, "on-conflict", operation_get_conflict_choice(arguments));
        add_field(form, "conflict-timeout", arguments_get(arguments, "queue-timeout"));
}

/* `pawl refresh FILE` is an installation over an older one: to the daemon the same.  In the order
 * that servers know from the client everybody else uses. */
static void fill_form(Form *form, const Arguments *arguments, const char *channel) {
        bool is_single = arguments->word_count == 1;
        const char *transaction = arguments_get(arguments, "transaction");
        add_field(form, "action", "install");
        add_field(form, "name", is_single ? arguments_get(arguments, "name") : NULL);
        add_field(form, "snap-path", is_single ? arguments->words[0] : NULL);
        add_field(form, "channel", channel);
        add_modes(form, arguments);
        add_flag(form, arguments, "dangerous");
        add_field(form, "transaction", transaction == NULL ? "per-snap" : transaction);
        add_flag(form, arguments, "unaliased");
        add_flag(form, arguments, "ignore-running");
        add_field(form, "running-apps", arguments_get(arguments, "running-apps"));
        add_queue(form, arguments);
}

static char *describe_errno(int number) {
        char *text = string_copy(strerror(number));
        if (*text >= 'A' && *text <= 'Z')
                *text = (char)(*text - 'A' + 'a');
        return text;
}

static int open_files(const Arguments *arguments, UploadFile *files, Error *err) {
        for (size_t i = 0; i < arguments->word_count; i++) {
                files[i].path = arguments->words[i];
                files[i].fd = open(files[i].path, O_RDONLY | O_CLOEXEC);
                if (files[i].fd >= 0)
                        continue;
                autofree char *reason = describe_errno(errno);
                return error_set(err, ERROR_NOT_FOUND, "cannot open \"%s\": open %s: %s",
                                 files[i].path, files[i].path, reason);
        }
        return 0;
}

static void close_files(UploadFile *files, size_t count) {
        for (size_t i = 0; i < count; i++)
                if (files[i].fd >= 0)
                        (void)close(files[i].fd);
}

static int upload_files(const Cli *cli, const Upload *upload, char **ret_change, Error *err) {
        wait_begin_request(cli);
        int outcome = client_upload(cli->client, upload, ret_change, err);
        wait_end_request();
        return outcome;
}

int sideload_try(Cli *cli, const Arguments *arguments, const char *path, char **ret_change,
                 Error *err) {
        Form form = { .count = 0 };
        add_field(&form, "action", "try");
        add_field(&form, "snap-path", path);
        add_modes(&form, arguments);
        add_queue(&form, arguments);
        const Upload upload = { .fields = form.fields, .field_count = form.count };
        return upload_files(cli, &upload, ret_change, err);
}

int sideload_start(Cli *cli, const Arguments *arguments, const char *channel, char **ret_change,
                   Error *err) {
        if (arguments->word_count > HTTP_UPLOAD_COUNT_MAX)
                return error_set(err, ERROR_TOO_LARGE,
                                 "cannot install %zu files at once: at most %d; install them in "
                                 "several commands, those that others need first",
                                 arguments->word_count, HTTP_UPLOAD_COUNT_MAX);
        UploadFile files[HTTP_UPLOAD_COUNT_MAX];
        for (size_t i = 0; i < HTTP_UPLOAD_COUNT_MAX; i++)
                files[i].fd = -1;
        Form form = { .count = 0 };
        fill_form(&form, arguments, channel);
        Upload upload = { .fields = form.fields,
                          .field_count = form.count,
                          .files = files,
                          .file_count = arguments->word_count,
                          .progress = wait_show_upload,
                          .progress_data = cli };
        int outcome = open_files(arguments, files, err);
        if (outcome == 0)
                outcome = upload_files(cli, &upload, ret_change, err);
        close_files(files, arguments->word_count);
        if (outcome < 0)
                wait_clear_line(cli);
        return outcome;
}
