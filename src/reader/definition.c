/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/definition.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "reader/definition-internal.h"
#include "reader/document.h"

#define DEFINITION_FORMAT 1
#define SUMMARY_MIN       7
#define SUMMARY_MAX       81

static const DefinitionKey KEYS[] = {
        { "summary", KEY_TEXT, true },
        { "implicit", KEY_LIST, true },
        { "slot-types", KEY_LIST, true },
        { "auto-connect", KEY_TEXT, true },
        { "never-auto-connect-if", KEY_MAP, false },
        { "super-privileged", KEY_BOOL, false },
        { "must-match", KEY_TEXT, false },
        { "plug-sees-slot", KEY_BOOL, false },
        { "replaces", KEY_BOOL, false },
        { "policy", KEY_MAP, false },
        { "plug", KEY_MAP, false },
        { "slot", KEY_MAP, false },
        { NULL, 0, false },
};

static int check_summary(const Node *summary, Error *err) {
        const Place place = { "summary", err };
        const char *text = summary->text;

        if (summary->length < SUMMARY_MIN || summary->length > SUMMARY_MAX)
                return definition_fail(&place, summary, "has %zu bytes; write %d to %d",
                                       summary->length, SUMMARY_MIN, SUMMARY_MAX);
        if (strchr(text, '\n') || text[0] < 'a' || text[0] > 'z' ||
            text[summary->length - 1] == '.')
                return definition_fail(&place, summary,
                                       "\"%.60s\" is not one line that begins with a small letter "
                                       "and ends without a full stop",
                                       text);
        return 0;
}

static int check_implicit(const Node *implicit, const Node *slot_types, Error *err) {
        static const char *const systems[] = { "classic", "core", NULL };
        const Place place = { "implicit", err }, types_place = { "slot-types", err };
        bool has_core = false;

        if (definition_check_words(&place, implicit, systems) < 0 ||
            definition_check_words(&types_place, slot_types, DEFINITION_SNAP_TYPES) < 0)
                return -1;
        if (slot_types->count == 0)
                return definition_fail(
                        &types_place, slot_types,
                        "nobody could have a slot; name core, app, gadget or kernel");
        for (size_t i = 0; i < slot_types->count; i++)
                has_core = has_core || string_equal(slot_types->items[i]->text, "core");
        if (implicit->count > 0 && !has_core)
                return definition_fail(&types_place, slot_types,
                                       "the system has a slot by \"implicit\", but may have none; "
                                       "add core");
        return 0;
}

static int check_auto_connect(const Node *kind, Error *err) {
        static const char *const times[] = { "never", "always", "classic", "same-publisher", NULL };
        const Node *never = node_find(kind, "never-auto-connect-if");
        const Node *plug = node_find(kind, "plug");
        const Place place = { "auto-connect", err }, never_place = { "never-auto-connect-if", err };

        if (definition_check_word(&place, node_find(kind, "auto-connect"), times) < 0)
                return -1;
        for (size_t i = 0; never && i + 1 < never->count; i += 2) {
                const Node *name = never->items[i], *value = never->items[i + 1];
                bool is_bool =
                        value->type == NODE_SCALAR && node_read_scalar(value).type == SCALAR_BOOL;
                if (!is_bool && !definition_is_text(value))
                        return definition_fail(&never_place, value,
                                               "\"%.60s\" is neither a text nor true or false",
                                               name->text);
                if (!is_bool && definition_check_expression(&never_place, value) < 0)
                        return -1;
                if (!definition_has_attribute(plug, name->text))
                        return definition_fail(&never_place, name,
                                               "plugs have no attribute \"%.60s\"; declare it in "
                                               "\"attributes\"",
                                               name->text);
        }
        return 0;
}

static int check_matching(const Node *kind, Error *err) {
        static const char *const sides[] = { "plug", "slot" };
        const Node *matching = node_find(kind, "must-match");
        const Place place = { "must-match", err };

        for (size_t i = 0; matching && i < ARRAY_COUNT(sides); i++)
                if (!definition_has_attribute(node_find(kind, sides[i]), matching->text))
                        return definition_fail(&place, matching,
                                               "%ss have no attribute \"%.60s\"; declare it in "
                                               "\"attributes\" of both sides",
                                               sides[i], matching->text);
        return 0;
}

static const char *get_attribute_type(const Node *side, const char *name) {
        const Node *list = side ? node_find(side, "attributes") : NULL;

        for (size_t i = 0; list && i < list->count; i++)
                if (string_equal(node_find(list->items[i], "name")->text, name))
                        return node_find(list->items[i], "type")->text;
        return "";
}

/* What is shown where is what attributes of these names and types say. */
static int check_sharing(const Node *kind, Error *err) {
        static const struct {
                const char *side, *name, *type;
        } rows[] = { { "plug", "target", "share-path" },
                     { "slot", "read", "share-paths" },
                     { "slot", "write", "share-paths" },
                     { "slot", "source", "share-source" } };
        const Node *sees = node_find(kind, "plug-sees-slot");
        const Place place = { "plug-sees-slot", err };

        for (size_t i = 0; sees && node_read_scalar(sees).flag && i < ARRAY_COUNT(rows); i++)
                if (!string_equal(get_attribute_type(node_find(kind, rows[i].side), rows[i].name),
                                  rows[i].type))
                        return definition_fail(&place, sees,
                                               "needs an attribute \"%s\" of type %s of the %s; "
                                               "declare it in \"attributes\"",
                                               rows[i].name, rows[i].type, rows[i].side);
        return 0;
}

static int check_kind(const Node *kind, Error *err) {
        const Place place = { "file", err };

        if (definition_check_keys(&place, kind, KEYS, NULL) < 0)
                return -1;
        const DefinitionSides sides = { node_find(kind, "plug"), node_find(kind, "slot") };
        if (check_summary(node_find(kind, "summary"), err) < 0 ||
            check_implicit(node_find(kind, "implicit"), node_find(kind, "slot-types"), err) < 0 ||
            definition_check_policy(node_find(kind, "policy"), err) < 0)
                return -1;
        if ((sides.plug && definition_check_side("plug", sides.plug, err) < 0) ||
            (sides.slot && definition_check_side("slot", sides.slot, err) < 0) ||
            definition_check_references(&sides, err) < 0)
                return -1;
        if (check_auto_connect(kind, err) < 0 || check_matching(kind, err) < 0)
                return -1;
        return check_sharing(kind, err);
}

static int check_name(const char *name, Error *err) {
        if (strlen(name) <= INTERFACE_NAME_MAX && definition_matches("[a-z](-?[a-z0-9])*", name))
                return 0;
        return error_set(err, ERROR_BAD_REQUEST,
                         "line 1: file: \"%.60s\" is no interface's name; name the file with small "
                         "letters, digits and single dashes, %d at the most, and .yaml",
                         name, INTERFACE_NAME_MAX);
}

static void number_side(json_t *side) {
        static const char *const lists[] = { "when", "unless" };
        json_t *block;
        size_t j;

        definition_number_grants(side);
        definition_number_grants(json_object_get(side, "always"));
        for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
                json_array_foreach(json_object_get(side, lists[i]), j, block)
                        definition_number_grants(block);
}

/* The nodes of an anchor are shared; values of JSON must not be, where numbers are put in. */
static json_t *new_wire(const char *name, const json_t *checked) {
        json_t *kind = json_deep_copy(checked);

        number_side(json_object_get(kind, "plug"));
        number_side(json_object_get(kind, "slot"));
        return json_pack("{s:i, s:s, s:o, s:o}", "format", DEFINITION_FORMAT, "name", name,
                         "policy", definition_derive_policy(checked), "kind", kind);
}

int definition_read(const char *name, const char *bytes, size_t length, json_t **ret, Error *err) {
        autodocument document = DOCUMENT_INIT;
        autojson checked = NULL;

        if (check_name(name, err) < 0)
                return -1;
        if (length > INTERFACE_FILE_SIZE_MAX)
                return error_set(err, ERROR_TOO_LARGE,
                                 "line 1: file: larger than %d bytes; make two interfaces of it",
                                 INTERFACE_FILE_SIZE_MAX);
        if (document_parse(bytes, length, &document, err) < 0)
                return -1;
        if (check_kind(document.root, err) < 0 || node_to_json(document.root, &checked, err) < 0)
                return -1;
        *ret = new_wire(name, checked);
        return 0;
}
