/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/projection.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "snap/manifest.h"

/* The pure part: what the state wants, as three objects name → target. */
typedef struct Wanted {
        json_t *commands;  /* "snap.app" → path of pawl-run */
        json_t *currents;  /* instance → revision */
        json_t *instances; /* command or instance → instance, for the rows */
        json_t *clean;     /* row → digest of the target: was durable before the row was */
} Wanted;

static void wanted_done(Wanted *wanted) {
        json_decref(wanted->commands);
        json_decref(wanted->currents);
        json_decref(wanted->instances);
        json_decref(wanted->clean);
}
#define autowanted __attribute__((cleanup(wanted_done))) Wanted

static int want_currents(Database *database, Wanted *wanted, Error *err) {
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(
                    database, &query, err,
                    "SELECT instance, current FROM snap WHERE current IS NOT NULL AND is_active = 1",
                    "") < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                json_put(wanted->currents, query_get_text(&query, 0),
                         json_string(query_get_text(&query, 1)));
        return more;
}

static int want_commands(const Places *places, Database *database, Wanted *wanted, Error *err) {
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(
                    database, &query, err,
                    "SELECT s.instance, a.name FROM snap s JOIN app a ON a.instance = s.instance AND "
                    "a.revision = s.current WHERE s.is_active = 1 AND a.daemon IS NULL",
                    "") < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0) {
                const char *instance = query_get_text(&query, 0);
                autofree char *command =
                        manifest_format_command(instance, query_get_text(&query, 1));
                json_put(wanted->commands, command, json_string(places->launcher));
                json_put(wanted->instances, command, json_string(instance));
        }
        return more;
}

static int load_clean(Database *database, Wanted *wanted, Error *err) {
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(database, &query, err,
                       "SELECT name, digest FROM artefact WHERE kind = 'link' AND is_stale = 0",
                       "") < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                json_put(wanted->clean, query_get_text(&query, 0),
                         json_string(query_get_text(&query, 1)));
        return more;
}

static int compute_wanted(const Places *places, Database *database, Wanted *ret, Error *err) {
        *ret = (Wanted){ json_object(), json_object(), json_object(), json_object() };
        if (want_currents(database, ret, err) < 0 || load_clean(database, ret, err) < 0)
                return -1;
        return want_commands(places, database, ret, err);
}

/* --- making the world so --- */

static bool is_link_to(int directory, const char *name, const char *target) {
        char present[4096];
        ssize_t length = readlinkat(directory, name, present, sizeof(present) - 1);

        if (length < 0)
                return false;
        present[length] = '\0';
        return !target || string_equal(present, target);
}

/* A link of ours that is not wanted any more. */
typedef int (*RemoveUnwanted)(const Places *places, int directory, const char *name, Error *err);

static int remove_link(int directory, const char *name, Error *err) {
        if (unlinkat(directory, name, 0) < 0 && errno != ENOENT)
                return error_set_errno(err, errno, "cannot remove link %s", name);
        return fd_sync(directory, name, err) < 0 ? -1 : 1;
}

/* In snap/bin only what points to a pawl-run is ours. */
static int remove_command(const Places *places, int directory, const char *name, Error *err) {
        char target[4096];
        ssize_t length = readlinkat(directory, name, target, sizeof(target) - 1);

        (void)places;
        if (length < 0)
                return 0;
        target[length] = '\0';
        if (!string_has_suffix(target, "/pawl-run"))
                return 0;
        return remove_link(directory, name, err);
}

/* The directory of a snap: its `current`, and in snap/ itself once it is empty. */
static int remove_current(const Places *places, int directory, const char *name, Error *err) {
        Error ignored;
        autofd int fd = file_open_beneath(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
                                          &ignored);
        int changed = 0;

        if (fd < 0)
                return 0;
        if (is_link_to(fd, "current", NULL)) {
                changed = remove_link(fd, "current", err);
                if (changed < 0)
                        return -1;
        }
        if (directory == places->snap && unlinkat(directory, name, AT_REMOVEDIR) == 0)
                return fd_sync(directory, name, err) < 0 ? -1 : 1;
        return changed;
}

static int remove_unwanted(const Places *places, int directory, const json_t *wanted,
                           RemoveUnwanted remove, Error *err) {
        int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *entries = copy < 0 ? NULL : fdopendir(copy);
        int result = 0, changed = 0;

        if (!entries)
                return error_set_errno(err, errno, "cannot list a directory");
        for (struct dirent *entry; result >= 0 && (entry = readdir(entries));) {
                const char *name = entry->d_name;
                if (name[0] == '.' || json_object_get(wanted, name))
                        continue;
                if (directory == places->snap && string_equal(name, "bin"))
                        continue;
                result = remove(places, directory, name, err);
                changed += result > 0;
        }
        (void)closedir(entries);
        return result < 0 ? -1 : changed;
}

/* True for a link that is right and was made durable before its row said so: nothing to write, and
 * nothing to sync, which at the start of a daemon with many snaps is most of the time. */
typedef struct Link {
        const char *row; /* its name in the state */
        int directory;
        const char *path, *target;
} Link;

static bool link_is_settled(const Wanted *wanted, const Link *link) {
        char digest[DIGEST_SHA256_HEX_SIZE];

        digest_sha256(link->target, strlen(link->target), digest);
        return string_equal(json_get_string(wanted->clean, link->row, ""), digest) &&
               is_link_to(link->directory, link->path, link->target);
}

static int write_commands(const Places *places, const Wanted *wanted, Error *err) {
        const char *name;
        json_t *target;
        int changed = 0;

        json_object_foreach(wanted->commands, name, target) {
                autofree char *row = string_format("snap/bin/%s", name);
                if (link_is_settled(wanted, &(Link){ row, places->snap_bin, name,
                                                     json_string_value(target) }))
                        continue;
                int result =
                        link_write_atomic(places->snap_bin, name, json_string_value(target), err);
                if (result < 0)
                        return -1;
                changed += result;
        }
        return changed;
}

/* A package's directory in var/snap is written by its own programs too, when they run as root: what
 * stands where the link belongs goes, and a package that goes on being in the way harms itself
 * only. */
static int write_current(int directory, const char *target, bool is_shared, Error *err) {
        Error failure = ERROR_INIT;
        int changed = link_write_atomic(directory, "current", target, &failure);

        if (changed < 0 && is_shared) {
                Error ignored = ERROR_INIT;
                (void)tree_remove(directory, "current", &ignored);
                (void)tree_remove(directory, ".current.new~", &ignored);
                failure = (Error)ERROR_INIT;
                changed = link_write_atomic(directory, "current", target, &failure);
                if (changed < 0) {
                        log_warning("the data of a snap has no link to revision %s: %s", target,
                                    failure.message);
                        return 0;
                }
        }
        if (changed < 0)
                *err = failure;
        return changed;
}

/* `place` is what `parent` is called from the root: "snap" or "var/snap". */
static int write_currents(int parent, const char *place, const Wanted *wanted, Error *err) {
        const char *instance;
        json_t *revision;
        int changed = 0;

        json_object_foreach(wanted->currents, instance, revision) {
                autofree char *path = string_format("%s/current", instance);
                autofree char *row = string_format("%s/%s", place, path);
                if (link_is_settled(wanted,
                                    &(Link){ row, parent, path, json_string_value(revision) }))
                        continue;
                autofd int directory = directory_make_beneath(parent, instance, 0755, err);
                if (directory < 0)
                        return -1;
                int result = write_current(directory, json_string_value(revision),
                                           string_equal(place, "var/snap"), err);
                if (result < 0)
                        return -1;
                changed += result;
        }
        return changed;
}

static int apply_wanted(const Places *places, const Wanted *wanted, Error *err) {
        const int steps[] = {
                write_currents(places->snap, "snap", wanted, err),
                write_currents(places->var_snap, "var/snap", wanted, err),
                write_commands(places, wanted, err),
                remove_unwanted(places, places->snap_bin, wanted->commands, remove_command, err),
                remove_unwanted(places, places->snap, wanted->currents, remove_current, err),
                remove_unwanted(places, places->var_snap, wanted->currents, remove_current, err),
        };
        int changed = 0;

        for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
                if (steps[i] < 0)
                        return error_prefix(err, "cannot update the links of installed snaps");
                changed += steps[i];
        }
        return changed;
}

/* --- the rows --- */

static int write_row(Database *database, const char *name, const char *instance, const char *target,
                     Error *err) {
        char digest[DIGEST_SHA256_HEX_SIZE];

        digest_sha256(target, strlen(target), digest);
        return database_run(
                database, err,
                "INSERT INTO artefact (kind, name, instance, digest, is_stale) VALUES ('link', ?1, "
                "?2, ?3, 0) ON CONFLICT (kind, name) DO UPDATE SET instance = excluded.instance, "
                "digest = excluded.digest, is_stale = 0",
                "sss", name, instance, digest);
}

static int write_rows(Database *database, const Wanted *wanted, Error *err) {
        const char *name;
        json_t *target;

        if (database_run(database, err, "DELETE FROM artefact WHERE kind = 'link'", "") < 0)
                return -1;
        json_object_foreach(wanted->commands, name, target) {
                autofree char *row = string_format("snap/bin/%s", name);
                if (write_row(database, row, json_get_string(wanted->instances, name, ""),
                              json_string_value(target), err) < 0)
                        return -1;
        }
        json_object_foreach(wanted->currents, name, target) {
                autofree char *in_snap = string_format("snap/%s/current", name);
                autofree char *in_var = string_format("var/snap/%s/current", name);
                if (write_row(database, in_snap, name, json_string_value(target), err) < 0 ||
                    write_row(database, in_var, name, json_string_value(target), err) < 0)
                        return -1;
        }
        return 0;
}

int projection_mark_stale(Database *database, const char *instance, Error *err) {
        autofree char *name = string_format("snap/%s/current", instance);

        /* One row that stands for all links of a snap that had none. */
        if (database_run(
                    database, err,
                    "INSERT OR IGNORE INTO artefact (kind, name, instance, digest) VALUES ('link', ?1, "
                    "?2, '')",
                    "ss", name, instance) < 0)
                return -1;
        return database_run(
                       database, err,
                       "UPDATE artefact SET is_stale = 1 WHERE kind = 'link' AND instance = ?1",
                       "s", instance) < 0
                       ? -1
                       : 0;
}

int projection_is_stale(Database *database, Error *err) {
        int64_t found;

        return database_find_int(database, &found, err,
                                 "SELECT 1 FROM artefact WHERE kind = 'link' AND is_stale = 1", "");
}

int projection_apply(const Places *places, Database *database, Error *err) {
        autowanted wanted = { 0 };
        autotransaction transaction = TRANSACTION_INIT;

        if (compute_wanted(places, database, &wanted, err) < 0)
                return -1;
        int changed = apply_wanted(places, &wanted, err);
        if (changed < 0)
                return -1;
        int is_stale = projection_is_stale(database, err);
        if (is_stale <= 0)
                return is_stale < 0 ? -1 : changed;
        if (transaction_begin(database, &transaction, err) < 0)
                return -1;
        if (write_rows(database, &wanted, err) < 0)
                return -1;
        return transaction_commit(&transaction, err) < 0 ? -1 : changed;
}

/* --- only looking --- */

static void add_finding(json_t *findings, const char *name, const char *message) {
        json_array_append_new(findings, json_pack("{s:s, s:s, s:s}", "kind", "link", "name", name,
                                                  "message", message));
}

static void check_currents(const Places *places, const Wanted *wanted, json_t *findings) {
        const struct {
                int directory;
                const char *shown;
        } PARENTS[] = { { places->snap, "snap" }, { places->var_snap, "var/snap" } };
        const char *instance;
        json_t *revision;

        for (size_t i = 0; i < ARRAY_COUNT(PARENTS); i++)
                json_object_foreach(wanted->currents, instance, revision) {
                        autofree char *path = string_format("%s/current", instance);
                        autofree char *shown = string_format("%s/%s", PARENTS[i].shown, path);
                        if (!is_link_to(PARENTS[i].directory, path, json_string_value(revision)))
                                add_finding(findings, shown,
                                            "does not lead to the current revision");
                }
}

static void check_commands(const Places *places, const Wanted *wanted, json_t *findings) {
        const char *name;
        json_t *target;

        json_object_foreach(wanted->commands, name, target) {
                autofree char *shown = string_format("snap/bin/%s", name);
                if (!is_link_to(places->snap_bin, name, json_string_value(target)))
                        add_finding(findings, shown, "does not lead to the launcher");
        }
}

int projection_check(const Places *places, Database *database, json_t *findings, Error *err) {
        autowanted wanted = { 0 };

        if (compute_wanted(places, database, &wanted, err) < 0)
                return -1;
        check_currents(places, &wanted, findings);
        check_commands(places, &wanted, findings);
        return 0;
}
