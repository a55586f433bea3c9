/* SPDX-License-Identifier: Apache-2.0
 *
 * embed-interfaces OUT DEPFILE DIRECTORY: each DIRECTORY/NAME.yaml, read as pawl-read reads those
 * of a machine, becomes a row of the constant table of interface-kind.h.  Run by the build; a bad
 * file ends it with "FILE: line N: what is wrong; what to do".
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "interface/kind-load.h"
#include "reader/definition.h"

#define SUFFIX ".yaml"

/* ── texts of C ── */

static void print_text(FILE *out, const char *text) {
        if (!text) {
                (void)fputs("NULL", out);
                return;
        }
        (void)fputc('"', out);
        for (const unsigned char *at = (const unsigned char *)text; *at; at++) {
                bool is_plain = *at >= ' ' && *at < 0x7f && *at != '"' && *at != '\\' && *at != '?';
                (void)fprintf(out, is_plain ? "%c" : "\\%03o", *at);
        }
        (void)fputc('"', out);
}

static void print_words(FILE *out, const char *const *words) {
        if (!words) {
                (void)fputs("NULL", out);
                return;
        }
        (void)fputs("(const char *const[]){ ", out);
        for (; *words; words++) {
                print_text(out, *words);
                (void)fputs(", ", out);
        }
        (void)fputs("NULL }", out);
}

static void print_texts(FILE *out, const char *const *texts, size_t count) {
        for (size_t i = 0; i < count; i++) {
                (void)fputs(i > 0 ? ", " : "", out);
                print_text(out, texts[i]);
        }
}

/* ── attributes ── */

static void print_rules(FILE *out, const InterfaceRule *rows) {
        if (!rows) {
                (void)fputs("NULL", out);
                return;
        }
        (void)fputs("(const InterfaceRule[]){ ", out);
        for (; rows->attribute; rows++) {
                (void)fputs("{ ", out);
                print_texts(out,
                            (const char *const[]){ rows->attribute, rows->value, rows->pattern },
                            3);
                (void)fputs(", .excludes = ", out);
                print_words(out, rows->excludes);
                (void)fputs(", .needs = ", out);
                print_words(out, rows->needs);
                (void)fputs(", .limits = ", out);
                print_text(out, rows->limits);
                (void)fprintf(out, ", .is_alone = %d, .message = ", rows->is_alone);
                print_text(out, rows->message);
                (void)fputs(" }, ", out);
        }
        (void)fputs("{ 0 } }", out);
}

static void print_attributes(FILE *out, const InterfaceAttribute *rows) {
        if (!rows) {
                (void)fputs("NULL", out);
                return;
        }
        (void)fputs("(const InterfaceAttribute[]){ ", out);
        for (; rows->name; rows++) {
                (void)fputs("{ .name = ", out);
                print_text(out, rows->name);
                (void)fprintf(out, ", .type = %d, .is_required = %d", (int)rows->type,
                              rows->is_required);
                /* The least number has no constant of its own. */
                if (rows->minimum == INT64_MIN)
                        (void)fputs(", .minimum = INT64_MIN", out);
                else
                        (void)fprintf(out, ", .minimum = %" PRId64, rows->minimum);
                (void)fprintf(out, ", .maximum = %" PRId64, rows->maximum);
                (void)fputs(", .pattern = ", out);
                print_text(out, rows->pattern);
                (void)fputs(", .message = ", out);
                print_text(out, rows->message);
                (void)fputs(", .fallback = ", out);
                print_text(out, rows->fallback);
                (void)fputs(", .choices = ", out);
                print_words(out, rows->choices);
                (void)fputs(", .fields = ", out);
                print_attributes(out, rows->fields);
                (void)fputs(", .rules = ", out);
                print_rules(out, rows->rules);
                (void)fputs(" }, ", out);
        }
        (void)fputs("{ 0 } }", out);
}

/* ── grants ── */

static void print_files(FILE *out, const InterfaceFile *rows) {
        (void)fputs(", .files = (const InterfaceFile[]){ ", out);
        for (; rows->path; rows++) {
                (void)fputs("{ ", out);
                print_text(out, rows->path);
                (void)fprintf(out, ", %u, ", rows->access);
                print_text(out, rows->make);
                (void)fputs(" }, ", out);
        }
        (void)fputs("{ 0 } }", out);
}

static void print_devices(FILE *out, const InterfaceDevice *rows) {
        (void)fputs(", .devices = (const InterfaceDevice[]){ ", out);
        for (; rows->path || rows->kind; rows++) {
                (void)fputs("{ ", out);
                print_text(out, rows->path);
                (void)fprintf(out, ", %u, %d, %d, %d, ", rows->access, rows->kind, rows->major,
                              rows->minor);
                print_text(out, rows->property);
                (void)fputs(" }, ", out);
        }
        (void)fputs("{ 0 } }", out);
}

static void print_sockets(FILE *out, const InterfaceSocket *rows) {
        (void)fputs(", .sockets = (const InterfaceSocket[]){ ", out);
        for (; rows->name; rows++) {
                (void)fputs("{ ", out);
                print_text(out, rows->name);
                (void)fprintf(out, ", %d, %d }, ", rows->family, rows->protocol);
        }
        (void)fputs("{ 0 } }", out);
}

static void print_mounts(FILE *out, const InterfaceMount *rows) {
        (void)fputs(", .mounts = (const InterfaceMount[]){ ", out);
        for (; rows->what; rows++) {
                (void)fputs("{ ", out);
                print_texts(out, (const char *const[]){ rows->what, rows->where }, 2);
                (void)fprintf(out, ", %u, ", rows->access);
                print_text(out, rows->make);
                (void)fputs(" }, ", out);
        }
        (void)fputs("{ 0 } }", out);
}

static void print_bus(FILE *out, const InterfaceBus *rows) {
        (void)fputs(", .dbus = (const InterfaceBus[]){ ", out);
        for (; rows->bus; rows++) {
                const char *const texts[] = { rows->name, rows->path, rows->interface,
                                              rows->member };
                (void)fputs("{ ", out);
                print_text(out, rows->bus);
                (void)fprintf(out, ", %d, ", (int)rows->verb);
                print_texts(out, texts, ARRAY_COUNT(texts));
                (void)fputs(" }, ", out);
        }
        (void)fputs("{ 0 } }", out);
}

static void print_environment(FILE *out, const InterfaceVariable *rows) {
        (void)fputs(", .environment = (const InterfaceVariable[]){ ", out);
        for (; rows->key; rows++) {
                (void)fputs("{ ", out);
                print_texts(out, (const char *const[]){ rows->key, rows->value }, 2);
                (void)fputs(" }, ", out);
        }
        (void)fputs("{ 0 } }", out);
}

static void print_grants(FILE *out, const InterfaceGrants *grants) {
        (void)fprintf(out, "&(const InterfaceGrants){ .flags = %#x, .capabilities = %#" PRIx64,
                      grants->flags, grants->capabilities);
        if (grants->files)
                print_files(out, grants->files);
        if (grants->devices)
                print_devices(out, grants->devices);
        if (grants->sockets)
                print_sockets(out, grants->sockets);
        if (grants->mounts)
                print_mounts(out, grants->mounts);
        if (grants->dbus)
                print_bus(out, grants->dbus);
        if (grants->environment)
                print_environment(out, grants->environment);
        (void)fputs(", .lists = { ", out);
        for (size_t i = 0; i < INTERFACE_LIST_COUNT; i++) {
                print_words(out, grants->lists[i]);
                (void)fputs(", ", out);
        }
        (void)fputs("} }", out);
}

/* ── the table ── */

static void print_side(FILE *out, const char *name, const InterfaceSide *side) {
        (void)fprintf(out, "        .%s = {\n                .attributes = ", name);
        print_attributes(out, side->attributes);
        (void)fprintf(
                out,
                ",\n                .has_only_known = %d,\n                .requires_one_of = ",
                side->has_only_known);
        print_words(out, side->requires_one_of);
        (void)fputs(",\n                .requires_message = ", out);
        print_text(out, side->requires_message);
        (void)fputs(",\n                .message_prefix = ", out);
        print_text(out, side->message_prefix);
        (void)fputs(",\n                .rules = ", out);
        print_rules(out, side->rules);
        (void)fputs(",\n                .blocks = (const InterfaceBlock[]){\n", out);
        for (const InterfaceBlock *block = side->blocks; block->grants; block++) {
                (void)fprintf(out,
                              "                        { .is_always = %d, .is_unless = %d, "
                              ".condition = ",
                              block->is_always, block->is_unless);
                print_text(out, block->condition);
                (void)fputs(", .grants = ", out);
                print_grants(out, block->grants);
                (void)fputs(" },\n", out);
        }
        (void)fputs("                        { 0 } },\n        },\n", out);
}

static void print_kind(FILE *out, const InterfaceKind *kind) {
        const struct {
                const char *member, *text;
        } texts[] = { { "name", kind->name },
                      { "summary", kind->summary },
                      { "never_auto_if", kind->never_auto_if },
                      { "must_match", kind->must_match },
                      { "policy", kind->policy } };

        (void)fputs("        {\n", out);
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
                (void)fprintf(out, "        .%s = ", texts[i].member);
                print_text(out, texts[i].text);
                (void)fputs(",\n", out);
        }
        (void)fprintf(out,
                      "        .is_implicit_on_classic = %d,\n        .is_implicit_on_core = %d,\n"
                      "        .plug_sees_slot = %d,\n        .auto_connect = %d,\n"
                      "        .slot_types = ",
                      kind->is_implicit_on_classic, kind->is_implicit_on_core, kind->plug_sees_slot,
                      (int)kind->auto_connect);
        print_words(out, kind->slot_types);
        (void)fputs(",\n", out);
        print_side(out, "plug", &kind->plug);
        print_side(out, "slot", &kind->slot);
        (void)fputs("        },\n", out);
}

/* ── files ── */

static int add_file(FILE *out, int directory, const char *file, Error *err) {
        autofree char *name = string_copy_length(file, strlen(file) - strlen(SUFFIX));
        autofree char *bytes = NULL;
        autojson wire = NULL;
        InterfaceKind *kind = NULL;
        size_t length = 0;
        autofd int fd = file_open_beneath(directory, file, O_RDONLY | O_NOFOLLOW, 0, err);

        if (fd < 0 || file_read_all(fd, INTERFACE_FILE_SIZE_MAX, &bytes, &length, err) < 0)
                return -1;
        if (definition_read(name, bytes, length, &wire, err) < 0)
                return -1;
        if (json_object_get(json_object_get(wire, "kind"), "replaces"))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "line 1: file: a built-in interface replaces none; remove "
                                 "\"replaces\"");
        if (kind_load(wire, NULL, &kind, err) < 0)
                return -1;
        print_kind(out, kind);
        (void)kind_free(kind);
        return 0;
}

static int select_file(const struct dirent *entry) {
        return entry->d_name[0] != '.' && string_has_suffix(entry->d_name, SUFFIX);
}

/* By what is before the suffix: "a-b" goes after "a", as in the table. */
static int compare_names(const struct dirent **a, const struct dirent **b) {
        autofree char *left =
                string_copy_length((*a)->d_name, strlen((*a)->d_name) - strlen(SUFFIX));
        autofree char *right =
                string_copy_length((*b)->d_name, strlen((*b)->d_name) - strlen(SUFFIX));

        return strcmp(left, right);
}

static int write_all(FILE *out, FILE *depfile, const char *out_path, const char *directory_path) {
        autofd int directory = -1;
        struct dirent **files = NULL;
        Error err = ERROR_INIT;
        int failed = 0;
        int count = scandir(directory_path, &files, select_file, compare_names);

        directory = directory_open(directory_path, &err);
        if (directory < 0 || count < 0) {
                (void)fprintf(stderr, "cannot list %s\n", directory_path);
                return -1;
        }
        (void)fputs("/* SPDX-License-Identifier: Apache-2.0 -- made by embed-interfaces */\n"
                    "#include \"interface/interface-kind.h\"\n\n"
                    "const InterfaceKind interface_kinds[] = {\n",
                    out);
        (void)fprintf(depfile, "%s: %s", out_path, directory_path);
        for (int i = 0; i < count; i++) {
                (void)fprintf(depfile, " %s/%s", directory_path, files[i]->d_name);
                if (add_file(out, directory, files[i]->d_name, &err) < 0) {
                        (void)fprintf(stderr, "%s/%s: %s\n", directory_path, files[i]->d_name,
                                      err.message);
                        failed++;
                }
                free(files[i]);
        }
        free(files);
        (void)fprintf(out, "};\nconst size_t interface_kind_count = %d;\n", count);
        (void)fputc('\n', depfile);
        return failed > 0 ? -1 : 0;
}

int main(int argc, char **argv) {
        if (argc != 4) {
                (void)fprintf(stderr, "usage: embed-interfaces OUT DEPFILE DIRECTORY\n");
                return 2;
        }
        FILE *out = fopen(argv[1], "we"), *depfile = fopen(argv[2], "we");
        if (!out || !depfile) {
                perror("cannot write");
                return 1;
        }
        int outcome = write_all(out, depfile, argv[1], argv[3]);
        if (fclose(out) != 0 || fclose(depfile) != 0)
                outcome = -1;
        if (outcome < 0)
                (void)remove(argv[1]);
        return outcome < 0;
}
