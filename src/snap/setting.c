/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/setting.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/name.h"
#include "base/text.h"

#define RETAINED_MIN 2 /* the one to go back to is never given up */
#define RETAINED_MAX 20

static const char *const RUNNING_WORDS[RUNNING_APPS_COUNT + 1] = { [RUNNING_REFUSE] = "refuse",
                                                                   [RUNNING_DEFER] = "defer",
                                                                   [RUNNING_IGNORE] = "ignore" };

const SettingInfo SETTINGS[] = {
        { .key = "experimental.parallel-instances", .type = SETTING_BOOL, .fallback = "false" },
        { .key = "refresh.retain",
          .type = SETTING_COUNT,
          .min = RETAINED_MIN,
          .max = RETAINED_MAX,
          .fallback = "2" },
        { .key = "refresh.running-apps",
          .type = SETTING_WORD,
          .words = RUNNING_WORDS + 1,
          .fallback = "refuse" },
        { .key = "refresh.running-apps-for.", .type = SETTING_WORD, .words = RUNNING_WORDS + 1 },
};
const size_t SETTING_KEY_COUNT = ARRAY_COUNT(SETTINGS);

/* NULL: there is no such setting. */
static const SettingInfo *find_info(const char *key) {
        for (size_t i = 0; i < SETTING_KEY_COUNT; i++) {
                size_t length = strlen(SETTINGS[i].key);
                bool is_named = SETTINGS[i].key[length - 1] == '.';
                if (is_named ? strncmp(key, SETTINGS[i].key, length) == 0 &&
                                       name_is_instance(key + length)
                             : string_equal(key, SETTINGS[i].key))
                        return &SETTINGS[i];
        }
        return NULL;
}

/* --- values --- */

static bool is_bool(const SettingInfo *info, const char *text) {
        (void)info;
        return string_equal(text, "true") || string_equal(text, "false");
}

static bool is_count(const SettingInfo *info, const char *text) {
        uint64_t value = 0;
        Error ignored;

        return string_parse_u64(text, (uint64_t)info->max, &value, &ignored) >= 0 &&
               value >= (uint64_t)info->min;
}

static bool is_word(const SettingInfo *info, const char *text) {
        for (const char *const *word = info->words; *word; word++)
                if (string_equal(*word, text))
                        return true;
        return false;
}

static char *explain_bool(const SettingInfo *info) {
        (void)info;
        return string_copy("true or false");
}

static char *explain_count(const SettingInfo *info) {
        return string_format("a number from %" PRId64 " to %" PRId64, info->min, info->max);
}

static char *explain_word(const SettingInfo *info) {
        autotext text = TEXT_INIT;

        for (const char *const *word = info->words; *word; word++)
                text_append_format(&text, "%s%s",
                                   word == info->words ? ""
                                   : word[1]           ? ", "
                                                       : " or ",
                                   *word);
        return text_take(&text);
}

static const struct {
        bool (*takes)(const SettingInfo *info, const char *text);
        char *(*explain)(const SettingInfo *info);
} TYPES[SETTING_TYPE_COUNT] = {
        [SETTING_BOOL] = { is_bool, explain_bool },
        [SETTING_COUNT] = { is_count, explain_count },
        [SETTING_WORD] = { is_word, explain_word },
};

static int refuse_unknown(const char *key, Error *err) {
        return error_set(
                err, ERROR_BAD_REQUEST,
                "unsupported system option \"%.100s\" (those there are: man pawl, SETTINGS)", key);
}

int setting_format_value(const char *key, const json_t *value, char **ret, Error *err) {
        const SettingInfo *info = find_info(key);
        autofree char *text = NULL;

        if (!info)
                return refuse_unknown(key, err);
        if (json_is_string(value))
                text = string_copy(json_string_value(value));
        else
                text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        if (text && TYPES[info->type].takes(info, text)) {
                *ret = take(text);
                return 0;
        }
        autofree char *wanted = TYPES[info->type].explain(info);
        return error_set(err, ERROR_BAD_REQUEST, "cannot set \"%s\" to %.60s: it takes %s", key,
                         text && *text ? text : "nothing", wanted);
}

/* --- patches --- */

/* A whole branch may be unset. */
static bool is_branch(const char *key) {
        size_t length = strlen(key);

        for (size_t i = 0; i < SETTING_KEY_COUNT; i++)
                if (strncmp(SETTINGS[i].key, key, length) == 0 && SETTINGS[i].key[length] == '.')
                        return true;
        return false;
}

static int add_value(const char *key, const json_t *value, json_t *flat, Error *err) {
        const char *word = json_string_value(value);
        bool is_unset = json_is_null(value) || (word && !*word);
        autofree char *text = NULL;

        if (is_unset && !find_info(key) && !is_branch(key))
                return refuse_unknown(key, err);
        if (!is_unset && setting_format_value(key, value, &text, err) < 0)
                return -1;
        json_put(flat, key, text ? json_string(text) : json_null());
        return 0;
}

static int flatten(const json_t *patch, const char *prefix, json_t *flat, Error *err) {
        const char *name;
        json_t *value;

        /* As deep as the parser let it be. */
        json_object_foreach((json_t *)(uintptr_t)patch, name, value) {
                autofree char *key = string_format("%s%s%s", prefix, *prefix ? "." : "", name);
                int outcome = json_is_object(value) ? flatten(value, key, flat, err)
                                                    : add_value(key, value, flat, err);
                if (outcome < 0)
                        return -1;
        }
        return 0;
}

int setting_parse_patch(const json_t *patch, json_t **ret, Error *err) {
        autojson flat = json_object();

        if (!json_is_object(patch))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot decode request body into patch values: it is not an "
                                 "object");
        if (flatten(patch, "", flat, err) < 0)
                return -1;
        *ret = take(flat);
        return 0;
}

/* --- the document --- */

/* Numbers and truths as such; what this build does not know, as the text that it is. */
static json_t *format_json(const char *key, const char *text) {
        const SettingInfo *info = find_info(key);
        autojson value = NULL;
        Error ignored;

        if (info && info->type != SETTING_WORD &&
            json_parse(text, strlen(text), &value, &ignored) == 0)
                return take(value);
        return json_string(text);
}

static void put_deep(json_t *document, const char *key, json_t *owned_value) {
        const char *dot = strchr(key, '.');

        if (!dot) {
                json_put(document, key, owned_value);
                return;
        }
        autofree char *name = string_copy_length(key, (size_t)(dot - key));
        json_t *inner = json_object_get(document, name);
        if (!json_is_object(inner)) {
                inner = json_object();
                json_put(document, name, inner);
        }
        put_deep(inner, dot + 1, owned_value);
}

int setting_describe(Database *database, json_t **ret, Error *err) {
        autoquery query = QUERY_INIT;
        autojson document = json_object();
        int more;

        if (query_open(database, &query, err, "SELECT key, value FROM setting ORDER BY key", "") <
            0)
                return -1;
        /* The daemon keeps things of its own beside them. */
        while ((more = query_next(&query, err)) > 0)
                if (find_info(query_get_text(&query, 0)) != NULL)
                        put_deep(document, query_get_text(&query, 0),
                                 format_json(query_get_text(&query, 0), query_get_text(&query, 1)));
        if (more < 0)
                return -1;
        *ret = take(document);
        return 0;
}

json_t *setting_find_in(json_t *document, const char *key) {
        json_t *at = document;

        for (const char *rest = key; at && rest; rest = strchr(rest, '.')) {
                rest += *rest == '.';
                autofree char *name = string_copy_length(rest, strcspn(rest, "."));
                at = json_object_get(at, name);
        }
        return at;
}

/* --- what others ask --- */

/* 1 with a value that makes sense. */
static int find(Database *database, const char *key, char **ret, Error *err) {
        const SettingInfo *info = find_info(key);
        autofree char *text = NULL;
        int found = database_find_text(database, &text, err,
                                       "SELECT value FROM setting WHERE key = ?1", "s", key);

        if (found <= 0 || !info || !TYPES[info->type].takes(info, text))
                return found < 0 ? -1 : 0;
        *ret = take(text);
        return 1;
}

/* `info` has a fallback. */
static int find_or_fallback(Database *database, const char *key, char **ret, Error *err) {
        const SettingInfo *info = find_info(key);
        int found = find(database, key, ret, err);

        assert(info && info->fallback);
        if (found == 0)
                *ret = string_copy(info->fallback);
        return found < 0 ? -1 : 0;
}

int setting_find_retained(Database *database, size_t *ret, Error *err) {
        autofree char *text = NULL;
        uint64_t value = RETAINED_MIN;

        if (find_or_fallback(database, "refresh.retain", &text, err) < 0 ||
            string_parse_u64(text, RETAINED_MAX, &value, err) < 0)
                return -1;
        *ret = (size_t)value;
        return 0;
}

int setting_has_feature(Database *database, const char *name, Error *err) {
        autofree char *key = string_format("experimental.%s", name);
        autofree char *text = NULL;
        int found = find(database, key, &text, err);

        return found > 0 ? string_equal(text, "true") : found;
}

RunningApps running_apps_parse(const char *word) {
        RunningApps choice = RUNNING_REFUSE;

        while (choice < RUNNING_APPS_COUNT && !string_equal(RUNNING_WORDS[choice], word))
                choice++;
        return choice;
}

const char *running_apps_get_name(RunningApps choice) {
        return RUNNING_WORDS[choice];
}

int setting_find_running_apps(Database *database, const char *instance, RunningApps *ret,
                              Error *err) {
        autofree char *key = string_format("refresh.running-apps-for.%s", instance);
        autofree char *text = NULL;
        int found = find(database, key, &text, err);

        if (found == 0)
                found = find_or_fallback(database, "refresh.running-apps", &text, err);
        if (found < 0)
                return -1;
        *ret = running_apps_parse(text);
        return 0;
}
