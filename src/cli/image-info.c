/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image-info.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/columns.h"
#include "cli/libexec.h"
#include "cli/words.h"

#define IMAGE_FD  3
#define ANSWER_FD 4

/* In the child: nothing of ours but the image and the pipe goes over. */
static _Noreturn void exec_reader(const char *program, int image, int answer) {
        /* Both out of the way of 3 and 4 first, as either may be one of them. */
        int image_high = fcntl(image, F_DUPFD, ANSWER_FD + 1),
            answer_high = fcntl(answer, F_DUPFD, ANSWER_FD + 1);
        bool is_set = image_high >= 0 && answer_high >= 0 && dup2(image_high, IMAGE_FD) >= 0 &&
                      dup2(answer_high, ANSWER_FD) >= 0 &&
                      close_range(ANSWER_FD + 1, UINT_MAX, 0) == 0;
        if (is_set)
                (void)execl(program, "pawl-read", "manifest", (char *)NULL);
        _exit(127);
}

static int read_answer(const char *program, int image, char **ret, size_t *ret_length, Error *err) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_set_errno(err, errno, "pipe");
        autofd int reading = ends[0], writing = ends[1];
        pid_t child = fork();
        if (child < 0)
                return error_set_errno(err, errno, "fork");
        if (child == 0)
                exec_reader(program, image, writing);
        (void)close(take_fd(writing));
        int outcome = file_read_all(reading, CANONICAL_JSON_SIZE_MAX, ret, ret_length, err), status;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
                continue;
        return outcome;
}

static int read_image(const char *path, json_t **ret, Error *err) {
        autofree char *program = NULL, *answer = NULL;
        size_t length;
        autofd int image = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        struct stat status;
        if (image < 0 || fstat(image, &status) < 0)
                return error_set_errno(err, errno, "cannot open \"%s\"", path);
        if (!S_ISREG(status.st_mode))
                return error_set(err, ERROR_BAD_REQUEST, "\"%s\" is not a file", path);
        if (libexec_find("pawl-read", &program, err) < 0 ||
            read_answer(program, image, &answer, &length, err) < 0)
                return -1;
        autojson object = NULL;
        if (length == 0)
                return error_set(err, ERROR_FAILED, "cannot read \"%s\": pawl-read said nothing",
                                 path);
        if (json_parse(answer, length, &object, err) < 0)
                return error_prefix(err, "answer of pawl-read");
        const json_t *error = json_object_get(object, "error");
        if (error != NULL)
                return error_set(err, ERROR_FAILED, "cannot read \"%s\": %s", path,
                                 json_get_string(error, "message", "unknown error"));
        *ret = take(object);
        return 0;
}

static void add_row(Text *text, const char *name, const char *value) {
        if (*value != '\0')
                text_append_format(text, "%s:\t%s\n", name, value);
}

static void add_apps(Text *text, const json_t *manifest, bool wants_services) {
        const char *name, *snap = json_get_string(manifest, "name", "");
        json_t *app;
        bool has_heading = false;
        json_object_foreach(json_object_get(manifest, "apps"), name, app) {
                const char *daemon = json_get_string(app, "daemon", "");
                bool is_same = string_equal(name, snap);
                if ((*daemon != '\0') != wants_services)
                        continue;
                if (!has_heading)
                        text_append(text, wants_services ? "services:\n" : "commands:\n");
                has_heading = true;
                text_append_format(text, "  %s%s%s%s%s%s\n", wants_services ? "" : "- ", snap,
                                   is_same ? "" : ".", is_same ? "" : name,
                                   wants_services ? ":\t" : "", daemon);
        }
}

static void add_findings(Text *text, const json_t *findings) {
        size_t i;
        json_t *finding;
        json_array_foreach(findings, i, finding)
                text_append_format(text, "%s  - %s\n", i == 0 ? "findings:\n" : "",
                                   json_is_string(finding) ? json_string_value(finding) : "");
}

int image_info_print(const Cli *cli, const char *path) {
        Error err = ERROR_INIT;
        autojson image = NULL;
        if (read_image(path, &image, &err) < 0)
                return cli_refuse(cli, EXIT_FAILED, "%s", err.message);
        if (cli->is_json)
                return cli_print_json(image);
        const json_t *manifest = json_object_get(image, "manifest");
        autotext text = TEXT_INIT;
        text_append_format(&text, "path:\t\"%s\"\n", path);
        add_row(&text, "name", json_get_string(manifest, "name", ""));
        add_row(&text, "summary", json_get_string(manifest, "summary", ""));
        add_row(&text, "version", json_get_string(manifest, "version", "-"));
        add_row(&text, "type", json_get_string(manifest, "type", ""));
        add_row(&text, "base", json_get_string(manifest, "base", ""));
        add_row(&text, "confinement", json_get_string(manifest, "confinement", ""));
        add_row(&text, "license", json_get_string(manifest, "license", ""));
        autofree char *size = words_size(json_get_int(image, "size", 0));
        add_row(&text, "size", size);
        add_apps(&text, manifest, false);
        add_apps(&text, manifest, true);
        add_findings(&text, json_object_get(image, "findings"));
        autofree char *aligned = columns_align(text.bytes, 2, 1);
        (void)fputs(aligned, stdout);
        return EXIT_DONE;
}
