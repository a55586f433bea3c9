/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/report-check.h"

#include <string.h>

#include "base/name.h"
#include "base/text.h"

typedef struct MemberRule {
        const char *key;
        json_type type;
        /* Of a string; of the keys of an object; of the strings of a list.  NULL: any. */
        bool (*is_name)(const char *);
        unsigned values; /* of an object or list: TYPE(what), 0: any */
} MemberRule;

#define TYPE(type) (1U << (type))

static bool is_type(const char *word) {
        static const char *const words[] = { "app",    "application", "base", "os",
                                             "kernel", "gadget",      "snapd" };

        for (size_t i = 0; i < ARRAY_COUNT(words); i++)
                if (string_equal(words[i], word))
                        return true;
        return false;
}

static bool is_confinement(const char *word) {
        return string_equal(word, "strict") || string_equal(word, "devmode") ||
               string_equal(word, "classic");
}

static bool is_base(const char *word) {
        return !*word || name_is_snap(word);
}

static bool is_one_component(const char *word) {
        return *word && !strchr(word, '/') && word[0] != '.';
}

static const MemberRule REPORT_RULES[] = {
        { "manifest", JSON_OBJECT },
        { "raw", JSON_STRING },
        { "hooks", JSON_ARRAY, is_one_component, TYPE(JSON_STRING) },
        { "desktop", JSON_ARRAY, NULL, TYPE(JSON_OBJECT) },
        { "icons", JSON_ARRAY, NULL, TYPE(JSON_OBJECT) },
        { "findings", JSON_ARRAY, NULL, TYPE(JSON_STRING) },
};

static const MemberRule MANIFEST_RULES[] = {
        { "name", JSON_STRING, name_is_snap },
        { "version", JSON_STRING, name_is_version },
        { "type", JSON_STRING, is_type },
        { "base", JSON_STRING, is_base },
        { "confinement", JSON_STRING, is_confinement },
        { "title", JSON_STRING },
        { "summary", JSON_STRING },
        { "description", JSON_STRING },
        { "license", JSON_STRING },
        { "architectures", JSON_ARRAY, NULL, TYPE(JSON_STRING) },
        { "assumes", JSON_ARRAY, NULL, TYPE(JSON_STRING) },
        { "epoch", JSON_OBJECT, NULL, TYPE(JSON_ARRAY) },
        { "environment", JSON_ARRAY, NULL, TYPE(JSON_ARRAY) },
        { "apps", JSON_OBJECT, name_is_app, TYPE(JSON_OBJECT) },
        { "hooks", JSON_OBJECT, name_is_hook, TYPE(JSON_OBJECT) },
        { "plugs", JSON_OBJECT, name_is_hook, TYPE(JSON_OBJECT) },
        { "slots", JSON_OBJECT, name_is_hook, TYPE(JSON_OBJECT) },
        { "layout", JSON_OBJECT, NULL, TYPE(JSON_OBJECT) },
        { "polkit", JSON_ARRAY, NULL, TYPE(JSON_OBJECT) },
};

static const MemberRule APP_RULES[] = {
        { "command", JSON_STRING },
        { "command-chain", JSON_ARRAY, NULL, TYPE(JSON_STRING) },
        { "environment", JSON_ARRAY, NULL, TYPE(JSON_ARRAY) },
        { "plugs", JSON_ARRAY, NULL, TYPE(JSON_STRING) },
        { "slots", JSON_ARRAY, NULL, TYPE(JSON_STRING) },
};

static const MemberRule ENDPOINT_RULES[] = {
        { "interface", JSON_STRING, name_is_hook },
        { "label", JSON_STRING },
        { "attrs", JSON_OBJECT },
        { "apps", JSON_ARRAY, NULL, TYPE(JSON_STRING) },
        { "hooks", JSON_ARRAY, NULL, TYPE(JSON_STRING) },
};

static bool has_type(const MemberRule *rule, const json_t *value) {
        return !rule->values || rule->values == TYPE(json_typeof(value));
}

static bool is_right(const MemberRule *rule, json_t *value) {
        const char *key;
        json_t *item;
        size_t i;

        if (json_typeof(value) != rule->type)
                return false;
        if (json_is_string(value))
                return !rule->is_name || rule->is_name(json_string_value(value));
        json_array_foreach(value, i, item) {
                if (!has_type(rule, item) ||
                    (rule->is_name && !rule->is_name(json_string_value(item))))
                        return false;
        }
        json_object_foreach(value, key, item) {
                if (!has_type(rule, item) || (rule->is_name && !rule->is_name(key)))
                        return false;
        }
        return true;
}

typedef struct Rules {
        const MemberRule *rules;
        size_t count;
        const char *where;
} Rules;

#define RULES(table, where) (&(const Rules){ table, ARRAY_COUNT(table), where })

static int check_members(const json_t *object, const Rules *rules, Error *err) {
        for (size_t i = 0; i < rules->count; i++) {
                json_t *value = json_object_get(object, rules->rules[i].key);

                if (value && !is_right(&rules->rules[i], value))
                        return error_set(err, ERROR_CORRUPT,
                                         "pawl-read gave an answer of another shape: \"%s\" of %s",
                                         rules->rules[i].key, rules->where);
        }
        return 0;
}

static int check_each(json_t *objects, const Rules *rules, Error *err) {
        const char *key;
        json_t *object;

        json_object_foreach(objects, key, object) {
                if (check_members(object, rules, err) < 0)
                        return -1;
        }
        return 0;
}

int report_check(const json_t *report, Error *err) {
        json_t *manifest = json_object_get(report, "manifest");

        if (check_members(report, RULES(REPORT_RULES, "the image"), err) < 0 ||
            check_members(manifest, RULES(MANIFEST_RULES, "the manifest"), err) < 0 ||
            check_each(json_object_get(manifest, "apps"), RULES(APP_RULES, "an app"), err) < 0 ||
            check_each(json_object_get(manifest, "hooks"), RULES(APP_RULES, "a hook"), err) < 0 ||
            check_each(json_object_get(manifest, "plugs"), RULES(ENDPOINT_RULES, "a plug"), err) <
                    0)
                return -1;
        return check_each(json_object_get(manifest, "slots"), RULES(ENDPOINT_RULES, "a slot"), err);
}
