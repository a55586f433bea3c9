/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/revision-add.h"

#include <string.h>

#include "base/clock.h"
#include "base/text.h"
#include "interface/connection-row.h"
#include "interface/installation.h"
#include "snap/manifest.h"
#include "state/warning.h"

/* As the stock daemon keeps and repeats them. */

/* Epochs never go back, not even when a snap was removed and comes again: the highest one of
 * removed snaps is kept, and a new snap starts above it. */
#define EPOCH_FLOOR "(SELECT CAST(value AS INTEGER) FROM setting WHERE key = 'epoch-floor')"

static int add_snap(Database *database, const char *instance, const json_t *manifest, Error *err) {
        autofree char *type = NULL;
        int found = database_find_text(database, &type, err,
                                       "SELECT type FROM snap WHERE instance = ?1", "s", instance);

        if (found < 0)
                return -1;
        if (found > 0 && !string_equal(type, manifest_get_type(manifest)))
                return error_set(err, ERROR_FAILED,
                                 "cannot change the type of snap \"%s\" from %s to %s", instance,
                                 type, manifest_get_type(manifest));
        if (found > 0)
                return 0;
        return database_run(
                database, err,
                "INSERT INTO snap (instance, name, type, is_active, epoch) VALUES (?1, ?2, ?3, 0, "
                "1 + coalesce(" EPOCH_FLOOR ", 0))",
                "sss", instance, manifest_get_name(manifest), manifest_get_type(manifest));
}

static int add_apps(Database *database, const RevisionDraft *draft, const json_t *apps,
                    Error *err) {
        const char *name;
        json_t *app;

        json_object_foreach((json_t *)(uintptr_t)apps, name, app) {
                const char *daemon = json_get_string(app, "daemon", NULL);
                if (database_run(
                            database, err,
                            "INSERT INTO app (instance, revision, name, command, daemon) VALUES (?1, "
                            "?2, ?3, ?4, ?5)",
                            "sssss", draft->instance, draft->revision, name,
                            json_get_string(app, "command", ""),
                            daemon && *daemon ? daemon : NULL) < 0)
                        return -1;
        }
        return 0;
}

static int add_hooks(Database *database, const RevisionDraft *draft, Error *err) {
        const json_t *hooks = json_object_get(draft->report, "hooks");
        json_t *hook;
        size_t i;

        json_array_foreach(hooks, i, hook) {
                if (json_is_string(hook) &&
                    database_run(
                            database, err,
                            "INSERT OR IGNORE INTO hook (instance, revision, name) VALUES (?1, ?2, ?3)",
                            "sss", draft->instance, draft->revision, json_string_value(hook)) < 0)
                        return -1;
        }
        return 0;
}

static int add_endpoints(Database *database, const RevisionDraft *draft, const char *side,
                         const json_t *endpoints, Error *err) {
        const char *name;
        json_t *endpoint;

        json_object_foreach((json_t *)(uintptr_t)endpoints, name, endpoint) {
                json_t *attributes = json_object_get(endpoint, "attrs");
                autofree char *text = json_is_object(attributes) ? json_format_canonical(attributes)
                                                                 : string_copy("{}");
                if (database_run(
                            database, err,
                            "INSERT INTO endpoint (instance, revision, side, name, interface, label, "
                            "attributes) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                            "sssssss", draft->instance, draft->revision, side, name,
                            json_get_string(endpoint, "interface", name),
                            json_get_string(endpoint, "label", ""), text) < 0)
                        return -1;
        }
        return 0;
}

static int add_row(Database *database, const RevisionDraft *draft, const json_t *manifest,
                   Error *err) {
        autofree char *text = json_format_canonical(manifest);

        return database_run(
                database, err,
                "INSERT INTO revision (instance, revision, position, file, size, sha3_384, version, base, "
                "confinement, manifest, raw_manifest, installed_at) VALUES (?1, ?2, 1 + (SELECT "
                "coalesce(max(position), 0) FROM revision WHERE instance = ?1), ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
                "?10, ?11)",
                "sssissssssi", draft->instance, draft->revision, draft->file,
                json_get_int(draft->report, "size", 0),
                json_get_string(draft->report, "sha3-384", ""),
                json_get_string(manifest, "version", ""), json_get_string(manifest, "base", ""),
                manifest_get_confinement(manifest), text, json_get_string(draft->report, "raw", ""),
                clock_get_wall());
}

/* Its plugs and slots that are wrong take no part: said once, as the package is installed all the
 * same. */
static int add_warning(Database *database, const char *instance, const json_t *manifest,
                       Error *err) {
        autofree char *message = installation_format_bad(instance, manifest);

        if (!message)
                return 0;
        return warning_add(database, message, clock_get_wall(), err);
}

int revision_add(Database *database, const RevisionDraft *draft, Error *err) {
        const json_t *manifest = json_object_get(draft->report, "manifest");

        if (add_snap(database, draft->instance, manifest, err) < 0)
                return -1;
        if (add_row(database, draft, manifest, err) < 0)
                return -1;
        if (add_apps(database, draft, json_object_get(manifest, "apps"), err) < 0)
                return -1;
        if (add_hooks(database, draft, err) < 0)
                return -1;
        if (add_endpoints(database, draft, "plug", json_object_get(manifest, "plugs"), err) < 0)
                return -1;
        if (add_endpoints(database, draft, "slot", json_object_get(manifest, "slots"), err) < 0)
                return -1;
        return add_warning(database, draft->instance, manifest, err);
}

int revision_remove(Database *database, const char *instance, const char *revision, Error *err) {
        int64_t left = 0;

        if (database_run(database, err,
                         "DELETE FROM revision WHERE instance = ?1 AND revision = ?2", "ss",
                         instance, revision) < 0)
                return -1;
        if (database_find_int(database, &left, err,
                              "SELECT count(*) FROM revision WHERE instance = ?1", "s",
                              instance) < 0)
                return -1;
        if (left > 0)
                return 0;
        if (database_run(database, err,
                         "INSERT INTO setting (key, value) SELECT 'epoch-floor', max(epoch + 1, "
                         "coalesce(" EPOCH_FLOOR ", 0)) FROM snap WHERE instance = ?1 AND true "
                         "ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                         "s", instance) < 0)
                return -1;
        /* Those of another lane of the same change: every other one was disconnected before. */
        if (connection_delete_all(database, instance, err) < 0)
                return -1;
        return database_run(database, err, "DELETE FROM snap WHERE instance = ?1", "s", instance) <
                               0
                       ? -1
                       : 0;
}

/* --- save and restore: one row of JSON objects per table --- */

typedef struct SavedTable {
        const char *name;
        const char *save;    /* ?1 instance, ?2 revision; an array of objects */
        const char *restore; /* ?1 that array */
} SavedTable;

/* In the order of restoring. */
static const SavedTable TABLES[] = {
        { "snap",
          "SELECT json_group_array(json_object('instance', instance, 'name', name, 'type', type, 'is_active', "
          "is_active, 'tracking', tracking, 'is_devmode', is_devmode, 'is_jailmode', is_jailmode, "
          "'is_classic', is_classic, 'is_try', is_try, 'epoch', epoch, 'switched_at', switched_at, 'current', "
          "current)) FROM snap WHERE instance = ?1 AND ?2 <> ''",
          /* Only where the last revision took it along. */
          "INSERT OR IGNORE INTO snap (instance, name, type, is_active, tracking, is_devmode, is_jailmode, "
          "is_classic, is_try, epoch, switched_at, current) SELECT value->>'instance', value->>'name', "
          "value->>'type', value->>'is_active', value->>'tracking', value->>'is_devmode', "
          "value->>'is_jailmode', value->>'is_classic', value->>'is_try', "
          "max((value->>'epoch') + 1, coalesce(" EPOCH_FLOOR ", 0) + 1), value->>'switched_at', "
          "value->>'current' FROM json_each(?1)" },
        { "revision",
          "SELECT json_group_array(json_object('instance', instance, 'revision', revision, 'position', position, "
          "'file', file, 'size', size, 'sha3_384', sha3_384, 'version', version, 'base', base, 'confinement', "
          "confinement, 'snap_id', snap_id, 'manifest', manifest, 'raw_manifest', raw_manifest, 'is_blocked', "
          "is_blocked, 'installed_at', installed_at)) FROM revision WHERE instance = ?1 AND revision = ?2",
          "INSERT INTO revision (instance, revision, position, file, size, sha3_384, version, base, "
          "confinement, snap_id, manifest, raw_manifest, is_blocked, installed_at) SELECT value->>'instance', "
          "value->>'revision', value->>'position', value->>'file', value->>'size', value->>'sha3_384', "
          "value->>'version', value->>'base', value->>'confinement', value->>'snap_id', value->>'manifest', "
          "value->>'raw_manifest', value->>'is_blocked', value->>'installed_at' FROM json_each(?1)" },
        { "app",
          "SELECT json_group_array(json_object('instance', instance, 'revision', revision, 'name', name, "
          "'command', command, 'daemon', daemon)) FROM app WHERE instance = ?1 AND revision = ?2",
          "INSERT INTO app (instance, revision, name, command, daemon) SELECT value->>'instance', "
          "value->>'revision', value->>'name', value->>'command', value->>'daemon' FROM json_each(?1)" },
        { "hook",
          "SELECT json_group_array(json_object('instance', instance, 'revision', revision, 'name', name)) "
          "FROM hook WHERE instance = ?1 AND revision = ?2",
          "INSERT INTO hook (instance, revision, name) SELECT value->>'instance', value->>'revision', "
          "value->>'name' FROM json_each(?1)" },
        { "endpoint",
          "SELECT json_group_array(json_object('instance', instance, 'revision', revision, 'side', side, 'name', "
          "name, 'interface', interface, 'label', label, 'attributes', attributes)) FROM endpoint WHERE "
          "instance = ?1 AND revision = ?2",
          "INSERT INTO endpoint (instance, revision, side, name, interface, label, attributes) SELECT "
          "value->>'instance', value->>'revision', value->>'side', value->>'name', value->>'interface', "
          "value->>'label', value->>'attributes' FROM json_each(?1)" },
};

int revision_save(Database *database, const char *instance, const char *revision, json_t **ret,
                  Error *err) {
        autojson saved = json_object();

        for (size_t i = 0; i < ARRAY_COUNT(TABLES); i++) {
                autofree char *rows = NULL;
                if (database_find_text(database, &rows, err, TABLES[i].save, "ss", instance,
                                       revision) < 0)
                        return -1;
                json_put(saved, TABLES[i].name, json_string(rows ? rows : "[]"));
        }
        *ret = take(saved);
        return 0;
}

int revision_restore(Database *database, const json_t *saved, Error *err) {
        for (size_t i = 0; i < ARRAY_COUNT(TABLES); i++)
                if (database_run(database, err, TABLES[i].restore, "s",
                                 json_get_string(saved, TABLES[i].name, "[]")) < 0)
                        return -1;
        return 0;
}
