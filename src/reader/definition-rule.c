/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "reader/definition-internal.h"

#define ATTRIBUTE_DEPTH_MAX 8

const char *const DEFINITION_SNAP_TYPES[] = { "core", "app", "gadget", "kernel", NULL };

static const DefinitionKey SIDES[] = { { "plug", KEY_MAP, false },
                                       { "slot", KEY_MAP, false },
                                       { NULL, 0, false } };

#define RULE_TYPES (KEY_BOOL | KEY_LIST | KEY_MAP)

static const DefinitionKey RULES[] = {
        { "allow-installation", RULE_TYPES, false },
        { "deny-installation", RULE_TYPES, false },
        { "allow-connection", RULE_TYPES, false },
        { "deny-connection", RULE_TYPES, false },
        { "allow-auto-connection", RULE_TYPES, false },
        { "deny-auto-connection", RULE_TYPES, false },
        { NULL, 0, false },
};

static const DefinitionKey CONSTRAINTS[] = {
        { "plug-names", KEY_LIST, false },
        { "slot-names", KEY_LIST, false },
        { "plug-attributes", KEY_MAP | KEY_LIST, false },
        { "slot-attributes", KEY_MAP | KEY_LIST, false },
        { "plug-snap-type", KEY_LIST, false },
        { "slot-snap-type", KEY_LIST, false },
        { "plug-snap-id", KEY_LIST, false },
        { "slot-snap-id", KEY_LIST, false },
        { "plug-publisher-id", KEY_LIST, false },
        { "slot-publisher-id", KEY_LIST, false },
        { "on-classic", KEY_BOOL | KEY_LIST, false },
        { "on-store", KEY_LIST, false },
        { "on-brand", KEY_LIST, false },
        { "on-model", KEY_LIST, false },
        { "slots-per-plug", KEY_INT | KEY_TEXT, false },
        { "plugs-per-slot", KEY_INT | KEY_TEXT, false },
        { NULL, 0, false },
};

/* An expression, or one of the words that begin with a dollar. */
static int check_expression(const Place *place, const Node *node) {
        static const char *const words[] = { "$MISSING", "$INTERFACE", "$PLUG_PUBLISHER_ID",
                                             "$SLOT_PUBLISHER_ID" };

        if (!definition_is_text(node))
                return definition_fail(place, node,
                                       "must be a pattern, true or false (found %s); put it in "
                                       "quotes",
                                       node_get_type_name(node));
        for (size_t i = 0; i < ARRAY_COUNT(words); i++)
                if (string_equal(node->text, words[i]))
                        return 0;
        if (definition_matches("\\$(PLUG|SLOT)\\([A-Za-z0-9_.-]+\\)", node->text))
                return 0;
        if (*node->text == '$')
                return definition_fail(place, node,
                                       "\"%.60s\" is no such word; known are $MISSING, $INTERFACE, "
                                       "$PLUG(a), $SLOT(a), $PLUG_PUBLISHER_ID, "
                                       "$SLOT_PUBLISHER_ID",
                                       node->text);
        return definition_check_expression(place, node);
}

static int check_wanted(const Place *place, const Node *node, unsigned depth) {
        if (depth > ATTRIBUTE_DEPTH_MAX)
                return definition_fail(place, node, "nested deeper than %d; make it flatter",
                                       ATTRIBUTE_DEPTH_MAX);
        if (node->type == NODE_SCALAR && node_read_scalar(node).type == SCALAR_BOOL)
                return 0;
        if (node->type == NODE_SCALAR)
                return check_expression(place, node);
        for (size_t i = 0; i < node->count; i++) {
                bool is_key = node->type == NODE_MAP && i % 2 == 0;
                if (!is_key && check_wanted(place, node->items[i], depth + 1) < 0)
                        return -1;
        }
        return 0;
}

static int check_count(const Place *place, const Node *count) {
        bool is_one = string_equal(count->text, "1"), is_any = string_equal(count->text, "*");

        return is_one || is_any ? 0
                                : definition_fail(place, count,
                                                  "a number of ends is \"%.20s\"; write 1 or \"*\"",
                                                  count->text);
}

static int check_constraint(const Place *place, const char *key, const Node *value) {
        if (string_has_suffix(key, "-attributes"))
                return check_wanted(place, value, 0);
        if (string_has_suffix(key, "-snap-type"))
                return definition_check_words(place, value, DEFINITION_SNAP_TYPES);
        if (strstr(key, "s-per-"))
                return check_count(place, value);
        if (value->type != NODE_LIST)
                return 0;
        if (definition_check_texts(place, value) < 0)
                return -1;
        for (size_t i = 0; string_has_suffix(key, "-names") && i < value->count; i++)
                if (check_expression(place, value->items[i]) < 0)
                        return -1;
        return 0;
}

static int check_constraints(const Place *place, const Node *map) {
        if (definition_check_keys(place, map, CONSTRAINTS, NULL) < 0)
                return -1;
        if (map->count == 0)
                return definition_fail(place, map,
                                       "no constraint at all; write true, false or constraints");
        for (size_t i = 0; i + 1 < map->count; i += 2) {
                const char *key = map->items[i]->text;
                autofree char *where = string_format("%s %s", place->name, key);
                const Place inner = { where, place->err };
                if (check_constraint(&inner, key, map->items[i + 1]) < 0)
                        return -1;
        }
        return 0;
}

static int check_alternative(const Place *place, const Node *node) {
        if (node->type == NODE_SCALAR && node_read_scalar(node).type == SCALAR_BOOL)
                return 0;
        if (node->type == NODE_MAP)
                return check_constraints(place, node);
        return definition_fail(place, node,
                               "an alternative is neither true, false nor constraints (found %s)",
                               node_get_type_name(node));
}

static int check_rule(const Place *place, const Node *rule) {
        if (rule->type != NODE_LIST)
                return check_alternative(place, rule);
        if (rule->count == 0)
                return definition_fail(place, rule,
                                       "no alternative at all; write true, false or constraints");
        for (size_t i = 0; i < rule->count; i++)
                if (check_alternative(place, rule->items[i]) < 0)
                        return -1;
        return 0;
}

/* Who may do something and nobody may: one of the two was meant. */
static int check_consistent(const Place *place, const Node *rules) {
        static const char *const acts[] = { "installation", "connection", "auto-connection" };

        for (size_t i = 0; i < ARRAY_COUNT(acts); i++) {
                autofree char *allow = string_format("allow-%s", acts[i]);
                autofree char *deny = string_format("deny-%s", acts[i]);
                const Node *allowed = node_find(rules, allow), *denied = node_find(rules, deny);
                bool is_never =
                        denied && denied->type == NODE_SCALAR && node_read_scalar(denied).flag;
                if (allowed && is_never)
                        return definition_fail(place, denied,
                                               "%s is true, so %s never counts; remove one of them",
                                               deny, allow);
        }
        return 0;
}

int definition_check_policy(const Node *policy, Error *err) {
        const Place place = { "policy", err };

        if (!policy)
                return 0;
        if (definition_check_keys(&place, policy, SIDES, NULL) < 0)
                return -1;
        for (size_t i = 0; i + 1 < policy->count; i += 2) {
                const Node *rules = policy->items[i + 1];
                autofree char *side_name = string_format("policy %s", policy->items[i]->text);
                const Place side = { side_name, err };
                if (definition_check_keys(&side, rules, RULES, NULL) < 0 ||
                    check_consistent(&side, rules) < 0)
                        return -1;
                for (size_t j = 0; j + 1 < rules->count; j += 2) {
                        autofree char *name =
                                string_format("%s %s", side_name, rules->items[j]->text);
                        const Place one = { name, err };
                        if (check_rule(&one, rules->items[j + 1]) < 0)
                                return -1;
                }
        }
        return 0;
}

/* ── what the short keys stand for ── */

static json_t *never_if(const json_t *never) {
        json_t *wanted = json_object(), *value;
        const char *key;

        json_object_foreach((json_t *)(uintptr_t)never, key, value) json_put(
                wanted, key,
                json_is_string(value) ? json_incref(value)
                                      : json_string(json_is_true(value) ? "true" : "false"));
        return json_pack("{s:o}", "plug-attributes", wanted);
}

static void put_denied(json_t *slot, const json_t *kind) {
        const char *when = json_get_string(kind, "auto-connect", "");
        const json_t *never = json_object_get(kind, "never-auto-connect-if");
        autojson denied = json_array();

        if (string_equal(when, "never"))
                json_array_append_new(denied, json_true());
        if (string_equal(when, "classic"))
                json_array_append_new(denied, json_pack("{s:b}", "on-classic", 0));
        if (json_object_size(never) > 0)
                json_array_append_new(denied, never_if(never));
        if (json_array_size(denied) > 0)
                json_put(slot, "deny-auto-connection",
                         json_incref(json_array_size(denied) == 1 ? json_array_get(denied, 0)
                                                                  : denied));
}

static json_t *same_publisher(const char *matching) {
        json_t *rule = json_pack("{s:[s]}", "plug-publisher-id", "$SLOT_PUBLISHER_ID");

        if (matching) {
                autofree char *wanted = string_format("$SLOT(%s)", matching);
                json_put(rule, "plug-attributes", json_pack("{s:s}", matching, wanted));
        }
        return rule;
}

/* What `policy` says itself goes before. */
json_t *definition_derive_policy(const json_t *kind) {
        const json_t *own = json_object_get(kind, "policy");
        json_t *plug = json_object(), *slot = json_object(), *rule;
        const char *key;

        if (json_get_bool(kind, "super-privileged", false))
                json_put(plug, "allow-installation", json_false());
        json_put(slot, "allow-installation",
                 json_pack("{s:O}", "slot-snap-type", json_object_get(kind, "slot-types")));
        put_denied(slot, kind);
        if (string_equal(json_get_string(kind, "auto-connect", ""), "same-publisher"))
                json_put(slot, "allow-auto-connection",
                         same_publisher(json_get_string(kind, "must-match", NULL)));
        (void)json_object_update(plug, json_object_get(own, "plug"));
        (void)json_object_update(slot, json_object_get(own, "slot"));
        /* Where there is a rule of the plug, the slot's is not asked for a connection. */
        if (json_object_size(plug) > 0)
                json_object_foreach(slot, key, rule) {
                        if (string_has_suffix(key, "connection") && !json_object_get(plug, key))
                                json_object_set(plug, key, rule);
                }
        return json_pack("{s:o, s:o}", "plug", plug, "slot", slot);
}
