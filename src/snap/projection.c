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

/* What is looked at: all that is installed, or what a commit has touched. */
typedef enum Extent {
        EXTENT_ALL,
        EXTENT_STALE,
} Extent;

/* The pure part: what the state wants, as three objects name → target. */
typedef struct Wanted {
        Extent extent;    /* what is stale follows at once and is made durable later, all at once */
        json_t *commands; /* "snap.app" → path of pawl-run */
        json_t *currents; /* instance → revision */
        json_t *instances; /* command or instance → instance, for the rows */
        json_t *clean;     /* row → digest of the target: was durable before the row was */
        json_t *touched;   /* EXTENT_STALE: instance → true */
} Wanted;

static void wanted_done(Wanted *wanted) {
        json_decref(wanted->commands);
        json_decref(wanted->currents);
        json_decref(wanted->instances);
        json_decref(wanted->clean);
        json_decref(wanted->touched);
}
#define autowanted __attribute__((cleanup(wanted_done))) Wanted

#define CURRENTS    "SELECT s.instance, s.current FROM "
#define ARE_CURRENT " WHERE s.current IS NOT NULL AND s.is_active = 1"
#define COMMANDS    "SELECT s.instance, a.name FROM "
#define ARE_COMMANDS                                                         \
        " JOIN app a ON a.instance = s.instance AND a.revision = s.current " \
        "WHERE s.is_active = 1 AND a.daemon IS NULL"
/* From the few rows of those that were touched, not from all snaps. */
#define OF_TOUCHED "json_each(?1) t CROSS JOIN snap s ON s.instance = t.key"

/* `?1` is what was touched, with EXTENT_ALL nothing. */
static int open_rows(Database *database, const Wanted *wanted, const char *const sql[2],
                     Query *query, Error *err) {
        autofree char *touched = json_format(wanted->touched);

        return wanted->extent == EXTENT_ALL
                       ? query_open(database, query, err, sql[EXTENT_ALL], "")
                       : query_open(database, query, err, sql[EXTENT_STALE], "s", touched);
}

static int want_currents(Database *database, Wanted *wanted, Error *err) {
        static const char *const SQL[] = {
                [EXTENT_ALL] = CURRENTS "snap s" ARE_CURRENT,
                [EXTENT_STALE] = CURRENTS OF_TOUCHED ARE_CURRENT,
        };
        autoquery query = QUERY_INIT;
        int more;

        if (open_rows(database, wanted, SQL, &query, err) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                json_put(wanted->currents, query_get_text(&query, 0),
                         json_string(query_get_text(&query, 1)));
        return more;
}

static int want_commands(const Places *places, Database *database, Wanted *wanted, Error *err) {
        static const char *const SQL[] = {
                [EXTENT_ALL] = COMMANDS "snap s" ARE_COMMANDS,
                [EXTENT_STALE] = COMMANDS OF_TOUCHED ARE_COMMANDS,
        };
        autoquery query = QUERY_INIT;
        int more;

        if (open_rows(database, wanted, SQL, &query, err) < 0)
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

static int load_touched(Database *database, Wanted *wanted, Error *err) {
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(database, &query, err,
                       "SELECT DISTINCT instance FROM artefact WHERE kind = 'link' AND "
                       "is_stale = 1 AND instance IS NOT NULL",
                       "") < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                json_put(wanted->touched, query_get_text(&query, 0), json_true());
        return more;
}

static int compute_wanted(const Places *places, Database *database, Extent extent, Wanted *ret,
                          Error *err) {
        *ret = (Wanted){ extent,        json_object(), json_object(),
                         json_object(), json_object(), json_object() };
        if ((extent == EXTENT_ALL ? load_clean : load_touched)(database, ret, err) < 0 ||
            want_currents(database, ret, err) < 0)
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
typedef int (*RemoveUnwanted)(const Places *places, Extent extent, int directory, const char *name,
                              Error *err);

static int finish_removal(Extent extent, int directory, const char *name, Error *err) {
        return extent == EXTENT_ALL && fd_sync(directory, name, err) < 0 ? -1 : 1;
}

static int remove_link(Extent extent, int directory, const char *name, Error *err) {
        if (unlinkat(directory, name, 0) < 0 && errno != ENOENT)
                return error_set_errno(err, errno, "cannot remove link %s", name);
        return finish_removal(extent, directory, name, err);
}

/* As link_write_atomic, but durable only when projection_settle says so. */
static int replace_link(int directory, const char *name, const char *target, Error *err) {
        autofree char *temporary = string_format(".%s.new~", name);

        if (is_link_to(directory, name, target))
                return 0;
        if (unlinkat(directory, temporary, 0) < 0 && errno != ENOENT)
                return error_set_errno(err, errno, "cannot remove %s", temporary);
        if (symlinkat(target, directory, temporary) < 0)
                return error_set_errno(err, errno, "cannot make link %s", name);
        if (renameat(directory, temporary, directory, name) == 0)
                return 1;
        int number = errno;
        (void)unlinkat(directory, temporary, 0);
        return error_set_errno(err, number, "cannot rename %s into place", name);
}

static int write_link(Extent extent, int directory, const char *name, const char *target,
                      Error *err) {
        return (extent == EXTENT_ALL ? link_write_atomic : replace_link)(directory, name, target,
                                                                         err);
}

static int open_directory(Extent extent, int parent, const char *instance, Error *err) {
        if (extent == EXTENT_ALL || mkdirat(parent, instance, 0755) < 0)
                return directory_make_beneath(parent, instance, 0755, err);
        int made = file_open_beneath(parent, instance, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, err);
        if (made >= 0)
                (void)fchmod(made, 0755); /* whatever the umask is */
        return made;
}

/* In snap/bin only what points to a pawl-run is ours. */
static int remove_command(const Places *places, Extent extent, int directory, const char *name,
                          Error *err) {
        char target[4096];
        ssize_t length = readlinkat(directory, name, target, sizeof(target) - 1);

        (void)places;
        if (length < 0)
                return 0;
        target[length] = '\0';
        if (!string_has_suffix(target, "/pawl-run"))
                return 0;
        return remove_link(extent, directory, name, err);
}

/* The directory of a snap: its `current`, and in snap/ itself once it is empty. */
static int remove_current(const Places *places, Extent extent, int directory, const char *name,
                          Error *err) {
        Error ignored;
        autofd int fd = file_open_beneath(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
                                          &ignored);
        int changed = 0;

        if (fd < 0)
                return 0;
        if (is_link_to(fd, "current", NULL)) {
                changed = remove_link(extent, fd, "current", err);
                if (changed < 0)
                        return -1;
        }
        if (directory == places->snap && unlinkat(directory, name, AT_REMOVEDIR) == 0)
                return finish_removal(extent, directory, name, err);
        return changed;
}

/* A command's name begins with its instance. */
static bool is_looked_at(const Wanted *wanted, const char *name) {
        autofree char *instance = string_copy_length(name, strcspn(name, "."));

        return wanted->extent == EXTENT_ALL || json_object_get(wanted->touched, instance);
}

typedef struct Unwanted {
        int directory;
        const json_t *wanted; /* names that stay */
        RemoveUnwanted remove;
} Unwanted;

/* Of what was touched alone, where the names are those of snaps: no list of them all is read. */
static int remove_touched(const Places *places, const Wanted *wanted, const Unwanted *unwanted,
                          Error *err) {
        const char *name;
        json_t *ignored;
        int changed = 0;

        json_object_foreach(wanted->touched, name, ignored) {
                bool is_bin = unwanted->directory == places->snap && string_equal(name, "bin");
                if (is_bin || json_object_get(unwanted->wanted, name))
                        continue;
                int result =
                        unwanted->remove(places, wanted->extent, unwanted->directory, name, err);
                if (result < 0)
                        return -1;
                changed += result > 0;
        }
        return changed;
}

static int remove_unwanted(const Places *places, const Wanted *wanted, const Unwanted *unwanted,
                           Error *err) {
        if (wanted->extent == EXTENT_STALE && unwanted->wanted == wanted->currents)
                return remove_touched(places, wanted, unwanted, err);
        int directory = unwanted->directory;
        int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *entries = copy < 0 ? NULL : fdopendir(copy);
        int result = 0, changed = 0;

        if (!entries)
                return error_set_errno(err, errno, "cannot list a directory");
        for (struct dirent *entry; result >= 0 && (entry = readdir(entries));) {
                const char *name = entry->d_name;
                if (name[0] == '.' || json_object_get(unwanted->wanted, name) ||
                    !is_looked_at(wanted, name))
                        continue;
                if (directory == places->snap && string_equal(name, "bin"))
                        continue;
                result = unwanted->remove(places, wanted->extent, directory, name, err);
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
                int result = write_link(wanted->extent, places->snap_bin, name,
                                        json_string_value(target), err);
                if (result < 0)
                        return -1;
                changed += result;
        }
        return changed;
}

/* A package's directory in var/snap is written by its own programs too, when they run as root: what
 * stands where the link belongs goes, and a package that goes on being in the way harms itself
 * only. */
static int write_current(Extent extent, int directory, const char *target, bool is_shared,
                         Error *err) {
        Error failure = ERROR_INIT;
        int changed = write_link(extent, directory, "current", target, &failure);

        if (changed < 0 && is_shared) {
                Error ignored = ERROR_INIT;
                (void)tree_remove(directory, "current", &ignored);
                (void)tree_remove(directory, ".current.new~", &ignored);
                failure = (Error)ERROR_INIT;
                changed = write_link(extent, directory, "current", target, &failure);
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
                autofd int directory = open_directory(wanted->extent, parent, instance, err);
                if (directory < 0)
                        return -1;
                int result = write_current(wanted->extent, directory, json_string_value(revision),
                                           string_equal(place, "var/snap"), err);
                if (result < 0)
                        return -1;
                changed += result;
        }
        return changed;
}

static int apply_wanted(const Places *places, const Wanted *wanted, Error *err) {
        const Unwanted commands = { places->snap_bin, wanted->commands, remove_command };
        const Unwanted in_snap = { places->snap, wanted->currents, remove_current };
        const Unwanted in_var_snap = { places->var_snap, wanted->currents, remove_current };
        const int steps[] = {
                write_currents(places->snap, "snap", wanted, err),
                write_currents(places->var_snap, "var/snap", wanted, err),
                write_commands(places, wanted, err),
                remove_unwanted(places, wanted, &commands, err),
                remove_unwanted(places, wanted, &in_snap, err),
                remove_unwanted(places, wanted, &in_var_snap, err),
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

static int write_links(Database *database, const Wanted *wanted, Error *err) {
        const char *name;
        json_t *target;

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

/* What was looked at is durable and clean from here on. */
static int write_rows(Database *database, const Wanted *wanted, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;

        if (transaction_begin(database, &transaction, err) < 0)
                return -1;
        int removed =
                wanted->extent == EXTENT_ALL
                        ? database_run(database, err, "DELETE FROM artefact WHERE kind = 'link'",
                                       "")
                        : database_run(database, err,
                                       "DELETE FROM artefact WHERE kind = 'link' AND instance "
                                       "IN (SELECT instance FROM artefact WHERE kind = 'link' "
                                       "AND is_stale = 1)",
                                       "");
        if (removed < 0 || write_links(database, wanted, err) < 0)
                return -1;
        return transaction_commit(&transaction, err);
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

        if (compute_wanted(places, database, EXTENT_ALL, &wanted, err) < 0)
                return -1;
        int changed = apply_wanted(places, &wanted, err);
        if (changed < 0)
                return -1;
        int is_stale = projection_is_stale(database, err);
        if (is_stale <= 0)
                return is_stale < 0 ? -1 : changed;
        return write_rows(database, &wanted, err) < 0 ? -1 : changed;
}

int projection_follow(const Places *places, Database *database, Error *err) {
        autowanted wanted = { 0 };

        if (compute_wanted(places, database, EXTENT_STALE, &wanted, err) < 0)
                return -1;
        return apply_wanted(places, &wanted, err);
}

static int sync_touched(const Places *places, const Wanted *wanted, Error *err) {
        const int parents[] = { places->snap, places->var_snap };
        const char *instance;
        json_t *ignored;

        json_object_foreach(wanted->touched, instance, ignored) {
                for (size_t i = 0; i < ARRAY_COUNT(parents); i++) {
                        Error gone;
                        autofd int directory =
                                file_open_beneath(parents[i], instance,
                                                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &gone);
                        if (directory >= 0 && fd_sync(directory, instance, err) < 0)
                                return -1;
                }
        }
        if (fd_sync(places->snap_bin, "snap/bin", err) < 0)
                return -1;
        return fd_sync(places->snap, "snap", err);
}

int projection_settle(const Places *places, Database *database, Error *err) {
        autowanted wanted = { 0 };
        int is_stale = projection_is_stale(database, err);

        if (is_stale <= 0)
                return is_stale;
        if (compute_wanted(places, database, EXTENT_STALE, &wanted, err) < 0 ||
            apply_wanted(places, &wanted, err) < 0)
                return -1;
        if (sync_touched(places, &wanted, err) < 0)
                return -1;
        return write_rows(database, &wanted, err);
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

        if (compute_wanted(places, database, EXTENT_ALL, &wanted, err) < 0)
                return -1;
        check_currents(places, &wanted, findings);
        check_commands(places, &wanted, findings);
        return 0;
}
