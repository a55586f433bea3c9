/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "reader/definition-internal.h"

static const char *const TYPES[] = {
        "text",         "texts",      "choice",       "choices",    "bool",
        "int",          "path",       "paths",        "device",     "devices",
        "dbus-name",    "home-paths", "system-paths", "share-path", "share-paths",
        "share-source", "entries",    "any",          NULL,
};
static const char *const WITH_PATTERN[] = { "text",   "texts",   "path",      "paths",
                                            "device", "devices", "dbus-name", "share-path" };

static const DefinitionKey SIDE[] = {
        { "attributes", KEY_LIST, false },      { "only-known-attributes", KEY_BOOL, false },
        { "requires-one-of", KEY_LIST, false }, { "requires-message", KEY_TEXT, false },
        { "message-prefix", KEY_TEXT, false },  { "rules", KEY_LIST, false },
        { "always", KEY_MAP, false },           { "when", KEY_LIST, false },
        { "unless", KEY_LIST, false },          { NULL, 0, false },
};
static const DefinitionKey ATTRIBUTE[] = {
        { "name", KEY_TEXT, true },         { "type", KEY_TEXT, true },
        { "is-required", KEY_BOOL, false }, { "choices", KEY_LIST, false },
        { "pattern", KEY_TEXT, false },     { "minimum", KEY_INT, false },
        { "maximum", KEY_INT, false },      { "default", KEY_TEXT, false },
        { "fields", KEY_LIST, false },      { "rules", KEY_LIST, false },
        { "message", KEY_TEXT, false },     { NULL, 0, false },
};
static const DefinitionKey RULE[] = {
        { "attribute", KEY_TEXT, true },
        { "value", KEY_TEXT | KEY_BOOL | KEY_INT, false },
        { "pattern", KEY_TEXT, false },
        { "excludes", KEY_LIST, false },
        { "needs", KEY_LIST, false },
        { "limits", KEY_MAP, false },
        { "alone", KEY_BOOL, false },
        { "message", KEY_TEXT, true },
        { NULL, 0, false },
};
static const DefinitionKey BLOCK[] = { { "attributes", KEY_MAP, true }, { NULL, 0, false } };

static bool is_one_of(const char *word, const char *const *words, size_t count) {
        for (size_t i = 0; i < count; i++)
                if (string_equal(words[i], word))
                        return true;
        return false;
}

/* ── names of attributes ── */

static bool has_name(const Node *list, const char *name) {
        for (size_t i = 0; list && i < list->count; i++)
                if (string_equal(node_find(list->items[i], "name")->text, name))
                        return true;
        return false;
}

bool definition_has_attribute(const Node *side, const char *name) {
        return has_name(side ? node_find(side, "attributes") : NULL, name);
}

static int require_attribute(const Place *place, const Node *declaring, const Node *name) {
        if (!definition_is_text(name))
                return definition_fail(place, name,
                                       "an attribute's name is no text; put it in "
                                       "quotes");
        /* A side, or an attribute with entries. */
        const Node *fields = node_find(declaring, "fields");
        if (fields ? has_name(fields, name->text) : definition_has_attribute(declaring, name->text))
                return 0;
        return definition_fail(place, name, "%s \"%.60s\"; declare it in \"%s\"",
                               fields ? "an entry has no field" : "this side has no attribute",
                               name->text, fields ? "fields" : "attributes");
}

static int require_attributes(const Place *place, const Node *declaring, const Node *list) {
        if (definition_check_texts(place, list) < 0)
                return -1;
        for (size_t i = 0; i < list->count; i++)
                if (require_attribute(place, declaring, list->items[i]) < 0)
                        return -1;
        return 0;
}

/* ── rules between attributes ── */

static int check_limits(const Place *place, const Node *declaring, const Node *limits) {
        for (size_t i = 0; i + 1 < limits->count; i += 2) {
                const Node *values = limits->items[i + 1];
                if (require_attribute(place, declaring, limits->items[i]) < 0)
                        return -1;
                if (values->type != NODE_LIST || values->count == 0)
                        return definition_fail(place, values,
                                               "what \"%.60s\" may be is a list with values in it; "
                                               "write [VALUE, …]",
                                               limits->items[i]->text);
                for (size_t j = 0; j < values->count; j++)
                        if (values->items[j]->type != NODE_SCALAR || node_is_null(values->items[j]))
                                return definition_fail(
                                        place, values->items[j],
                                        "a value is a text, a number, true or false");
        }
        return 0;
}

/* Something must follow from it, for attributes that there are. */
static int check_rule(const Place *place, const Node *declaring, const Node *rule) {
        const Node *pattern = node_find(rule, "pattern"), *limits = node_find(rule, "limits");
        const Node *alone = node_find(rule, "alone");
        const Node *lists[] = { node_find(rule, "excludes"), node_find(rule, "needs") };
        bool has_part = limits || (alone && node_read_scalar(alone).flag);

        if (require_attribute(place, declaring, node_find(rule, "attribute")) < 0 ||
            (pattern && definition_check_expression(place, pattern) < 0) ||
            (limits && check_limits(place, declaring, limits) < 0))
                return -1;
        for (size_t i = 0; i < ARRAY_COUNT(lists); i++) {
                has_part |= lists[i] != NULL;
                if (lists[i] && require_attributes(place, declaring, lists[i]) < 0)
                        return -1;
        }
        if (pattern && node_find(rule, "value"))
                return definition_fail(place, pattern,
                                       "\"value\" and \"pattern\" say the same; remove one");
        if (alone && node_find(declaring, "fields"))
                return definition_fail(place, alone,
                                       "\"alone\" is about a plug or slot, not about one entry of "
                                       "it; move it to the side's rules");
        return has_part ? 0
                        : definition_fail(place, rule,
                                          "nothing follows from it; add \"excludes\", \"needs\", "
                                          "\"limits\" or \"alone\"");
}

/* Of a side, or of an attribute with entries. */
static int check_rules(const char *name, const Node *declaring, Error *err) {
        const Node *list = node_find(declaring, "rules");
        autofree char *where = string_format("%s rules", name);
        const Place place = { where, err };

        if (!list)
                return 0;
        if (definition_check_maps(&place, list) < 0)
                return -1;
        if (list->count > INTERFACE_ATTRIBUTE_COUNT_MAX)
                return definition_fail(&place, list, "more than %d rules; leave some out",
                                       INTERFACE_ATTRIBUTE_COUNT_MAX);
        for (size_t i = 0; i < list->count; i++)
                if (definition_check_keys(&place, list->items[i], RULE, NULL) < 0 ||
                    check_rule(&place, declaring, list->items[i]) < 0)
                        return -1;
        return 0;
}

/* ── attributes ── */

/* What stands beside a type that has no use for it. */
static int check_parts(const Place *place, const Node *attribute, const char *type) {
        bool is_choice = string_equal(type, "choice") || string_equal(type, "choices");
        const struct {
                const char *key;
                bool may, must;
                const char *owner;
        } parts[] = {
                { "choices", is_choice, is_choice, "choice and choices" },
                { "fields", string_equal(type, "entries"), string_equal(type, "entries"),
                  "entries" },
                { "rules", string_equal(type, "entries"), false, "entries" },
                { "minimum", string_equal(type, "int"), false, "int" },
                { "maximum", string_equal(type, "int"), false, "int" },
                { "pattern", is_one_of(type, WITH_PATTERN, ARRAY_COUNT(WITH_PATTERN)), false,
                  "texts, paths, devices and names" },
        };

        for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
                const Node *part = node_find(attribute, parts[i].key);
                if (part && !parts[i].may)
                        return definition_fail(place, part,
                                               "type %s has no \"%s\"; it goes with %s", type,
                                               parts[i].key, parts[i].owner);
                if (!part && parts[i].must)
                        return definition_fail(place, attribute, "type %s needs \"%s\"; add it",
                                               type, parts[i].key);
        }
        return 0;
}

static int check_bounds(const Place *place, const Node *attribute) {
        const Node *low = node_find(attribute, "minimum"), *high = node_find(attribute, "maximum");

        if (low && high && node_read_scalar(low).integer > node_read_scalar(high).integer)
                return definition_fail(place, low,
                                       "minimum is above maximum: no number is right; swap them");
        return 0;
}

static int check_attributes(const char *name, const Node *list, bool is_field, Error *err);

static int check_attribute(const char *name, const Node *attribute, bool is_field, Error *err) {
        const Place outer = { name, err };

        if (definition_check_keys(&outer, attribute, ATTRIBUTE, NULL) < 0)
                return -1;
        const Node *own = node_find(attribute, "name"), *type = node_find(attribute, "type");
        const Node *choices = node_find(attribute, "choices");
        const Node *pattern = node_find(attribute, "pattern");
        const Node *fallback = node_find(attribute, "default");
        if (!definition_matches("[A-Za-z0-9][A-Za-z0-9_-]{0,59}", own->text))
                return definition_fail(
                        &outer, own,
                        "\"%.60s\" is no attribute's name; letters, digits, - and _, "
                        "60 at the most",
                        own->text);
        autofree char *where = string_format("%s \"%s\"", name, own->text);
        const Place place = { where, err };
        if (definition_check_word(&place, type, TYPES) < 0 ||
            check_parts(&place, attribute, type->text) < 0 || check_bounds(&place, attribute) < 0 ||
            (choices && definition_check_texts(&place, choices) < 0) ||
            (pattern && definition_check_expression(&place, pattern) < 0) ||
            (fallback && definition_check_variables(&place, fallback) < 0))
                return -1;
        if (is_field && string_equal(type->text, "entries"))
                return definition_fail(&place, type, "entries in entries; fields are flat");
        if (choices && choices->count == 0)
                return definition_fail(&place, choices, "no choice at all; name some");
        const Node *fields = node_find(attribute, "fields");
        autofree char *inner = string_format("%s field", where);
        if (!fields)
                return 0;
        return check_attributes(inner, fields, true, err) < 0 ? -1
                                                              : check_rules(where, attribute, err);
}

static int check_attributes(const char *name, const Node *list, bool is_field, Error *err) {
        const Place place = { name, err };

        if (definition_check_maps(&place, list) < 0)
                return -1;
        if (list->count > INTERFACE_ATTRIBUTE_COUNT_MAX)
                return definition_fail(&place, list, "more than %d attributes; leave some out",
                                       INTERFACE_ATTRIBUTE_COUNT_MAX);
        for (size_t i = 0; i < list->count; i++) {
                if (check_attribute(name, list->items[i], is_field, err) < 0)
                        return -1;
                const Node *own = node_find(list->items[i], "name");
                for (size_t j = 0; j < i; j++)
                        if (string_equal(node_find(list->items[j], "name")->text, own->text))
                                return definition_fail(&place, own,
                                                       "\"%.60s\" is there twice; remove one",
                                                       own->text);
        }
        return 0;
}

static int check_requirement(const char *name, const Node *side, Error *err) {
        const Node *list = node_find(side, "requires-one-of");
        const Node *message = node_find(side, "requires-message");
        const Place place = { name, err };

        if (!list != !message)
                return definition_fail(&place, list ? list : message,
                                       "requires-one-of and requires-message belong together; add "
                                       "the other");
        return list ? require_attributes(&place, side, list) : 0;
}

/* ── blocks ── */

static int check_condition(const Place *place, const Node *side, const Node *wanted,
                           bool may_be_empty) {
        if (wanted->count == 0 && !may_be_empty)
                return definition_fail(place, wanted, "attributes are needed; name one");
        for (size_t i = 0; i + 1 < wanted->count; i += 2) {
                const Node *value = wanted->items[i + 1];
                if (require_attribute(place, side, wanted->items[i]) < 0)
                        return -1;
                if (value->type != NODE_SCALAR || node_is_null(value))
                        return definition_fail(place, value,
                                               "a condition is a text, a number, true or false; "
                                               "write one block for each value");
        }
        return 0;
}

static int check_blocks(const char *name, const Node *side, const char *key, Error *err) {
        const Node *list = node_find(side, key);
        autofree char *where = string_format("%s %s", name, key);
        const Place place = { where, err };

        if (!list)
                return 0;
        if (definition_check_maps(&place, list) < 0)
                return -1;
        if (list->count > INTERFACE_ENTRY_COUNT_MAX)
                return definition_fail(&place, list, "has more than %d entries; leave some out",
                                       INTERFACE_ENTRY_COUNT_MAX);
        for (size_t i = 0; i < list->count; i++) {
                const Node *block = list->items[i];
                if (definition_check_keys(&place, block, BLOCK, DEFINITION_GRANTS) < 0 ||
                    check_condition(&place, side, node_find(block, "attributes"),
                                    string_equal(key, "when")) < 0 ||
                    definition_check_grants(where, block, err) < 0)
                        return -1;
        }
        return 0;
}

int definition_check_side(const char *name, const Node *side, Error *err) {
        const Place place = { name, err };
        autofree char *attributes_name = string_format("%s attribute", name);
        autofree char *always_name = string_format("%s always", name);
        const Place always_place = { always_name, err };

        if (definition_check_keys(&place, side, SIDE, DEFINITION_GRANTS) < 0)
                return -1;
        const Node *attributes = node_find(side, "attributes"), *always = node_find(side, "always");
        if (attributes && check_attributes(attributes_name, attributes, false, err) < 0)
                return -1;
        if (check_requirement(name, side, err) < 0 || check_rules(name, side, err) < 0 ||
            definition_check_grants(name, side, err) < 0)
                return -1;
        if (always && (definition_check_keys(&always_place, always, DEFINITION_GRANTS, NULL) < 0 ||
                       definition_check_grants(always_name, always, err) < 0))
                return -1;
        return check_blocks(name, side, "when", err) < 0 ? -1
                                                         : check_blocks(name, side, "unless", err);
}

/* ── references ── */

typedef struct Referring {
        const DefinitionSides *sides;
        Place place;
        bool is_always; /* only the own side is known */
        bool is_plug;
} Referring;

/* "PLUG(a.b:name)…": declared by that side. */
static int check_reference(const Referring *referring, const Node *node, const char *at) {
        bool is_plug = *at == 'P';
        const char *inner = at + strlen("PLUG(");
        autofree char *name = string_copy_length(inner, strcspn(inner, ").:"));
        const Node *side = is_plug ? referring->sides->plug : referring->sides->slot;

        if (referring->is_always && is_plug != referring->is_plug)
                return definition_fail(&referring->place, node,
                                       "$%.5s…) is of the other side, which nobody knows in "
                                       "\"always\"; move it to where it is granted connected",
                                       at);
        if (definition_has_attribute(side, name))
                return 0;
        return definition_fail(&referring->place, node,
                               "%ss have no attribute \"%.60s\"; declare it in \"attributes\"",
                               is_plug ? "plug" : "slot", name);
}

static int check_node(const Referring *referring, const Node *node) {
        Referring inner = *referring;

        for (const char *at = node->type == NODE_SCALAR ? strchr(node->text, '$') : NULL; at;
             at = strchr(at + 1, '$'))
                if ((string_has_prefix(at, "$PLUG(") || string_has_prefix(at, "$SLOT(")) &&
                    strchr(at, ')') && check_reference(referring, node, at + 1) < 0)
                        return -1;
        for (size_t i = 0; i < node->count; i++) {
                bool is_value = node->type == NODE_MAP && i % 2 == 1;
                if (is_value)
                        inner.is_always = referring->is_always ||
                                          string_equal(node->items[i - 1]->text, "always");
                if (check_node(&inner, node->items[i]) < 0)
                        return -1;
        }
        return 0;
}

int definition_check_references(const DefinitionSides *sides, Error *err) {
        const Referring plug = { sides, { "plug", err }, false, true };
        const Referring slot = { sides, { "slot", err }, false, false };

        if (sides->plug && check_node(&plug, sides->plug) < 0)
                return -1;
        return sides->slot ? check_node(&slot, sides->slot) : 0;
}
