/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/kind-load.h"

#include <limits.h>
#include <stddef.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"

#define WIRE_FORMAT 1

typedef struct Chunk {
        struct Chunk *next;
        max_align_t bytes[];
} Chunk;

/* What a kind is made of, freed together; texts are those of the wire form. */
typedef struct LoadedKind {
        InterfaceKind kind; /* first: kind_free gets its address */
        json_t *wire;
        Chunk *chunks;
} LoadedKind;

typedef struct Loading {
        LoadedKind *loaded;
        const char *wrong; /* the key that has another shape; NULL = none yet */
} Loading;

/* By their bits; NULL ends it. */
static const char *const FLAG_NAMES[] = {
        "listens",
        "shows-home",
        "sees-processes",
        "signals-processes",
        "traces-processes",
        "lifts-tcp",
        "lifts-mounts",
        "lifts-namespaces",
        "lifts-device-filter",
        "lifts-no-new-privileges",
        "delegates-cgroup",
        NULL,
};

static const char *const LIST_NAMES[INTERFACE_LIST_COUNT] = {
        [INTERFACE_LIST_UNIX_SOCKETS] = "unix-sockets",
        [INTERFACE_LIST_ABSTRACT_SOCKETS] = "abstract-sockets",
        [INTERFACE_LIST_SYSTEM_CALLS] = "system-calls",
        [INTERFACE_LIST_KERNEL_MODULES] = "kernel-modules",
        [INTERFACE_LIST_APPARMOR] = "apparmor",
        [INTERFACE_LIST_UDEV] = "udev",
};

const char *const KIND_TYPE_NAMES[ATTRIBUTE_TYPE_COUNT] = {
        [ATTRIBUTE_TEXT] = "text",
        [ATTRIBUTE_TEXTS] = "texts",
        [ATTRIBUTE_CHOICE] = "choice",
        [ATTRIBUTE_CHOICES] = "choices",
        [ATTRIBUTE_BOOL] = "bool",
        [ATTRIBUTE_INT] = "int",
        [ATTRIBUTE_PATH] = "path",
        [ATTRIBUTE_PATHS] = "paths",
        [ATTRIBUTE_DEVICE] = "device",
        [ATTRIBUTE_DEVICES] = "devices",
        [ATTRIBUTE_DBUS_NAME] = "dbus-name",
        [ATTRIBUTE_HOME_PATHS] = "home-paths",
        [ATTRIBUTE_SYSTEM_PATHS] = "system-paths",
        [ATTRIBUTE_SHARE_PATH] = "share-path",
        [ATTRIBUTE_SHARE_PATHS] = "share-paths",
        [ATTRIBUTE_SHARE_SOURCE] = "share-source",
        [ATTRIBUTE_ENTRIES] = "entries",
        [ATTRIBUTE_ANY] = "any",
};

const char *const KIND_AUTO_NAMES[KIND_AUTO_COUNT] = {
        [INTERFACE_AUTO_NEVER] = "never",
        [INTERFACE_AUTO_ALWAYS] = "always",
        [INTERFACE_AUTO_CLASSIC] = "classic",
        [INTERFACE_AUTO_SAME_PUBLISHER] = "same-publisher",
};

static const char *const VERB_NAMES[] = {
        [INTERFACE_BUS_OWN] = "own",
        [INTERFACE_BUS_TALK] = "talk",
        [INTERFACE_BUS_SEE] = "see",
        [INTERFACE_BUS_CALL] = "call",
        [INTERFACE_BUS_BROADCAST] = "broadcast",
};

/* ── reading the wire form ── */

static void *allocate(Loading *loading, size_t count, size_t size) {
        Chunk *chunk = memory_new(sizeof(*chunk) + count * size);

        chunk->next = loading->loaded->chunks;
        loading->loaded->chunks = chunk;
        return chunk->bytes;
}

static void set_wrong(Loading *loading, const char *key) {
        if (!loading->wrong)
                loading->wrong = key;
}

/* NULL where it is not there. */
static const char *get_text(Loading *loading, const json_t *object, const char *key) {
        const json_t *value = json_object_get(object, key);

        if (value && !json_is_string(value))
                set_wrong(loading, key);
        return json_string_value(value);
}

static const char *require_text(Loading *loading, const json_t *object, const char *key) {
        const char *text = get_text(loading, object, key);

        if (!text)
                set_wrong(loading, key);
        return text ? text : "";
}

static bool get_bool(Loading *loading, const json_t *object, const char *key) {
        const json_t *value = json_object_get(object, key);

        if (value && !json_is_boolean(value))
                set_wrong(loading, key);
        return json_is_true(value);
}

static int64_t get_number(Loading *loading, const json_t *object, const char *key,
                          int64_t fallback) {
        const json_t *value = json_object_get(object, key);

        if (!value)
                return fallback;
        if (!json_is_integer(value))
                set_wrong(loading, key);
        return json_integer_value(value);
}

static int get_int(Loading *loading, const json_t *object, const char *key) {
        int64_t number = get_number(loading, object, key, -1);

        if (number < -1 || number > INT_MAX)
                set_wrong(loading, key);
        return (int)number;
}

/* NULL and none where there is no list. */
static const json_t *get_list(Loading *loading, const json_t *object, const char *key) {
        const json_t *list = json_object_get(object, key);

        if (list && !json_is_array(list))
                set_wrong(loading, key);
        return json_is_array(list) && json_array_size(list) > 0 ? list : NULL;
}

static const json_t *get_map(Loading *loading, const json_t *object, const char *key) {
        const json_t *map = json_object_get(object, key);

        if (map && !json_is_object(map))
                set_wrong(loading, key);
        return map;
}

/* The number of a word in a table. */
static size_t get_word(Loading *loading, const json_t *object, const char *key,
                       const char *const *words, size_t count) {
        const char *text = require_text(loading, object, key);

        for (size_t i = 0; i < count; i++)
                if (string_equal(words[i], text))
                        return i;
        set_wrong(loading, key);
        return 0;
}

/* NULL for an empty list. */
static const char *const *get_texts(Loading *loading, const json_t *object, const char *key) {
        const json_t *list = get_list(loading, object, key);

        if (!list)
                return NULL;
        const char **texts = allocate(loading, json_array_size(list) + 1, sizeof(*texts));
        for (size_t i = 0; i < json_array_size(list); i++) {
                texts[i] = json_string_value(json_array_get(list, i));
                if (!texts[i])
                        set_wrong(loading, key);
        }
        return texts;
}

/* Compact JSON that lives as long as the kind; NULL where it is not there. */
static const char *get_json(Loading *loading, const json_t *value) {
        if (!value)
                return NULL;
        autofree char *text = json_format_canonical(value);
        char *kept = allocate(loading, strlen(text) + 1, 1);
        memcpy(kept, text, strlen(text) + 1);
        return kept;
}

static unsigned get_access(Loading *loading, const json_t *object) {
        unsigned access = 0;

        for (const char *at = require_text(loading, object, "access"); *at; at++) {
                const char *letter = strchr("rwx", *at);
                if (letter)
                        access |= 1u << (letter - "rwx");
                else
                        set_wrong(loading, "access");
        }
        return access;
}

/* ── attributes ── */

static const InterfaceRule *load_rules(Loading *loading, const json_t *object) {
        const json_t *list = get_list(loading, object, "rules"), *one;
        size_t i;

        if (!list)
                return NULL;
        InterfaceRule *rows = allocate(loading, json_array_size(list) + 1, sizeof(*rows));
        json_array_foreach(list, i, one) {
                rows[i] = (InterfaceRule){
                        .attribute = require_text(loading, one, "attribute"),
                        .value = get_json(loading, json_object_get(one, "value")),
                        .pattern = get_text(loading, one, "pattern"),
                        .excludes = get_texts(loading, one, "excludes"),
                        .needs = get_texts(loading, one, "needs"),
                        .limits = get_json(loading, get_map(loading, one, "limits")),
                        .is_alone = get_bool(loading, one, "alone"),
                        .message = require_text(loading, one, "message"),
                };
        }
        return rows;
}

static const InterfaceAttribute *load_attributes(Loading *loading, const json_t *object,
                                                 const char *key) {
        const json_t *list = get_list(loading, object, key), *one;
        size_t i;

        if (!list)
                return NULL;
        InterfaceAttribute *rows = allocate(loading, json_array_size(list) + 1, sizeof(*rows));
        json_array_foreach(list, i, one) {
                rows[i] = (InterfaceAttribute){
                        .name = require_text(loading, one, "name"),
                        .type = (AttributeType)get_word(loading, one, "type", KIND_TYPE_NAMES,
                                                        ATTRIBUTE_TYPE_COUNT),
                        .is_required = get_bool(loading, one, "is-required"),
                        .choices = get_texts(loading, one, "choices"),
                        .pattern = get_text(loading, one, "pattern"),
                        .minimum = get_number(loading, one, "minimum", INT64_MIN),
                        .maximum = get_number(loading, one, "maximum", INT64_MAX),
                        .fallback = get_text(loading, one, "default"),
                        .fields = load_attributes(loading, one, "fields"),
                        .rules = load_rules(loading, one),
                        .message = get_text(loading, one, "message"),
                };
                bool is_choice =
                        rows[i].type == ATTRIBUTE_CHOICE || rows[i].type == ATTRIBUTE_CHOICES;
                if (is_choice && !rows[i].choices)
                        set_wrong(loading, "choices");
        }
        return rows;
}

/* ── grants ── */

static const InterfaceFile *load_files(Loading *loading, const json_t *grants) {
        const json_t *list = get_list(loading, grants, "files"), *one;
        size_t i;

        if (!list)
                return NULL;
        InterfaceFile *rows = allocate(loading, json_array_size(list) + 1, sizeof(*rows));
        json_array_foreach(list, i, one) rows[i] =
                (InterfaceFile){ .path = require_text(loading, one, "path"),
                                 .access = get_access(loading, one),
                                 .make = get_text(loading, one, "make") };
        return rows;
}

static const InterfaceDevice *load_devices(Loading *loading, const json_t *grants) {
        const json_t *list = get_list(loading, grants, "devices"), *one;
        size_t i;

        if (!list)
                return NULL;
        InterfaceDevice *rows = allocate(loading, json_array_size(list) + 1, sizeof(*rows));
        json_array_foreach(list, i, one) {
                const char *kind = get_text(loading, one, "kind");
                rows[i] = (InterfaceDevice){ .path = get_text(loading, one, "path"),
                                             .access = get_access(loading, one),
                                             .kind = '\0',
                                             .major = get_int(loading, one, "major"),
                                             .minor = get_int(loading, one, "minor"),
                                             .property = get_text(loading, one, "property") };
                if (kind)
                        rows[i].kind = string_equal(kind, "block") ? 'b' : 'c';
                if (!kind && !rows[i].path)
                        set_wrong(loading, "devices");
        }
        return rows;
}

static const InterfaceSocket *load_sockets(Loading *loading, const json_t *grants) {
        const json_t *list = get_list(loading, grants, "sockets"), *one;
        size_t i;

        if (!list)
                return NULL;
        InterfaceSocket *rows = allocate(loading, json_array_size(list) + 1, sizeof(*rows));
        json_array_foreach(list, i, one) {
                const json_t *family = json_array_get(one, 1), *protocol = json_array_get(one, 2);
                rows[i] = (InterfaceSocket){ json_string_value(json_array_get(one, 0)),
                                             (int)json_integer_value(family),
                                             (int)json_integer_value(protocol) };
                if (!rows[i].name || !json_is_integer(family) || !json_is_integer(protocol) ||
                    rows[i].family < 0 || rows[i].family > 255 || rows[i].protocol < -1)
                        set_wrong(loading, "sockets");
        }
        return rows;
}

static const InterfaceMount *load_mounts(Loading *loading, const json_t *grants) {
        const json_t *list = get_list(loading, grants, "mounts"), *one;
        size_t i;

        if (!list)
                return NULL;
        InterfaceMount *rows = allocate(loading, json_array_size(list) + 1, sizeof(*rows));
        json_array_foreach(list, i, one) rows[i] =
                (InterfaceMount){ .what = require_text(loading, one, "what"),
                                  .where = require_text(loading, one, "where"),
                                  .access = get_access(loading, one),
                                  .make = get_text(loading, one, "make") };
        return rows;
}

static const InterfaceBus *load_bus(Loading *loading, const json_t *grants) {
        const json_t *list = get_list(loading, grants, "dbus"), *one;
        size_t i;

        if (!list)
                return NULL;
        InterfaceBus *rows = allocate(loading, json_array_size(list) + 1, sizeof(*rows));
        json_array_foreach(list, i, one) {
                rows[i] = (InterfaceBus){ .bus = require_text(loading, one, "bus"),
                                          .path = get_text(loading, one, "path"),
                                          .interface = get_text(loading, one, "interface"),
                                          .member = get_text(loading, one, "member") };
                for (size_t verb = 0; verb < ARRAY_COUNT(VERB_NAMES) && !rows[i].name; verb++) {
                        rows[i].verb = (InterfaceBusVerb)verb;
                        rows[i].name = get_text(loading, one, VERB_NAMES[verb]);
                }
                if (!rows[i].name)
                        set_wrong(loading, "dbus");
        }
        return rows;
}

static const InterfaceVariable *load_environment(Loading *loading, const json_t *grants) {
        const json_t *map = get_map(loading, grants, "environment");
        size_t count = 0;
        const char *key;
        json_t *value;

        if (json_object_size(map) == 0)
                return NULL;
        InterfaceVariable *rows = allocate(loading, json_object_size(map) + 1, sizeof(*rows));
        json_object_foreach((json_t *)(uintptr_t)map, key, value) {
                rows[count++] = (InterfaceVariable){ key, json_string_value(value) };
                if (!json_is_string(value))
                        set_wrong(loading, "environment");
        }
        return rows;
}

static const InterfaceGrants *load_grants(Loading *loading, const json_t *object) {
        InterfaceGrants *grants = allocate(loading, 1, sizeof(*grants));

        for (size_t i = 0; FLAG_NAMES[i]; i++)
                if (get_bool(loading, object, FLAG_NAMES[i]))
                        grants->flags |= 1u << i;
        grants->capabilities = (uint64_t)get_number(loading, object, "capabilities", 0);
        grants->files = load_files(loading, object);
        grants->devices = load_devices(loading, object);
        grants->sockets = load_sockets(loading, object);
        grants->mounts = load_mounts(loading, object);
        grants->dbus = load_bus(loading, object);
        grants->environment = load_environment(loading, object);
        for (size_t i = 0; i < INTERFACE_LIST_COUNT; i++)
                grants->lists[i] = get_texts(loading, object, LIST_NAMES[i]);
        return grants;
}

/* ── sides ── */

static InterfaceBlock *load_list(Loading *loading, const json_t *side, const char *key,
                                 InterfaceBlock *row) {
        const json_t *list = get_list(loading, side, key), *one;
        size_t i;

        json_array_foreach(list, i, one) {
                const json_t *condition = get_map(loading, one, "attributes");
                *row++ = (InterfaceBlock){
                        .is_unless = string_equal(key, "unless"),
                        .condition = json_object_size(condition) > 0 ? get_json(loading, condition)
                                                                     : NULL,
                        .grants = load_grants(loading, one),
                };
        }
        return row;
}

/* The side's own grants, then what is always so, then the conditions. */
static const InterfaceBlock *load_blocks(Loading *loading, const json_t *side) {
        const json_t *always = get_map(loading, side, "always");
        size_t count = 3 + json_array_size(get_list(loading, side, "when")) +
                       json_array_size(get_list(loading, side, "unless"));
        InterfaceBlock *rows = allocate(loading, count, sizeof(*rows)), *row = rows;

        row++->grants = load_grants(loading, side);
        if (always)
                *row++ = (InterfaceBlock){ .is_always = true,
                                           .grants = load_grants(loading, always) };
        row = load_list(loading, side, "when", row);
        (void)load_list(loading, side, "unless", row);
        return rows;
}

static void load_side(Loading *loading, const json_t *kind, const char *key, InterfaceSide *ret) {
        const json_t *side = get_map(loading, kind, key);
        const char *prefix = get_text(loading, side, "message-prefix");

        *ret = (InterfaceSide){
                .attributes = load_attributes(loading, side, "attributes"),
                .has_only_known = get_bool(loading, side, "only-known-attributes"),
                .requires_one_of = get_texts(loading, side, "requires-one-of"),
                .requires_message = get_text(loading, side, "requires-message"),
                .message_prefix = prefix ? prefix : "",
                .rules = load_rules(loading, side),
                .blocks = load_blocks(loading, side),
        };
        if (ret->requires_one_of && !ret->requires_message)
                set_wrong(loading, "requires-message");
}

static bool has_text(const json_t *list, const char *text) {
        const json_t *one;
        size_t i;

        json_array_foreach(list, i, one) {
                if (json_is_string(one) && string_equal(json_string_value(one), text))
                        return true;
        }
        return false;
}

static void load(Loading *loading, const json_t *wire, const char *origin) {
        InterfaceKind *ret = &loading->loaded->kind;
        const json_t *kind = get_map(loading, wire, "kind");
        const json_t *implicit = json_object_get(kind, "implicit");
        const json_t *never = get_map(loading, kind, "never-auto-connect-if");
        const json_t *policy = get_map(loading, wire, "policy");

        *ret = (InterfaceKind){
                .name = require_text(loading, wire, "name"),
                .summary = require_text(loading, kind, "summary"),
                .is_implicit_on_classic = has_text(implicit, "classic"),
                .is_implicit_on_core = has_text(implicit, "core"),
                .slot_types = get_texts(loading, kind, "slot-types"),
                .auto_connect = (InterfaceAuto)get_word(loading, kind, "auto-connect",
                                                        KIND_AUTO_NAMES, KIND_AUTO_COUNT),
                .never_auto_if = never ? get_json(loading, never) : "{}",
                .must_match = get_text(loading, kind, "must-match"),
                .plug_sees_slot = get_bool(loading, kind, "plug-sees-slot"),
                .policy = get_json(loading, policy),
                .may_replace = get_bool(loading, kind, "replaces"),
        };
        if (origin) {
                char *kept = allocate(loading, strlen(origin) + 1, 1);
                memcpy(kept, origin, strlen(origin) + 1);
                ret->origin = kept;
        }
        if (!ret->slot_types)
                set_wrong(loading, "slot-types");
        if (!policy)
                set_wrong(loading, "policy");
        load_side(loading, kind, "plug", &ret->plug);
        load_side(loading, kind, "slot", &ret->slot);
}

InterfaceKind *kind_free(InterfaceKind *kind) {
        LoadedKind *loaded = (LoadedKind *)(void *)kind;

        if (!loaded)
                return NULL;
        for (Chunk *next, *chunk = loaded->chunks; chunk; chunk = next) {
                next = chunk->next;
                free(chunk);
        }
        json_decref(loaded->wire);
        free(loaded);
        return NULL;
}

int kind_load(const json_t *wire, const char *origin, InterfaceKind **ret, Error *err) {
        LoadedKind *loaded = memory_new(sizeof(*loaded));
        Loading loading = { .loaded = loaded };

        loaded->wire = json_incref((json_t *)(uintptr_t)wire);
        if (json_is_integer(json_object_get(wire, "format")) &&
            json_integer_value(json_object_get(wire, "format")) == WIRE_FORMAT)
                load(&loading, loaded->wire, origin);
        else
                set_wrong(&loading, "format");
        if (loading.wrong) {
                int failure = error_set(err, ERROR_CORRUPT,
                                        "the wire form of an interface has another shape at \"%s\"",
                                        loading.wrong);
                (void)kind_free(&loaded->kind);
                return failure;
        }
        *ret = &loaded->kind;
        return 0;
}
