/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/places.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/folder.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

typedef struct Place {
        const char *path;
        mode_t mode;
        size_t offset; /* of its descriptor in Places */
} Place;

/* Made, but held open by others. */
static const Place PARENTS[] = {
        { "var/lib/pawl/state", 0700, 0 },
        { "run/pawl", 0755, 0 },
};

static const Place PLACES[] = {
        { "var/lib/pawl/images", 0700, offsetof(Places, images) },
        { "var/lib/pawl/incoming", 0700, offsetof(Places, incoming) },
        { "var/lib/pawl/trash", 0700, offsetof(Places, trash) },
        { "var/snap", 0755, offsetof(Places, var_snap) },
        { "snap", 0755, offsetof(Places, snap) },
        { "snap/bin", 0755, offsetof(Places, snap_bin) },
};

static int *get_descriptor(Places *places, const Place *place) {
        return (int *)(void *)((char *)places + place->offset);
}

Places *places_close(Places *places) {
        if (!places)
                return NULL;
        for (size_t i = 0; i < ARRAY_COUNT(PLACES); i++)
                own_close_(get_descriptor(places, &PLACES[i]));
        own_close_(&places->root_fd);
        free(places->root);
        free(places->launcher);
        free(places);
        return NULL;
}

/* Parents are made 0755; only the place itself gets its own mode. */
static int open_place(const Places *places, const Place *place, Error *err) {
        autofree char *parent = string_copy(place->path);
        char *slash = strrchr(parent, '/');

        if (slash) {
                *slash = '\0';
                autofd int made = directory_make_beneath(places->root_fd, parent, 0755, err);
                if (made < 0)
                        return -1;
        }
        autofd int fd = directory_make_beneath(places->root_fd, place->path, place->mode, err);
        if (fd < 0)
                return -1;
        struct stat st;
        if (fstat(fd, &st) < 0)
                return error_set_errno(err, errno, "cannot look at %s", place->path);
        /* A private place that others could read is closed again, whoever opened it. */
        if (place->mode == 0700 && (st.st_mode & 07777) != 0700 && fchmod(fd, 0700) < 0)
                return error_set_errno(err, errno, "cannot set the mode of %s", place->path);
        return take_fd(fd);
}

int places_open(const char *root, const char *launcher, Places **ret, Error *err) {
        autoptr(Places) places = memory_new(sizeof(*places));

        places->root = string_copy(string_equal(root, "/") ? "" : root);
        places->launcher = string_copy(launcher);
        places->root_fd = -1;
        for (size_t i = 0; i < ARRAY_COUNT(PLACES); i++)
                *get_descriptor(places, &PLACES[i]) = -1;
        places->root_fd = directory_open(*places->root ? places->root : "/", err);
        if (places->root_fd < 0)
                return -1;
        for (size_t i = 0; i < ARRAY_COUNT(PARENTS); i++) {
                autofd int made = open_place(places, &PARENTS[i], err);
                if (made < 0)
                        return -1;
        }
        for (size_t i = 0; i < ARRAY_COUNT(PLACES); i++) {
                int fd = open_place(places, &PLACES[i], err);
                if (fd < 0)
                        return -1;
                *get_descriptor(places, &PLACES[i]) = fd;
        }
        *ret = take(places);
        return 0;
}

void places_list_fds(const Places *places, int ret_fds[PLACES_FD_COUNT]) {
        static_assert(PLACES_FD_COUNT == ARRAY_COUNT(PLACES) + 1, "the root and each place");

        for (size_t i = 0; i < ARRAY_COUNT(PLACES); i++)
                ret_fds[i] = *get_descriptor((Places *)(uintptr_t)places, &PLACES[i]);
        ret_fds[ARRAY_COUNT(PLACES)] = places->root_fd;
}

char *places_format_path(const Places *places, const char *path) {
        return string_format("%s/%s", places->root, path);
}

char *places_format_image_path(const Places *places, const char *file) {
        if (folder_is_source(file))
                return string_copy(folder_get_path(file));
        return string_format("%s/var/lib/pawl/images/%s", places->root, file);
}

/* "NAME.SALT", or "INSTANCE,REVISION,SALT" for what waits until that revision has ended. */
static int move_to_trash(const Places *places, int directory, const char *name, const char *prefix,
                         char **ret_target, Error *err) {
        uint64_t salt = 0;

        if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
                return error_set_errno(err, errno, "cannot get random bytes");
        autofree char *target = string_format("%.100s%016llx", prefix, (unsigned long long)salt);
        if (renameat2(directory, name, places->trash, target, RENAME_NOREPLACE) < 0)
                return errno == ENOENT ? 0 : error_set_errno(err, errno, "cannot discard %s", name);
        /* The new name first: after a power cut in between there are two names, never none. */
        if (fd_sync(places->trash, "trash", err) < 0)
                return -1;
        if (fd_sync(directory, name, err) < 0)
                return -1;
        *ret_target = take(target);
        return 1;
}

int places_discard(const Places *places, int directory, const char *name, Error *err) {
        autofree char *prefix = string_format("%.60s.", name);
        autofree char *target = NULL;
        int moved = move_to_trash(places, directory, name, prefix, &target, err);

        return moved > 0 ? tree_remove(places->trash, target, err) : moved;
}

int places_set_aside(const Places *places, int directory, const char *name, Error *err) {
        autofree char *prefix = string_format("%.60s.", name);
        autofree char *target = NULL;

        return move_to_trash(places, directory, name, prefix, &target, err) < 0 ? -1 : 0;
}

int places_discard_image(const Places *places, const char *file, const RevisionName *revision,
                         Error *err) {
        if (!file || folder_is_source(file))
                return 0;
        return revision ? places_discard_revision(places, places->images, file, revision, err)
                        : places_discard(places, places->images, file, err);
}

int places_discard_revision(const Places *places, int directory, const char *name,
                            const RevisionName *revision, Error *err) {
        autofree char *prefix = string_format("%s,%s,", revision->instance,
                                              revision->revision ? revision->revision : "");
        autofree char *target = NULL;
        int moved = move_to_trash(places, directory, name, prefix, &target, err);

        if (moved <= 0 || places_has_lease(places, revision->instance, revision->revision))
                return moved < 0 ? -1 : 0;
        return tree_remove(places->trash, target, err);
}

/* --- the sweep --- */

/* What a sweep knows: where, and what is still wanted there. */
typedef struct Sweep {
        const Places *places;
        Database *database;
        json_t *images; /* owned; file → true */
} Sweep;

/* 1 keep, 0 remove. */
typedef int (*KeepEntry)(const Sweep *sweep, const char *name, Error *err);

/* What a program still uses is kept until it has ended. */
static int keep_leased(const Sweep *sweep, const char *name, Error *err) {
        const char *comma = strchr(name, ','), *second = comma ? strchr(comma + 1, ',') : NULL;

        (void)err;
        if (!second)
                return 0;
        autofree char *instance = string_copy_length(name, (size_t)(comma - name));
        autofree char *revision = string_copy_length(comma + 1, (size_t)(second - comma - 1));
        return places_has_lease(sweep->places, instance, *revision ? revision : NULL);
}

static int keep_wanted_upload(const Sweep *sweep, const char *name, Error *err) {
        int64_t count;

        return database_find_int(
                sweep->database, &count, err,
                "SELECT 1 FROM task t JOIN change c ON c.id = t.change WHERE "
                "c.is_clean = 0 AND (json_extract(t.data, '$.incoming') = ?1 OR EXISTS "
                "(SELECT 1 FROM json_each(t.data, '$.uploads') WHERE value = ?1))",
                "s", name);
}

/* Also what a discarded revision may still come back to: its row is in its task until the change is
 * clean, and an undo after a restart puts only the row back.  Once for all files: each by itself
 * would read the whole table. */
static int load_images(Sweep *sweep, Error *err) {
        autoquery query = QUERY_INIT;
        int more;

        sweep->images = json_object();
        if (query_open(sweep->database, &query, err,
                       "SELECT file FROM revision UNION ALL SELECT json_extract(t.data, '$.file') "
                       "FROM task t JOIN change c ON c.id = t.change WHERE c.is_clean = 0 AND "
                       "t.kind = 'discard-snap' AND json_extract(t.data, '$.file') IS NOT NULL",
                       "") < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                json_put(sweep->images, query_get_text(&query, 0), json_true());
        return more;
}

static int keep_image(const Sweep *sweep, const char *name, Error *err) {
        (void)err;
        return json_object_get(sweep->images, name) != NULL;
}

static int sweep_directory(const Sweep *sweep, int directory, KeepEntry keep, Error *err) {
        int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *entries = copy < 0 ? NULL : fdopendir(copy);
        int result = 0, removed = 0;

        if (!entries)
                return error_set_errno(err, errno, "cannot list a directory");
        for (struct dirent *entry; result >= 0 && (entry = readdir(entries));) {
                if (string_equal(entry->d_name, ".") || string_equal(entry->d_name, ".."))
                        continue;
                result = keep(sweep, entry->d_name, err);
                if (result != 0)
                        continue;
                /* What cannot be cleared away (now) is no reason to serve nobody. */
                Error failure = ERROR_INIT;
                if (tree_remove(directory, entry->d_name, &failure) < 0)
                        log_warning("leftovers stay: %s", failure.message);
                else
                        removed++;
        }
        (void)closedir(entries);
        if (result >= 0 && removed > 0)
                result = fd_sync(directory, "a directory", err);
        return result < 0 ? -1 : removed;
}

/* Copies are made under ".<revision>.new~" and renamed when complete. */
static int keep_complete_data(const Sweep *sweep, const char *name, Error *err) {
        (void)sweep;
        (void)err;
        return !(name[0] == '.' && string_has_suffix(name, ".new~"));
}

/* After an end in order only where a change is not over can half a copy be; after any other,
 * everywhere. */
static int sweep_data(const Sweep *sweep, Error *err) {
        autoquery query = QUERY_INIT;
        int removed = 0, more;

        if (query_open(sweep->database, &query, err,
                       "SELECT instance FROM snap WHERE ?1 = 0 OR instance IN (SELECT s.instance "
                       "FROM change c JOIN change_snap s ON s.change = c.id WHERE c.is_clean = 0)",
                       "i", (int64_t)database_ended_in_order(sweep->database)) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0) {
                Error ignored;
                autofd int fd =
                        file_open_beneath(sweep->places->var_snap, query_get_text(&query, 0),
                                          O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, &ignored);
                int count = fd < 0 ? 0 : sweep_directory(sweep, fd, keep_complete_data, err);
                if (count < 0)
                        return -1;
                removed += count;
        }
        return more < 0 ? -1 : removed;
}

static int sweep_all(Sweep *sweep, Error *err) {
        const Places *places = sweep->places;
        const struct {
                int directory;
                KeepEntry keep;
        } SWEEPS[] = {
                { places->trash, keep_leased },
                { places->incoming, keep_wanted_upload },
                { places->images, keep_image },
        };
        int total = load_images(sweep, err) < 0 ? -1 : sweep_data(sweep, err);

        for (size_t i = 0; total >= 0 && i < ARRAY_COUNT(SWEEPS); i++) {
                int removed = sweep_directory(sweep, SWEEPS[i].directory, SWEEPS[i].keep, err);
                total = removed < 0 ? -1 : total + removed;
        }
        return total < 0 ? error_prefix(err, "cannot clear leftovers away") : total;
}

int places_sweep(const Places *places, Database *database, Error *err) {
        Sweep sweep = { .places = places, .database = database };
        int removed = sweep_all(&sweep, err);

        json_decref(sweep.images);
        return removed;
}

int places_empty_trash(const Places *places, Error *err) {
        const Sweep sweep = { .places = places };

        return sweep_directory(&sweep, places->trash, keep_leased, err) < 0 ? -1 : 0;
}

static bool is_locked(int directory, const char *name) {
        autofd int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

        return fd < 0 ? errno != ENOENT : flock(fd, LOCK_EX | LOCK_NB) < 0;
}

static bool revision_has_lease(const Places *places, const char *path) {
        Error err = ERROR_INIT;
        int fd = file_open_beneath(places->root_fd, path, O_RDONLY | O_DIRECTORY, 0, &err);
        DIR *entries = fd < 0 ? NULL : fdopendir(fd);
        bool is_held = false;

        if (!entries)
                return err.number != ENOENT;
        for (struct dirent *entry; !is_held && (entry = readdir(entries));)
                if (entry->d_name[0] != '.')
                        is_held = is_locked(dirfd(entries), entry->d_name);
        (void)closedir(entries);
        return is_held;
}

bool places_has_lease(const Places *places, const char *instance, const char *revision) {
        autofree char *path = string_format("run/pawl/lease/%s%s%s", instance, revision ? "/" : "",
                                            revision ? revision : "");
        Error err = ERROR_INIT;
        bool is_held = false;

        if (revision)
                return revision_has_lease(places, path);
        int fd = file_open_beneath(places->root_fd, path, O_RDONLY | O_DIRECTORY, 0, &err);
        DIR *entries = fd < 0 ? NULL : fdopendir(fd);
        if (!entries)
                return err.number != ENOENT;
        for (struct dirent *entry; !is_held && (entry = readdir(entries));)
                if (entry->d_name[0] != '.') {
                        autofree char *child = string_format("%s/%s", path, entry->d_name);
                        is_held = revision_has_lease(places, child);
                }
        (void)closedir(entries);
        return is_held;
}
