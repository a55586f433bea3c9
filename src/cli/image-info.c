/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image-info.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/text.h"
#include "cli/columns.h"
#include "cli/fold.h"
#include "cli/moment.h"
#include "cli/reader.h"
#include "cli/terminal.h"
#include "cli/words.h"

#define BUILD_DATE_OFFSET  8 /* in a squashfs superblock, little-endian seconds since 1970 */
#define DESCRIPTION_INDENT 2
#define DIGEST_HEX_SIZE    96

static int open_image(const char *path, int *ret_fd, Error *err) {
        struct stat status;
        autofd int image = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (image < 0 || fstat(image, &status) < 0)
                return error_set_errno(err, errno, "cannot open \"%s\"", path);
        if (!S_ISREG(status.st_mode))
                return error_set(err, ERROR_BAD_REQUEST, "\"%s\" is not a file", path);
        *ret_fd = take_fd(image);
        return 0;
}

/* When the image was made, as its superblock says: four bytes at a fixed place, whatever they are.
 */
static void put_build_date(int image, json_t *object) {
        unsigned char bytes[4];
        char text[CLOCK_TEXT_SIZE];
        if (pread(image, bytes, sizeof bytes, BUILD_DATE_OFFSET) != (ssize_t)sizeof bytes)
                return;
        int64_t seconds = (int64_t)bytes[0] | (int64_t)bytes[1] << 8 | (int64_t)bytes[2] << 16 |
                          (int64_t)bytes[3] << 24;
        json_put_string(object, "build-date", clock_format_rfc3339(seconds * 1000000000, text));
}

static int read_image(const ImageQuestion *question, json_t **ret, Error *err) {
        autofree char *answer = NULL;
        static const char *const manifest_mode[] = { "pawl-read", "manifest", NULL };
        static const char *const image_mode[] = { "pawl-read", "image", NULL };
        const char *path = question->path;
        size_t length;
        autofd int image = -1;
        if (open_image(path, &image, err) < 0 ||
            reader_ask(image, question->is_verbose ? image_mode : manifest_mode, &answer, &length,
                       err) < 0)
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
        put_build_date(image, object);
        *ret = take(object);
        return 0;
}

/* What one page is made of. */
typedef struct Page {
        const Cli *cli;
        const ImageQuestion *question;
        const json_t *image, *manifest;
        Text text;
} Page;

static const char *get(const Page *page, const char *key) {
        return json_get_string(page->manifest, key, "");
}

static void add_row(Page *page, const char *name, const char *value) {
        if (*value != '\0')
                text_append_format(&page->text, "%s:\t%s\n", name, value);
}

static void print_part(Page *page) {
        if (page->text.length == 0)
                return;
        autofree char *text = columns_align(page->text.bytes, 2, 1);
        (void)fputs(text, stdout);
        text_done(&page->text);
        page->text = TEXT_INIT;
}

static void add_version(Page *page) {
        bool is_devmode = string_equal(get(page, "confinement"), "devmode");
        autojson snap =
                json_pack("{s:s, s:s, s:s, s:b}", "status", "active", "type", get(page, "type"),
                          "confinement", get(page, "confinement"), "devmode", is_devmode);
        autofree char *notes = words_notes(snap);
        text_append_format(&page->text, "version:\t%s %s\n", get(page, "version"), notes);
}

static void add_contact(Page *page) {
        json_t *contacts = json_object_get(json_object_get(page->manifest, "links"), "contact");
        const char *contact = json_string_value(json_array_get(contacts, 0));
        if (contact != NULL)
                add_row(page, "contact",
                        contact + (string_has_prefix(contact, "mailto:") ? strlen("mailto:") : 0));
}

static void add_head(Page *page) {
        char date[MOMENT_TEXT_SIZE];
        size_t width = fold_get_width(page->cli->width);
        autofree char *path = client_clean_path(page->question->path);
        autofree char *quoted = fold_quote_always(path),
                      *summary = fold_quote(get(page, "summary"));
        const char *license = get(page, "license");
        add_row(page, "path", quoted);
        add_row(page, "name", get(page, "name"));
        fold_append_row(&page->text, "summary", summary, width);
        add_version(page);
        add_row(page, "build-date",
                moment_format(json_get_string(page->image, "build-date", NULL), (int64_t)time(NULL),
                              page->question->is_absolute, date));
        add_contact(page);
        add_row(page, "license", *license == '\0' ? "unset" : license);
        text_append(&page->text, "description: |\n");
        fold_append_lines(&page->text, get(page, "description"), DESCRIPTION_INDENT, width);
}

static void add_apps(Page *page, bool wants_services) {
        const char *name, *snap = get(page, "name");
        json_t *app;
        bool has_heading = false;
        json_object_foreach(json_object_get(page->manifest, "apps"), name, app) {
                const char *daemon = json_get_string(app, "daemon", "");
                bool is_same = string_equal(name, snap);
                if ((*daemon != '\0') != wants_services)
                        continue;
                if (!has_heading)
                        text_append(&page->text, wants_services ? "services:\n" : "commands:\n");
                has_heading = true;
                text_append_format(&page->text, "  %s%s%s%s", wants_services ? "" : "- ", snap,
                                   is_same ? "" : ".", is_same ? "" : name);
                if (wants_services)
                        text_append_format(&page->text, ":\t%s, disabled, inactive", daemon);
                text_append(&page->text, "\n");
        }
}

static void add_findings(Page *page) {
        size_t i;
        json_t *finding;
        json_array_foreach(json_object_get(page->image, "findings"), i, finding)
                text_append_format(&page->text, "%s  - %s\n", i == 0 ? "findings:\n" : "",
                                   json_is_string(finding) ? json_string_value(finding) : "");
}

/* The page has the digest in the alphabet of assertions, 64 characters for 48 bytes. */
static void add_digest(Page *page) {
        static const char alphabet[] =
                "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        const char *hex = json_get_string(page->image, "sha3-384", "");
        char text[DIGEST_HEX_SIZE / 6 * 4 + 1];
        if (strlen(hex) != DIGEST_HEX_SIZE)
                return;
        for (size_t i = 0; i < DIGEST_HEX_SIZE / 6; i++) {
                char six[7] = { 0 };
                memcpy(six, hex + 6 * i, 6);
                unsigned long bits = strtoul(six, NULL, 16);
                for (size_t j = 0; j < 4; j++)
                        text[4 * i + j] = alphabet[bits >> (18 - 6 * j) & 63];
        }
        text[sizeof text - 1] = '\0';
        add_row(page, "sha3-384", text);
}

static void add_tail(Page *page) {
        const char *type = get(page, "type");
        bool is_verbose = page->question->is_verbose;
        if (is_verbose) {
                text_append(&page->text, "notes:\t\n  private:\tfalse\n");
                text_append_format(&page->text, "  confinement:\t%s\n", get(page, "confinement"));
        }
        print_part(page);
        if (!string_equal(type, "app"))
                add_row(page, "type", string_equal(type, "os") ? "core" : type);
        if (is_verbose)
                add_row(page, "base", get(page, "base"));
        add_digest(page);
        /* The rest is ours alone: what snap prints is compared byte by byte. */
        if (page->cli->is_snap)
                return;
        add_row(page, "confinement", get(page, "confinement"));
        if (!is_verbose)
                add_row(page, "base", get(page, "base"));
        autofree char *size = words_size(json_get_int(page->image, "size", 0));
        add_row(page, "size", size);
        add_findings(page);
}

int image_info_print(const Cli *cli, const ImageQuestion *question) {
        Error err = ERROR_INIT;
        autojson image = NULL;
        if (read_image(question, &image, &err) < 0)
                return cli->is_snap ? EXIT_FAILED : cli_refuse(cli, EXIT_FAILED, "%s", err.message);
        if (!cli->is_snap)
                terminal_neutralise(image);
        if (cli->is_json)
                return cli_print_json(image);
        Page page = { .cli = cli,
                      .question = question,
                      .image = image,
                      .manifest = json_object_get(image, "manifest"),
                      .text = TEXT_INIT };
        if (!question->is_first)
                (void)puts("---");
        add_head(&page);
        add_apps(&page, false);
        add_apps(&page, true);
        add_tail(&page);
        print_part(&page);
        return EXIT_DONE;
}
