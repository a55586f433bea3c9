/* SPDX-License-Identifier: Apache-2.0
 *
 * Setting: what is configured of the system itself ("refresh.retain"), as rows of the state: its
 * key and its value as text.  One table says which there are and what each takes; a stored value
 * that makes no sense counts as none.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "state/database.h"

typedef enum SettingType {
        SETTING_BOOL,
        SETTING_COUNT,
        SETTING_WORD,
        SETTING_TYPE_COUNT,
} SettingType;

typedef struct SettingInfo {
        const char *key; /* ends in "." where an instance's name follows */
        SettingType type;
        int64_t min, max;         /* SETTING_COUNT */
        const char *const *words; /* SETTING_WORD; ends at NULL */
        const char *fallback;     /* what counts while it is not set; NULL: another setting says */
} SettingInfo;

extern const SettingInfo SETTINGS[];
extern const size_t SETTING_KEY_COUNT;

/* What becomes of a refresh while programs of the snap run. */
typedef enum RunningApps {
        RUNNING_AS_SET, /* by a request that says nothing: the settings do */
        RUNNING_REFUSE,
        RUNNING_DEFER, /* it is prepared, and goes on when the last of them has ended */
        RUNNING_IGNORE,
        RUNNING_APPS_COUNT,
} RunningApps;

/* The text that is stored for a value a client gave: JSON's own or, as clients send both, a string
 * of it.  Fails saying what the setting takes. */
int setting_format_value(const char *key, const json_t *value, char **ret, Error *err);
/* A patch ({"refresh":{"retain":3}}, {"refresh.retain":3}, null = unset) as one object of full keys
 * and texts or null; all of it is checked. */
int setting_parse_patch(const json_t *patch, json_t **ret, Error *err);
/* Everything that is set, as a document: {"refresh":{"retain":3}}. */
int setting_describe(Database *database, json_t **ret, Error *err);
/* What a document has at "refresh.retain"; borrowed, NULL = nothing. */
json_t *setting_find_in(json_t *document, const char *key);

/* How many revisions a refresh leaves, the new one included: 2 … 20. */
int setting_find_retained(Database *database, size_t *ret, Error *err);
/* "experimental.NAME" is true; 1 or 0. */
int setting_has_feature(Database *database, const char *name, Error *err);
/* Of this snap where it has its own, else the system's. */
int setting_find_running_apps(Database *database, const char *instance, RunningApps *ret,
                              Error *err);
/* RUNNING_APPS_COUNT for a word that is none. */
RunningApps running_apps_parse(const char *word);
const char *running_apps_get_name(RunningApps choice);
