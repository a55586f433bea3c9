/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/snap-yaml.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/name.h"
#include "base/text.h"
#include "reader/document.h"
#include "reader/epoch.h"
#include "reader/license.h"

#define TITLE_MAX       40
#define DESCRIPTION_MAX 4096

static const Field FIELDS[] = {
        { "name", field_read_text },
        { "version", field_read_text },
        { "type", field_read_text },
        { "title", field_read_text },
        { "summary", field_read_text },
        { "description", field_read_text },
        { "license", field_read_text },
        { "provenance", field_read_text },
        { "base", field_read_text },
        { "confinement", field_read_text },
        { "grade", field_read_text },
        { "architectures", field_read_text_list },
        { "assumes", field_read_text_list },
        { "epoch", epoch_read },
        { "environment", field_read_environment },
        { "plugs", manifest_read_plugs },
        { "slots", manifest_read_slots },
        { "apps", manifest_read_apps },
        { "hooks", manifest_read_hooks },
        { "layout", manifest_read_layout },
        { "system-usernames", manifest_read_usernames },
        { "links", manifest_read_links },
        { "components", manifest_read_components },
};

/* What stands where a key does not; lists and maps are made empty. */
static const struct {
        const char *name;
        json_type type;
        const char *text;
} DEFAULTS[] = {
        { "name", JSON_STRING, "" },     { "version", JSON_STRING, "" },
        { "type", JSON_STRING, "app" },  { "title", JSON_STRING, "" },
        { "summary", JSON_STRING, "" },  { "description", JSON_STRING, "" },
        { "license", JSON_STRING, "" },  { "provenance", JSON_STRING, "" },
        { "base", JSON_STRING, "" },     { "confinement", JSON_STRING, "strict" },
        { "assumes", JSON_ARRAY, NULL }, { "environment", JSON_ARRAY, NULL },
        { "plugs", JSON_OBJECT, NULL },  { "slots", JSON_OBJECT, NULL },
        { "apps", JSON_OBJECT, NULL },   { "hooks", JSON_OBJECT, NULL },
        { "layout", JSON_OBJECT, NULL }, { "system-usernames", JSON_OBJECT, NULL },
        { "links", JSON_OBJECT, NULL },  { "components", JSON_OBJECT, NULL },
};

static const char *const TYPES[] = {
        "app", "application", "gadget", "kernel", "base", "os", "snapd"
};
static const char *const CONFINEMENTS[] = { "strict", "devmode", "classic" };

static bool is_among(const char *word, const char *const *words, size_t count) {
        for (size_t i = 0; i < count; i++) {
                if (string_equal(word, words[i]))
                        return true;
        }
        return false;
}

static json_t *new_default(json_type type, const char *text) {
        if (type == JSON_STRING)
                return json_string(text);
        return type == JSON_ARRAY ? json_array() : json_object();
}

static void fill_defaults(json_t *manifest) {
        for (size_t i = 0; i < ARRAY_COUNT(DEFAULTS); i++) {
                if (!json_object_get(manifest, DEFAULTS[i].name))
                        json_put(manifest, DEFAULTS[i].name,
                                 new_default(DEFAULTS[i].type, DEFAULTS[i].text));
        }
        if (json_array_size(json_object_get(manifest, "architectures")) == 0)
                json_put(manifest, "architectures", json_pack("[s]", "all"));
        if (!json_object_get(manifest, "epoch"))
                json_put(manifest, "epoch", epoch_new_default());
        if (string_equal(json_get_string(manifest, "type", ""), "application"))
                json_put(manifest, "type", json_string("app"));
        if (string_equal(json_get_string(manifest, "name", ""), "snapd"))
                json_put(manifest, "type", json_string("snapd"));
}

/* ---- reading ---- */

static int read_root(const Node *root, json_t *manifest, Error *err) {
        if (node_is_null(root))
                return 0;
        if (root->type != NODE_MAP)
                return error_set(err, ERROR_BAD_REQUEST, "the document must be a map (found %s)",
                                 node_get_type_name(root));
        if (node_find(root, "layouts"))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "typo detected: use singular \"layout\" instead of plural "
                                 "\"layouts\"");
        return field_read_all(FIELDS, ARRAY_COUNT(FIELDS), root, manifest, err);
}

static int check_words(const json_t *manifest, Error *err) {
        const char *type = json_get_string(manifest, "type", "");
        const char *confinement = json_get_string(manifest, "confinement", "");

        if (!is_among(type, TYPES, ARRAY_COUNT(TYPES)))
                return error_set(err, ERROR_BAD_REQUEST, "invalid snap type: \"%s\"", type);
        if (!is_among(confinement, CONFINEMENTS, ARRAY_COUNT(CONFINEMENTS)))
                return error_set(err, ERROR_BAD_REQUEST, "invalid confinement type: \"%s\"",
                                 confinement);
        return 0;
}

static int read_document(const char *bytes, size_t length, json_t *manifest, Error *err) {
        autodocument document = DOCUMENT_INIT;

        if (document_parse(bytes, length, &document, err) < 0 ||
            read_root(document.root, manifest, err) < 0)
                return -1;
        fill_defaults(manifest);
        return check_words(manifest, err);
}

static void add_hooks_on_disk(json_t *manifest, const json_t *hooks_on_disk) {
        json_t *hooks = json_object_get(manifest, "hooks");

        for (size_t i = 0; i < json_array_size(hooks_on_disk); i++) {
                const char *name = json_string_value(json_array_get(hooks_on_disk, i));
                if (name_is_supported_hook(name) && !json_object_get(hooks, name))
                        json_put(hooks, name, manifest_new_hook());
        }
}

/* ---- checking ---- */

static int check_name(const json_t *manifest, Error *err) {
        const char *name = json_get_string(manifest, "name", "");

        if (*name == '\0')
                return error_set(err, ERROR_BAD_REQUEST, "snap name cannot be empty");
        if (!name_is_snap(name))
                return error_set(err, ERROR_BAD_REQUEST, "invalid snap name: \"%.200s\"", name);
        return 0;
}

static int check_version(const json_t *manifest, Error *err) {
        const char *version = json_get_string(manifest, "version", "");
        size_t length = strlen(version);

        if (length == 0)
                return error_set(err, ERROR_BAD_REQUEST, "invalid snap version: cannot be empty");
        if (name_is_version(version))
                return 0;
        if (length > 32)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "invalid snap version \"%.100s\": cannot be longer than 32 "
                                 "characters (got: %zu)",
                                 version, length);
        return error_set(err, ERROR_BAD_REQUEST,
                         "invalid snap version \"%s\": must be letters, digits and :.+~-, start "
                         "with a letter or digit and not end with one of :.-",
                         version);
}

static size_t count_codepoints(const char *text) {
        size_t count = 0;

        for (; *text != '\0'; text++)
                count += ((unsigned char)*text & 0xc0) != 0x80;
        return count;
}

static int check_lengths(const json_t *manifest, Error *err) {
        static const struct {
                const char *name;
                size_t max;
        } LENGTHS[] = { { "title", TITLE_MAX }, { "description", DESCRIPTION_MAX } };

        for (size_t i = 0; i < ARRAY_COUNT(LENGTHS); i++) {
                size_t count = count_codepoints(json_get_string(manifest, LENGTHS[i].name, ""));
                if (count > LENGTHS[i].max)
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "%s can have up to %zu codepoints, got %zu",
                                         LENGTHS[i].name, LENGTHS[i].max, count);
        }
        return 0;
}

static int check_license(const json_t *manifest, Error *err) {
        const char *license = json_get_string(manifest, "license", "");

        if (*license == '\0' || license_check(license, err) >= 0)
                return 0;
        return error_prefix(err, "cannot validate license \"%.100s\"", license);
}

static int check_provenance(const json_t *manifest, Error *err) {
        const char *provenance = json_get_string(manifest, "provenance", "");

        if (string_equal(provenance, "global-upload"))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "provenance cannot be set to default (global-upload) explicitly");
        if (*provenance != '\0' && !name_is_provenance(provenance))
                return error_set(err, ERROR_BAD_REQUEST, "invalid provenance: \"%.100s\"",
                                 provenance);
        return 0;
}

static int check_base(const json_t *manifest, Error *err) {
        const char *base = json_get_string(manifest, "base", "");
        const char *type = json_get_string(manifest, "type", "");
        bool has_programs = json_object_size(json_object_get(manifest, "apps")) > 0 ||
                            json_object_size(json_object_get(manifest, "hooks")) > 0;

        if (*base == '\0')
                return 0;
        if (string_equal(base, "none"))
                return has_programs ? error_set(err, ERROR_BAD_REQUEST,
                                                "cannot have apps or hooks with base \"none\"")
                                    : 0;
        if (string_equal(type, "os") || string_equal(type, "base"))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot have \"base\" field on \"%s\" snap \"%s\"", type,
                                 json_get_string(manifest, "name", ""));
        if (name_is_snap(base))
                return 0;
        if (strchr(base, '_'))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "base cannot specify a snap instance name: \"%s\"", base);
        return error_set(err, ERROR_BAD_REQUEST, "invalid base name: invalid snap name: \"%.100s\"",
                         base);
}

static int (*const CHECKS[])(const json_t *manifest, Error *err) = {
        check_name,
        check_version,
        check_lengths,
        check_license,
        check_provenance,
        check_base,
        manifest_check_apps,
        manifest_check_order_cycles,
        manifest_check_hooks,
        manifest_check_endpoints,
        manifest_check_layout,
        manifest_check_usernames,
        manifest_check_links,
};

int snap_yaml_read(const char *bytes, size_t length, const json_t *hooks_on_disk, json_t **ret,
                   Error *err) {
        autojson manifest = json_object();

        if (read_document(bytes, length, manifest, err) < 0)
                return error_prefix(err, "cannot parse snap.yaml");
        add_hooks_on_disk(manifest, hooks_on_disk);
        if (manifest_bind_endpoints(manifest, err) < 0)
                return error_prefix(err, "cannot parse snap.yaml");
        for (size_t i = 0; i < ARRAY_COUNT(CHECKS); i++) {
                if (CHECKS[i](manifest, err) < 0)
                        return error_prefix(err, "cannot validate snap \"%.*s\"", SNAP_NAME_MAX,
                                            json_get_string(manifest, "name", ""));
        }
        *ret = take(manifest);
        return 0;
}
