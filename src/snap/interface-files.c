/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/interface-files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/text.h"
#include "interface/grant.h"
#include "interface/kind-load.h"
#include "snap/definition-reading.h"
#include "state/warning.h"

#define SUFFIX         ".yaml"
#define OPEN_COUNT_MAX 128

typedef struct Loading {
        const char *root;
        json_t *found;
        Text told; /* the wire forms of what is used: what the digest is of */
        DefinitionLimits limits;
} Loading;

/* ── whose it is ── */

/* Who can write it could grant himself anything. */
static int check_owner(const struct stat *status, Error *err) {
        if (status->st_uid != 0)
                return error_set(err, ERROR_FORBIDDEN,
                                 "it belongs to uid %u, not to root; chown it to root, if what it "
                                 "grants is right",
                                 status->st_uid);
        if (status->st_mode & (S_IWGRP | S_IWOTH))
                return error_set(
                        err, ERROR_FORBIDDEN,
                        "others than root may write it (mode %04o); chmod go-w, if what it "
                        "grants is right",
                        status->st_mode & 07777);
        return 0;
}

/* 1 opened, 0 there is none.  Each part is root's: a directory of somebody else's above it would
 * do. */
static int open_directory(const Places *places, int *ret, Error *err) {
        static const char *const parts[] = { "etc", "pawl", "interfaces.d" };
        autofd int directory = fcntl(places->root_fd, F_DUPFD_CLOEXEC, 3);

        for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
                struct stat status;
                int next = openat(directory, parts[i],
                                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (next < 0 && errno == ENOENT)
                        return 0;
                if (next < 0)
                        return error_set_errno(err, errno, "\"%s\" of it cannot be opened",
                                               parts[i]);
                own_close_(&directory);
                directory = next;
                if (fstat(directory, &status) < 0)
                        return error_set_errno(err, errno, "cannot look at \"%s\"", parts[i]);
                if (check_owner(&status, err) < 0)
                        return error_prefix(err, "its directory \"%s\"", parts[i]);
        }
        *ret = take_fd(directory);
        return 1;
}

/* Looked at before it is opened: a FIFO or a device does nothing and blocks nobody. */
static int open_file(int directory, const char *name, Error *err) {
        autofd int seen = openat(directory, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat status;

        if (seen < 0 || fstat(seen, &status) < 0)
                return error_set_errno(err, errno, "it cannot be opened");
        if (S_ISLNK(status.st_mode))
                return error_set(err, ERROR_FORBIDDEN,
                                 "it is a link; put the file itself in its place");
        if (!S_ISREG(status.st_mode))
                return error_set(err, ERROR_FORBIDDEN, "it is no regular file; remove it");
        if (check_owner(&status, err) < 0)
                return -1;
        if (status.st_size > INTERFACE_FILE_SIZE_MAX)
                return error_set(err, ERROR_TOO_LARGE,
                                 "it has %lld bytes, more than %d; make several interfaces of it",
                                 (long long)status.st_size, INTERFACE_FILE_SIZE_MAX);
        autofree char *path = string_format("/proc/self/fd/%d", seen);
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        return fd >= 0 ? fd : error_set_errno(err, errno, "it cannot be opened");
}

/* ── one file ── */

static int check_place(const InterfaceKind *kind, Error *err) {
        const InterfaceKind *known = interface_kind_find(kind->name);

        if (!known) {
                if (!kind->may_replace)
                        return 0;
                return error_set(err, ERROR_CONFLICT,
                                 "it says that it replaces a built-in interface, and none has this "
                                 "name; remove \"replaces\"");
        }
        if (grant_has_hook(kind->name) || known->plug_sees_slot)
                return error_set(err, ERROR_CONFLICT,
                                 "the built-in interface \"%s\" is carried out by code of its own "
                                 "and cannot be replaced; give yours another name",
                                 kind->name);
        if (!kind->may_replace)
                return error_set(
                        err, ERROR_CONFLICT,
                        "there is a built-in interface \"%s\"; give yours another name, or "
                        "say \"replaces: true\" if it shall go in its place",
                        kind->name);
        return 0;
}

static int load_kind(Loading *loading, DefinitionFile *file, const char *path, Error *err) {
        InterfaceKind *kind = NULL;

        if (!file->wire) {
                *err = file->failure;
                return -1;
        }
        if (kind_load(file->wire, path, &kind, err) < 0)
                return -1;
        if (!string_equal(kind->name, file->name) || check_place(kind, err) < 0) {
                if (!*err->message)
                        (void)error_set(err, ERROR_CORRUPT, "pawl-read took it for another file");
                (void)kind_free(kind);
                return -1;
        }
        interface_kind_add(kind);
        autofree char *told = json_format_canonical(file->wire);
        text_append_format(&loading->told, "%s\n", told);
        return 0;
}

static void add_file(Loading *loading, DefinitionFile *file) {
        autofree char *path = string_format("%s/%s/%s%s", loading->root, INTERFACE_FILES_DIRECTORY,
                                            file->name, SUFFIX);
        json_t *row = json_object();
        Error err = ERROR_INIT;
        int outcome = load_kind(loading, file, path, &err);

        json_put_string(row, "file", path);
        json_put_string(row, "interface", file->name);
        json_put(row, "is-used", json_boolean(outcome >= 0));
        if (outcome < 0) {
                log_warning("interface file %s is left out: %s", path, err.message);
                json_put_string(row, "reason", err.message);
        }
        json_array_append_new(loading->found, row);
}

/* ── all of them ── */

/* Hidden ones, and what editors and packagers leave beside, is nobody's. */
static int select_file(const struct dirent *entry) {
        size_t length = strlen(entry->d_name);

        return entry->d_name[0] != '.' && string_has_suffix(entry->d_name, SUFFIX) &&
               length > strlen(SUFFIX) && string_is_clean_utf8(entry->d_name, length);
}

static int compare_names(const struct dirent **a, const struct dirent **b) {
        return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_refusal(Loading *loading, const char *reason) {
        autofree char *path = string_format("%s/%s", loading->root, INTERFACE_FILES_DIRECTORY);

        log_warning("interface files of %s are left out: %s", path, reason);
        json_array_append_new(loading->found, json_pack("{s:s, s:b, s:s}", "file", path, "is-used",
                                                        0, "reason", reason));
}

/* As many as are open at a time. */
static void add_some(Loading *loading, int directory, struct dirent **entries, size_t count) {
        DefinitionFile files[OPEN_COUNT_MAX];

        for (size_t i = 0; i < count; i++) {
                char *name = entries[i]->d_name;

                files[i] = (DefinitionFile){ .failure = ERROR_INIT };
                files[i].fd = open_file(directory, name, &files[i].failure);
                name[strlen(name) - strlen(SUFFIX)] = '\0';
                files[i].name = name;
        }
        definition_files_read(files, count, &loading->limits);
        for (size_t i = 0; i < count; i++) {
                add_file(loading, &files[i]);
                json_decref(files[i].wire);
                own_close_(&files[i].fd);
        }
}

static void add_files(Loading *loading, int directory) {
        struct dirent **entries = NULL;
        int count = scandirat(directory, ".", &entries, select_file, compare_names);
        int used = count < INTERFACE_FILE_COUNT_MAX ? count : INTERFACE_FILE_COUNT_MAX;

        if (count < 0)
                add_refusal(loading, "the directory cannot be listed");
        for (int i = 0; i < used; i += OPEN_COUNT_MAX)
                add_some(loading, directory, entries + i,
                         (size_t)(used - i < OPEN_COUNT_MAX ? used - i : OPEN_COUNT_MAX));
        for (int i = 0; i < count; i++)
                free(entries[i]);
        free(entries);
        if (count <= INTERFACE_FILE_COUNT_MAX)
                return;
        autofree char *reason = string_format(
                "there are %d, and only the first %d by name are read; move some away", count,
                INTERFACE_FILE_COUNT_MAX);
        add_refusal(loading, reason);
}

json_t *interface_files_load(const Places *places) {
        Loading loading = { .root = places->root,
                            .found = json_array(),
                            .told = TEXT_INIT,
                            .limits = { .file_ms = INTERFACE_READ_LIMIT_MS,
                                        .end_ms = clock_get_boot() / 1000000 +
                                                  INTERFACE_READ_ALL_LIMIT_MS } };
        char digest[DIGEST_SHA256_HEX_SIZE];
        autofd int directory = -1;
        Error err = ERROR_INIT;
        int found = open_directory(places, &directory, &err);

        if (found < 0)
                add_refusal(&loading, err.message);
        if (found > 0)
                add_files(&loading, directory);
        if (loading.told.length > 0) {
                digest_sha256(loading.told.bytes, loading.told.length, digest);
                interface_kind_set_added_digest(digest);
                log_info("interfaces of this machine's own: %zu files found",
                         json_array_size(loading.found));
        }
        text_done(&loading.told);
        return loading.found;
}

/* ── warnings ── */

#define OF_FILE       "interface file "
#define OF_CONNECTION "connections of interface "

static int warn_of_files(Database *database, const json_t *files, int64_t now, Error *err) {
        const json_t *row;
        size_t i;

        json_array_foreach(files, i, row) {
                if (json_get_bool(row, "is-used", false))
                        continue;
                autofree char *message = string_format(
                        OF_FILE "%s is left out: %s; then restart pawld",
                        json_get_string(row, "file", ""), json_get_string(row, "reason", ""));
                if (warning_add(database, message, now, err) < 0)
                        return -1;
        }
        return 0;
}

static int warn_of_connections(Database *database, const json_t *names, int64_t now, Error *err) {
        const json_t *name;
        size_t i;

        json_array_foreach(names, i, name) {
                const char *text = json_string_value(name);
                autofree char *message = string_format(
                        OF_CONNECTION
                        "\"%s\" rest: this daemon knows no such interface; "
                        "put its file back to /%s/%s.yaml and restart pawld, or 'pawl disconnect' "
                        "them",
                        text, INTERFACE_FILES_DIRECTORY, text);
                if (warning_add(database, message, now, err) < 0)
                        return -1;
        }
        return 0;
}

static int list_unknown(Database *database, json_t *names, Error *err) {
        autoquery query = QUERY_INIT;
        int found;

        if (query_open(database, &query, err,
                       "SELECT DISTINCT interface FROM connection WHERE is_undesired = 0 AND "
                       "interface NOT IN (SELECT name FROM interface_kind) ORDER BY interface",
                       "") < 0)
                return -1;
        while ((found = query_next(&query, err)) > 0)
                json_array_append_new(names, json_string(query_get_text(&query, 0)));
        return found;
}

/* What was mended is said no longer. */
static int has_said(Database *database, Error *err) {
        int64_t one = 0;

        return database_find_int(database, &one, err,
                                 "SELECT 1 FROM warning WHERE message LIKE '" OF_FILE
                                 "%' OR message LIKE '" OF_CONNECTION "%'",
                                 "");
}

int interface_files_warn(Database *database, const json_t *files, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;
        autojson unknown = json_array();
        int64_t now = clock_get_wall();
        size_t left_out = 0, i;
        const json_t *row;

        json_array_foreach(files, i, row) left_out += !json_get_bool(row, "is-used", false);
        int said = has_said(database, err);
        if (said < 0 || list_unknown(database, unknown, err) < 0)
                return -1;
        /* Most starts write nothing. */
        if (left_out + json_array_size(unknown) + (size_t)said == 0)
                return 0;
        if (transaction_begin(database, &transaction, err) < 0 ||
            warn_of_files(database, files, now, err) < 0 ||
            warn_of_connections(database, unknown, now, err) < 0 ||
            warning_forget_others(database, OF_FILE, now, err) < 0 ||
            warning_forget_others(database, OF_CONNECTION, now, err) < 0)
                return -1;
        return transaction_commit(&transaction, err);
}
