/* SPDX-License-Identifier: Apache-2.0 */
#include "world/package-grants.h"

#include "interface/grant.h"
#include "interface/stored-manifest.h"
#include "wire/generation.h"

#define PROGRAM_COUNT_MAX 1000

typedef struct Package {
        const char *instance;
        char *name, *revision; /* owned */
        int64_t epoch;
        bool is_devmode;
        bool has_programs; /* that are confined, and may be started */
        json_t *manifest;
        GrantSet *grants; /* of each program */
        BackendProgram *programs;
        size_t count;
} Package;

static void package_done(Package *package) {
        for (size_t i = 0; i < package->count; i++) {
                grant_set_done(&package->grants[i]);
                free((char *)(uintptr_t)package->programs[i].label);
        }
        free(package->grants);
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

static int add_program(Database *database, Package *package, const Query *row, Error *err) {
        bool is_hook = query_get_int(row, 1) != 0;
        const char *program = query_get_text(row, 0);
        const GrantRequest request = { .instance = package->instance,
                                       .name = package->name,
                                       .manifest = package->manifest,
                                       .program = program,
                                       .is_hook = is_hook };

        if (package->count == PROGRAM_COUNT_MAX)
                return error_set(err, ERROR_TOO_LARGE, "more than %d programs", PROGRAM_COUNT_MAX);
        if (grant_set_load(database, &request, &package->grants[package->count], err) < 0)
                return error_prefix(err, "%s.%s", package->instance, program);
        package->programs[package->count] = (BackendProgram){
                .label = string_format("snap.%s.%s%s", package->instance, is_hook ? "hook." : "",
                                       program),
                .grants = &package->grants[package->count],
        };
        package->count++;
        return 0;
}

#define SQL_PROGRAMS                                                                          \
        "SELECT name, 0 AS is_hook FROM app WHERE instance = ?1 AND revision = ?2 UNION ALL " \
        "SELECT name, 1 FROM hook WHERE instance = ?1 AND revision = ?2 ORDER BY is_hook, name"

static int load_programs(Database *database, Package *package, Error *err) {
        autoquery query = QUERY_INIT;
        int64_t count = 0;
        int more;

        if (database_find_int(database, &count, err, "SELECT count(*) FROM (" SQL_PROGRAMS ")",
                              "ss", package->instance, package->revision) < 0 ||
            query_open(database, &query, err, SQL_PROGRAMS, "ss", package->instance,
                       package->revision) < 0)
                return -1;
        package->grants = memory_new(((size_t)count + 1) * sizeof(*package->grants));
        package->programs = memory_new(((size_t)count + 1) * sizeof(*package->programs));
        while ((more = query_next(&query, err)) > 0)
                if (add_program(database, package, &query, err) < 0)
                        return -1;
        return more;
}

int package_grants_compile(Database *database, const char *root, WorldPackage *package,
                           int64_t *ret_epoch, Error *err) {
        __attribute__((cleanup(package_done))) Package from = { .instance = package->instance };

        *ret_epoch = 0;
        if (load_row(database, &from, err) < 0)
                return -1;
        *ret_epoch = from.epoch;
        if (from.has_programs && load_programs(database, &from, err) < 0)
                return -1;
        const BackendInput input = { .instance = from.instance,
                                     .name = from.name ? from.name : from.instance,
                                     .is_devmode = from.is_devmode,
                                     .profile = generation_builtin.profile,
                                     .programs = from.programs,
                                     .program_count = from.count };
        world_package_compile(package, &input, root);
        return 0;
}
