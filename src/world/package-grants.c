/* SPDX-License-Identifier: Apache-2.0 */
#include "world/package-grants.h"

#include "interface/grant.h"
#include "interface/stored-manifest.h"
#include "wire/generation.h"

#define PROGRAM_COUNT_MAX 1000
#define OTHER_COUNT_MAX   3 /* revisions that still run, beside the current one */

typedef struct Package {
        const char *instance;
        char *name, *revision; /* owned */
        int64_t epoch;
        bool is_devmode;
        bool has_programs; /* that are confined, and may be started */
        json_t *manifest;
        GrantSet *grants; /* of each program */
        GrantSet (*others)[OTHER_COUNT_MAX];
        BackendProgram *programs;
        size_t count;
} Package;

static void package_done(Package *package) {
        for (size_t i = 0; i < package->count; i++) {
                grant_set_done(&package->grants[i]);
                for (size_t j = 0; j < package->programs[i].other_count; j++)
                        grant_set_done(&package->others[i][j]);
                free((char *)(uintptr_t)package->programs[i].label);
        }
        free(package->grants);
        free(package->others);
        free(package->programs);
        free(package->name);
        free(package->revision);
        json_decref(package->manifest);
}

static int load_row(Database *database, Package *ret, Error *err) {
        autoquery query = QUERY_INIT;

        if (query_open(database, &query, err,
                       "SELECT s.name, s.epoch, s.is_active AND NOT s.is_classic AND r.confinement "
                       "<> 'classic', (s.is_devmode OR r.confinement = 'devmode') AND NOT "
                       "s.is_jailmode, s.current, r.manifest FROM snap s LEFT JOIN revision r ON "
                       "r.instance = s.instance AND r.revision = s.current WHERE s.instance = ?",
                       "s", ret->instance) < 0)
                return -1;
        int found = query_next(&query, err);
        if (found <= 0)
                return found;
        ret->name = string_copy(query_get_text(&query, 0));
        ret->epoch = query_get_int(&query, 1);
        ret->has_programs = !query_is_null(&query, 4) && query_get_int(&query, 2) != 0;
        ret->is_devmode = query_get_int(&query, 3) != 0;
        if (!ret->has_programs)
                return 0;
        ret->revision = string_copy(query_get_text(&query, 4));
        return stored_manifest_parse(query_get_text(&query, 5), &ret->manifest, err);
}

/* ── the programs of one revision ── */

typedef struct Revision {
        const char *name;
        bool is_current;
        const json_t *manifest;
} Revision;

static BackendProgram *require_program(Package *package, const char *program, bool is_hook,
                                       Error *err) {
        autofree char *label =
                string_format("snap.%s.%s%s", package->instance, is_hook ? "hook." : "", program);

        for (size_t i = 0; i < package->count; i++)
                if (string_equal(package->programs[i].label, label))
                        return &package->programs[i];
        if (package->count == PROGRAM_COUNT_MAX) {
                (void)error_set(err, ERROR_TOO_LARGE, "more than %d programs", PROGRAM_COUNT_MAX);
                return NULL;
        }
        size_t at = package->count++;
        package->programs[at] = (BackendProgram){ .label = take(label),
                                                  .grants = &package->grants[at],
                                                  .others = package->others[at] };
        return &package->programs[at];
}

static int add_program(Database *database, Package *package, const Revision *revision,
                       const Query *row, Error *err) {
        bool is_hook = query_get_int(row, 1) != 0;
        const char *name = query_get_text(row, 0);
        const GrantRequest request = { .instance = package->instance,
                                       .name = package->name,
                                       .manifest = revision->manifest,
                                       .program = name,
                                       .is_hook = is_hook,
                                       .revision = revision->is_current ? NULL : revision->name };
        BackendProgram *program = require_program(package, name, is_hook, err);

        if (!program)
                return -1;
        size_t at = (size_t)(program - package->programs);
        GrantSet *set = revision->is_current ? &package->grants[at]
                                             : &package->others[at][program->other_count];
        if (grant_set_load(database, &request, set, err) < 0)
                return error_prefix(err, "%s.%s", package->instance, name);
        program->other_count += !revision->is_current;
        return 0;
}

static int add_revision(Database *database, Package *package, const Revision *revision,
                        Error *err) {
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(database, &query, err,
                       "SELECT name, 0 AS is_hook FROM app WHERE instance = ?1 AND revision = ?2 "
                       "UNION ALL SELECT name, 1 FROM hook WHERE instance = ?1 AND revision = ?2 "
                       "ORDER BY is_hook, name",
                       "ss", package->instance, revision->name) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                if (add_program(database, package, revision, &query, err) < 0)
                        return -1;
        return more;
}

/* Room for the programs of all revisions. */
static int make_room(Database *database, Package *package, Error *err) {
        int64_t count = 0;

        if (database_find_int(database, &count, err,
                              "SELECT (SELECT count(*) FROM app WHERE instance = ?1) + (SELECT "
                              "count(*) FROM hook WHERE instance = ?1)",
                              "s", package->instance) < 0)
                return -1;
        package->grants = memory_new(((size_t)count + 1) * sizeof(*package->grants));
        package->others = memory_new(((size_t)count + 1) * sizeof(*package->others));
        package->programs = memory_new(((size_t)count + 1) * sizeof(*package->programs));
        return 0;
}

/* ── revisions that still run ── */

static int add_running(const PackageGrantsSource *from, Package *package, const Query *row,
                       Error *err) {
        const char *name = query_get_text(row, 0);
        autojson manifest = NULL;

        if (!from->is_running(from->root, package->instance, name))
                return 0;
        if (stored_manifest_parse(query_get_text(row, 1), &manifest, err) < 0)
                return -1;
        const Revision revision = { .name = name, .manifest = manifest };
        return add_revision(from->database, package, &revision, err) < 0 ? -1 : 1;
}

/* 1 where there are any. */
static int add_all_running(const PackageGrantsSource *from, Package *package, Error *err) {
        autoquery query = QUERY_INIT;
        int more, count = 0;

        if (!from->is_running)
                return 0;
        if (query_open(from->database, &query, err,
                       "SELECT revision, manifest FROM revision WHERE instance = ?1 AND revision "
                       "<> ?2 AND confinement <> 'classic' ORDER BY revision",
                       "ss", package->instance, package->revision) < 0)
                return -1;
        while (count < OTHER_COUNT_MAX && (more = query_next(&query, err)) != 0) {
                int added = more < 0 ? -1 : add_running(from, package, &query, err);
                if (added < 0)
                        return -1;
                count += added;
        }
        return count > 0;
}

static int load_programs(const PackageGrantsSource *from, Package *package, Error *err) {
        const Revision current = { .name = package->revision,
                                   .is_current = true,
                                   .manifest = package->manifest };

        if (make_room(from->database, package, err) < 0 ||
            add_revision(from->database, package, &current, err) < 0)
                return -1;
        return add_all_running(from, package, err);
}

int package_grants_compile(const PackageGrantsSource *from, WorldPackage *package,
                           int64_t *ret_epoch, Error *err) {
        __attribute__((cleanup(package_done))) Package read = { .instance = package->instance };

        *ret_epoch = 0;
        if (load_row(from->database, &read, err) < 0)
                return -1;
        *ret_epoch = read.epoch;
        int is_wider = read.has_programs ? load_programs(from, &read, err) : 0;
        if (is_wider < 0)
                return -1;
        const BackendInput input = { .instance = read.instance,
                                     .name = read.name ? read.name : read.instance,
                                     .is_devmode = read.is_devmode,
                                     .profile = generation_builtin.profile,
                                     .programs = read.programs,
                                     .program_count = read.count };
        package->is_wider = is_wider > 0;
        world_package_compile(package, &input, from->root);
        return 0;
}
