/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/launch-target.h"

#include <assert.h>
#include <string.h>

#include "base/text.h"
#include "interface/stored-manifest.h"

#define SQL_SNAP                                                                                  \
        "SELECT s.name, s.type, s.epoch, s.current, s.paused_by, s.is_devmode, s.is_jailmode, "   \
        "s.is_classic, s.is_active, r.file, r.base, r.version, r.confinement, r.manifest "        \
        "FROM snap s LEFT JOIN revision r ON r.instance = s.instance AND r.revision = s.current " \
        "WHERE s.instance = ?"
#define SQL_BASE                                                                      \
        "SELECT s.current, r.file, s.epoch, s.type FROM snap s JOIN revision r "      \
        "ON r.instance = s.instance AND r.revision = s.current WHERE s.instance = ? " \
        "AND s.is_active = 1"
#define SQL_APP \
        "SELECT daemon IS NOT NULL FROM app WHERE instance = ? AND revision = ? AND name = ?"
/* As they are typed: the one that is named like its package by that name alone. */
#define SQL_APPS                                                                               \
        "SELECT group_concat(typed, ', ') FROM (SELECT iif(name = ?3, ?1, ?1 || '.' || name) " \
        "AS typed FROM app WHERE instance = ?1 AND revision = ?2 ORDER BY typed)"
#define SQL_HOOK "SELECT 1 FROM hook WHERE instance = ? AND revision = ? AND name = ?"
#define SQL_OLDER                                                                                \
        "SELECT group_concat(revision) FROM (SELECT revision FROM revision WHERE instance = ?1 " \
        "AND is_blocked = 0 AND position < (SELECT position FROM revision WHERE instance = ?1 "  \
        "AND revision = ?2) ORDER BY position DESC)"
#define SQL_CURRENT                                                                \
        "SELECT 1 FROM snap WHERE instance = ? AND current = ? AND epoch = ? AND " \
        "is_active = 1 AND paused_by IS NULL"

static void snap_done(TargetSnap *snap) {
        free(snap->instance);
        free(snap->revision);
        free(snap->file);
}

void target_done(Target *target) {
        snap_done(&target->snap);
        snap_done(&target->base);
        free(target->name);
        free(target->version);
        free(target->program);
        free(target->older);
        json_decref(target->manifest);
        grant_set_done(&target->grants);
        *target = TARGET_INIT;
}

static char *copy_column(const Query *query, int column) {
        const char *text = query_get_text(query, column);

        return text ? string_copy(text) : NULL;
}

/* "snap.app" → both; "snap" is its app of the same name. */
static void split_command(const LaunchRequest *request, Target *ret) {
        const char *dot = request->command ? strchr(request->command, '.') : NULL;

        ret->is_hook = request->hook != NULL;
        if (ret->is_hook) {
                ret->snap.instance = string_copy(request->instance);
                ret->program = string_copy(request->hook);
                return;
        }
        assert(request->command);
        ret->snap.instance =
                dot ? string_copy_length(request->command, (size_t)(dot - request->command))
                    : string_copy(request->command);
        if (dot)
                ret->program = string_copy(dot + 1);
        else
                ret->program = string_copy_length(request->command, strcspn(request->command, "_"));
}

/* What of the row forbids a launch, as a person is told it. */
static int check_snap_row(const Query *query, const char *instance, Error *err) {
        if (query_is_null(query, 3))
                return error_set(err, ERROR_SNAP_NOT_INSTALLED,
                                 "snap \"%s\" is not installed yet: its change is still running",
                                 instance);
        if (query_get_int(query, 8) == 0)
                return error_set(err, ERROR_FORBIDDEN,
                                 "snap \"%s\" is disabled; enable it: pawl enable %s", instance,
                                 instance);
        if (query_get_int(query, 7) != 0 || string_equal(query_get_text(query, 12), "classic"))
                return error_set(err, ERROR_NOT_IMPLEMENTED,
                                 "snap \"%s\" uses classic confinement, which this version of "
                                 "pawl cannot launch",
                                 instance);
        return 0;
}

/* The base's name is returned by `ret_base`: "core" where the manifest names none. */
static int load_snap(Database *database, Target *ret, char **ret_base, Error *err) {
        autoquery query = QUERY_INIT;
        const char *instance = ret->snap.instance;

        if (query_open(database, &query, err, SQL_SNAP, "s", instance) < 0)
                return -1;
        int found = query_next(&query, err);
        if (found < 0)
                return -1;
        if (found == 0)
                return error_set(err, ERROR_SNAP_NOT_INSTALLED,
                                 "snap \"%s\" is not installed; install it from its file: "
                                 "pawl install --dangerous FILE",
                                 instance);
        if (check_snap_row(&query, instance, err) < 0)
                return -1;
        ret->name = copy_column(&query, 0);
        ret->snap.epoch = query_get_int(&query, 2);
        ret->snap.revision = copy_column(&query, 3);
        ret->is_paused = !query_is_null(&query, 4);
        ret->is_devmode = (query_get_int(&query, 5) != 0 ||
                           string_equal(query_get_text(&query, 12), "devmode")) &&
                          query_get_int(&query, 6) == 0;
        ret->snap.file = copy_column(&query, 9);
        ret->version = copy_column(&query, 11);
        const char *type = query_get_text(&query, 1);
        const char *base = query_get_text(&query, 10);
        bool is_base = string_equal(type, "os") || string_equal(type, "base");
        *ret_base = string_copy(is_base ? instance : *base ? base : "core");
        return stored_manifest_parse(query_get_text(&query, 13), &ret->manifest, err);
}

static int load_base(Database *database, const char *name, Target *ret, Error *err) {
        autoquery query = QUERY_INIT;

        if (string_equal(name, "none"))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "snap \"%s\" has base \"none\" and can run nothing",
                                 ret->snap.instance);
        if (query_open(database, &query, err, SQL_BASE, "s", name) < 0)
                return -1;
        int found = query_next(&query, err);
        if (found < 0)
                return -1;
        if (found == 0 || query_is_null(&query, 1))
                return error_set(err, ERROR_SNAP_NOT_INSTALLED,
                                 "snap \"%s\" needs the base \"%s\", which is not installed; "
                                 "install it from its file: pawl install --dangerous FILE",
                                 ret->snap.instance, name);
        const char *type = query_get_text(&query, 3);
        if (!string_equal(type, "base") && !string_equal(type, "os"))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "snap \"%s\" names \"%s\" as its base, which is not one",
                                 ret->snap.instance, name);
        ret->base = (TargetSnap){ .instance = string_copy(name),
                                  .revision = copy_column(&query, 0),
                                  .file = copy_column(&query, 1),
                                  .epoch = query_get_int(&query, 2) };
        return 0;
}

static int refuse_program(Database *database, const Target *target, Error *err) {
        autofree char *apps = NULL;

        if (target->is_hook)
                return error_set(err, ERROR_APP_NOT_FOUND, "cannot find hook \"%s\" in \"%s\"",
                                 target->program, target->snap.instance);
        if (database_find_text(database, &apps, err, SQL_APPS, "sss", target->snap.instance,
                               target->snap.revision, target->name) < 0)
                return -1;
        return error_set(err, ERROR_APP_NOT_FOUND, "cannot find app \"%s\" in \"%s\"; %s%.200s",
                         target->program, target->snap.instance,
                         apps && *apps ? "it has " : "it has no apps", apps ? apps : "");
}

static int load_program(Database *database, Target *ret, Error *err) {
        int64_t is_service = 0;
        int found = database_find_int(database, &is_service, err, ret->is_hook ? SQL_HOOK : SQL_APP,
                                      "sss", ret->snap.instance, ret->snap.revision, ret->program);

        if (found < 0)
                return -1;
        if (found == 0)
                return refuse_program(database, ret, err);
        ret->is_service = !ret->is_hook && is_service;
        return database_find_text(database, &ret->older, err, SQL_OLDER, "ss", ret->snap.instance,
                                  ret->snap.revision) < 0
                       ? -1
                       : 0;
}

/* Whose content is shown is held still with the package: it may be copying its data. */
static int load_grants(Database *database, Target *ret, Error *err) {
        const GrantRequest request = { .instance = ret->snap.instance,
                                       .name = ret->name,
                                       .manifest = ret->manifest,
                                       .program = ret->program,
                                       .is_hook = ret->is_hook };

        if (grant_set_load(database, &request, &ret->grants, err) < 0)
                return -1;
        for (size_t i = 0; i < ret->grants.provider_count; i++)
                ret->is_paused |= ret->grants.providers[i].is_paused;
        return 0;
}

int target_find(Database *database, const LaunchRequest *request, Target *ret, Error *err) {
        autotarget target = TARGET_INIT;
        autofree char *base = NULL;

        split_command(request, &target);
        if (load_snap(database, &target, &base, err) < 0 ||
            load_program(database, &target, err) < 0 ||
            load_base(database, base, &target, err) < 0 || load_grants(database, &target, err) < 0)
                return -1;
        *ret = target;
        target = TARGET_INIT;
        return 0;
}

static int is_current(Database *database, const char *instance, const char *revision, int64_t epoch,
                      Error *err) {
        int64_t one = 0;

        return database_find_int(database, &one, err, SQL_CURRENT, "ssi", instance, revision,
                                 epoch);
}

/* Connections that come and go move the epochs of both snaps. */
int target_is_current(Database *database, const Target *target, Error *err) {
        const TargetSnap *const snaps[] = { &target->snap, &target->base };
        int current = 1;

        for (size_t i = 0; current > 0 && i < ARRAY_COUNT(snaps); i++)
                current = is_current(database, snaps[i]->instance, snaps[i]->revision,
                                     snaps[i]->epoch, err);
        for (size_t i = 0; current > 0 && i < target->grants.provider_count; i++) {
                const GrantProvider *provider = &target->grants.providers[i];
                current = is_current(database, provider->instance, provider->revision,
                                     provider->epoch, err);
        }
        return current;
}

const json_t *target_get_program(const Target *target) {
        const json_t *all = json_object_get(target->manifest, target->is_hook ? "hooks" : "apps");

        return json_object_get(all, target->program);
}

char *target_format_tag(const Target *target) {
        return string_format("snap.%s.%s%s", target->snap.instance, target->is_hook ? "hook." : "",
                             target->program);
}
