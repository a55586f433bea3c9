/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/describe-snap.h"

#include <string.h>

#include "base/clock.h"
#include "base/folder.h"
#include "base/text.h"
#include "snap/manifest.h"

#define COLUMNS                                                                                       \
        "s.instance, s.type, s.is_active, s.current = r.revision, s.tracking, s.is_devmode, "         \
        "s.is_jailmode, r.is_blocked, r.revision, r.file, r.size, r.version, r.base, r.confinement, " \
        "r.snap_id, r.manifest, CASE WHEN s.current = r.revision THEN coalesce(s.switched_at, "       \
        "r.installed_at) ELSE r.installed_at END "

/* The columns above, by name. */
enum {
        INSTANCE,
        TYPE,
        IS_ACTIVE,
        IS_CURRENT,
        TRACKING,
        IS_DEVMODE,
        IS_JAILMODE,
        IS_BLOCKED,
        REVISION,
        FILE_NAME,
        SIZE,
        VERSION,
        BASE,
        CONFINEMENT,
        SNAP_ID,
        MANIFEST,
        SHOWN_AT
};

/* --- apps --- */

static json_t *describe_app(const char *instance, const char *name, const json_t *app) {
        json_t *object = json_object();
        const char *daemon = json_get_string(app, "daemon", "");

        json_put_string(object, "snap", instance);
        json_put_string(object, "name", name);
        if (*daemon) {
                json_put_string(object, "daemon", daemon);
                json_put_string(object, "daemon-scope",
                                json_get_string(app, "daemon-scope", "system"));
        }
        json_put_string(object, "common-id", json_get_string(app, "common-id", ""));
        return object;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Appends the apps of one manifest, sorted by name. */
static void append_apps(json_t *list, const char *instance, const json_t *manifest,
                        bool services_only) {
        json_t *apps = json_object_get(manifest, "apps");
        size_t count = json_object_size(apps), at = 0;
        autofree const char **names = memory_new((count + 1) * sizeof(char *));
        const char *name;
        json_t *app;

        json_object_foreach(apps, name, app) names[at++] = name;
        if (count)
                qsort(names, count, sizeof(char *), compare_names);
        for (size_t i = 0; i < count; i++) {
                app = json_object_get(apps, names[i]);
                if (!services_only || *json_get_string(app, "daemon", ""))
                        json_array_append_new(list, describe_app(instance, names[i], app));
        }
}

static json_t *collect_common_ids(const json_t *manifest) {
        json_t *ids = json_array();
        const char *name;
        json_t *app;

        json_object_foreach(json_object_get(manifest, "apps"), name, app) {
                const char *id = json_get_string(app, "common-id", "");
                if (*id)
                        json_array_append_new(ids, json_string(id));
        }
        return ids;
}

/* --- snaps --- */

static void put_unless_empty(json_t *object, const char *key, json_t *owned_list) {
        if (json_array_size(owned_list) > 0)
                json_put(object, key, owned_list);
        else
                json_decref(owned_list);
}

/* Always there, "" where nothing is known. */
static void put_text(json_t *object, const char *key, const char *value) {
        json_put(object, key, json_string(value ? value : ""));
}

static void put_identity(json_t *snap, const Query *row, const json_t *manifest) {
        char when[CLOCK_TEXT_SIZE];

        put_text(snap, "id", query_get_text(row, SNAP_ID));
        json_put_string(snap, "title", json_get_string(manifest, "title", ""));
        put_text(snap, "summary", json_get_string(manifest, "summary", ""));
        put_text(snap, "description", json_get_string(manifest, "description", ""));
        json_put(snap, "installed-size", json_integer(query_get_int(row, SIZE)));
        json_put_string(snap, "install-date",
                        clock_format_rfc3339(query_get_int(row, SHOWN_AT), when));
        put_text(snap, "name", query_get_text(row, INSTANCE));
        put_text(snap, "developer", "");
}

static void put_status(json_t *snap, const Query *row) {
        bool is_active = query_get_int(row, IS_ACTIVE) && query_get_int(row, IS_CURRENT);

        put_text(snap, "status", is_active ? "active" : "installed");
        put_text(snap, "type", query_get_text(row, TYPE));
        json_put_string(snap, "base", query_get_text(row, BASE));
        put_text(snap, "version", query_get_text(row, VERSION));
        put_text(snap, "channel", "");
        json_put_string(snap, "tracking-channel", query_get_text(row, TRACKING));
        json_put(snap, "ignore-validation", json_false());
        put_text(snap, "revision", query_get_text(row, REVISION));
        put_text(snap, "confinement", query_get_text(row, CONFINEMENT));
        json_put(snap, "private", json_false());
        json_put(snap, "devmode", json_boolean(query_get_int(row, IS_DEVMODE)));
        json_put(snap, "jailmode", json_boolean(query_get_int(row, IS_JAILMODE)));
        if (folder_is_source(query_get_text(row, FILE_NAME)))
                json_put(snap, "trymode", json_true());
        /* Ours alone: reverted away from, so that no refresh chooses it by itself. */
        if (query_get_int(row, IS_BLOCKED))
                json_put(snap, "blocked", json_true());
}

static int describe_row(const Places *places, const Query *row, json_t **ret, Error *err) {
        const char *text = query_get_text(row, MANIFEST), *file = query_get_text(row, FILE_NAME);
        const char *instance = query_get_text(row, INSTANCE);
        autojson manifest = NULL;

        if (json_parse(text, strlen(text), &manifest, err) < 0)
                return error_prefix(err, "stored manifest of %s %s", instance,
                                    query_get_text(row, REVISION));
        json_t *snap = json_object();
        json_t *apps = json_array();
        put_identity(snap, row, manifest);
        put_status(snap, row);
        append_apps(apps, instance, manifest, false);
        put_unless_empty(snap, "apps", apps);
        put_text(snap, "contact", "");
        json_put_string(snap, "license", json_get_string(manifest, "license", ""));
        put_unless_empty(snap, "common-ids", collect_common_ids(manifest));
        if (file) {
                autofree char *path = places_format_image_path(places, file);
                json_put_string(snap, "mounted-from", path);
        }
        *ret = snap;
        return 0;
}

int describe_snap(const Places *places, Database *database, const char *instance, json_t **ret,
                  Error *err) {
        autoquery query = QUERY_INIT;

        if (query_open(database, &query, err,
                       "SELECT " COLUMNS
                       "FROM snap s JOIN revision r ON r.instance = s.instance AND r.revision "
                       "= s.current WHERE s.instance = ?1",
                       "s", instance) < 0)
                return -1;
        int found = query_next(&query, err);
        if (found <= 0)
                return found;
        return describe_row(places, &query, ret, err) < 0 ? -1 : 1;
}

static bool is_named(const json_t *names, const char *instance) {
        json_t *name;
        size_t i;

        if (!names)
                return true;
        json_array_foreach(names, i,
                           name) if (json_is_string(name) &&
                                     string_equal(json_string_value(name), instance)) return true;
        return false;
}

static bool is_selected(const Query *row, DescribeSelect select, const json_t *names) {
        bool is_current = query_get_int(row, IS_CURRENT);

        if (!is_named(names, query_get_text(row, INSTANCE)))
                return false;
        if (select == DESCRIBE_SELECT_ALL)
                return true;
        return is_current && (select == DESCRIBE_SELECT_CURRENT || query_get_int(row, IS_ACTIVE));
}

int describe_snaps(const Places *places, Database *database, DescribeSelect select,
                   const json_t *names, json_t **ret, Error *err) {
        autojson list = json_array();
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(database, &query, err,
                       "SELECT " COLUMNS
                       "FROM snap s JOIN revision r ON r.instance = s.instance WHERE "
                       "s.current IS NOT NULL ORDER BY s.instance, r.position",
                       "") < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0) {
                json_t *snap = NULL;
                if (!is_selected(&query, select, names))
                        continue;
                if (describe_row(places, &query, &snap, err) < 0)
                        return -1;
                json_array_append_new(list, snap);
        }
        if (more < 0)
                return -1;
        *ret = take(list);
        return 0;
}

int describe_apps(Database *database, const char *instance, bool services_only, json_t **ret,
                  Error *err) {
        autojson list = json_array();
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(
                    database, &query, err,
                    "SELECT s.instance, r.manifest FROM snap s JOIN revision r ON r.instance = s.instance "
                    "AND r.revision = s.current WHERE ?1 IS NULL OR s.instance = ?1 ORDER BY s.instance",
                    "s", instance) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0) {
                const char *text = query_get_text(&query, 1);
                autojson manifest = NULL;
                if (json_parse(text, strlen(text), &manifest, err) < 0)
                        return -1;
                append_apps(list, query_get_text(&query, 0), manifest, services_only);
        }
        if (more < 0)
                return -1;
        *ret = take(list);
        return 0;
}
