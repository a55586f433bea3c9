/* SPDX-License-Identifier: Apache-2.0 */
#include "interface/policy-rule.h"

#include <regex.h>
#include <string.h>

#include "base/text.h"

#define ATTRIBUTE_DEPTH_MAX 8

static const char *const ACTS[] = {
        [POLICY_INSTALLATION] = "installation",
        [POLICY_CONNECTION] = "connection",
        [POLICY_AUTO_CONNECTION] = "auto-connection",
};

/* What constraints are held against; in a minimal question only the snap's type and the machine. */
typedef struct Asking {
        const PolicyQuestion *question;
        bool is_minimal;
} Asking;

/* --- values --- */

/* Whether the whole text is what the expression says. */
static bool text_matches(const char *expression, const char *text) {
        autofree char *anchored = string_format("^(%s)$", expression);
        regex_t compiled;

        if (regcomp(&compiled, anchored, REG_EXTENDED | REG_NOSUB) != 0)
                return false;
        bool is_match = regexec(&compiled, text, 0, NULL, 0) == 0;
        regfree(&compiled);
        return is_match;
}

static bool list_has(const json_t *list, const char *text) {
        const json_t *word;
        size_t i;

        if (json_is_string(list))
                return string_equal(json_string_value(list), text);
        json_array_foreach(list, i, word) {
                if (json_is_string(word) && string_equal(json_string_value(word), text))
                        return true;
        }
        return false;
}

/* "a.b": the member b of the attribute a. */
static const json_t *find_attribute(const PolicyEnd *end, const char *path, size_t length) {
        const json_t *value = end ? end->attributes : NULL;

        while (value) {
                size_t part = strcspn(path, ".)");
                autofree char *key = string_copy_length(path, part < length ? part : length);

                value = json_object_get(value, key);
                if (part >= length || path[part] != '.')
                        break;
                path += part + 1;
                length -= part + 1;
        }
        return value;
}

/* $SLOT(a), $PLUG(a): equal to that attribute of the other side. */
static bool is_reference(const char *text, const char *side) {
        return string_has_prefix(text, side) && text[strlen(text) - 1] == ')';
}

static bool special_matches(const Asking *asking, const char *wanted, const json_t *value,
                            bool *ret_is_special) {
        const PolicyQuestion *question = asking->question;
        const PolicyEnd *other = NULL;

        *ret_is_special = true;
        if (is_reference(wanted, "$SLOT("))
                other = question->slot;
        else if (is_reference(wanted, "$PLUG("))
                other = question->plug;
        else if (string_equal(wanted, "$PLUG_PUBLISHER_ID") ||
                 string_equal(wanted, "$SLOT_PUBLISHER_ID")) {
                other = wanted[1] == 'P' ? question->plug : question->slot;
                return other && *other->publisher_id && json_is_string(value) &&
                       string_equal(json_string_value(value), other->publisher_id);
        } else {
                *ret_is_special = false;
                return false;
        }
        const json_t *theirs = find_attribute(other, wanted + strlen("$SLOT("),
                                              strlen(wanted) - strlen("$SLOT()"));
        return theirs && value && json_equal(theirs, value);
}

static bool attribute_matches(const Asking *asking, const json_t *wanted, const json_t *value,
                              unsigned depth);

/* Each entry of a list has to be what is wanted. */
static bool each_matches(const Asking *asking, const json_t *wanted, const json_t *list,
                         unsigned depth) {
        const json_t *entry;
        size_t i;

        json_array_foreach(list, i, entry) {
                if (!attribute_matches(asking, wanted, entry, depth + 1))
                        return false;
        }
        return true;
}

static bool scalar_matches(const char *expression, const json_t *value) {
        if (json_is_string(value))
                return text_matches(expression, json_string_value(value));
        if (json_is_boolean(value))
                return text_matches(expression, json_is_true(value) ? "true" : "false");
        if (!json_is_integer(value))
                return false;
        autofree char *number = string_format("%lld", (long long)json_integer_value(value));
        return text_matches(expression, number);
}

static bool members_match(const Asking *asking, const json_t *wanted, const json_t *value,
                          unsigned depth) {
        const char *key;
        json_t *part;

        json_object_foreach((json_t *)(uintptr_t)wanted, key, part) {
                if (!attribute_matches(asking, part, json_object_get(value, key), depth + 1))
                        return false;
        }
        return true;
}

/* One of the alternatives. */
static bool any_matches(const Asking *asking, const json_t *wanted, const json_t *value,
                        unsigned depth) {
        const json_t *alternative;
        size_t i;

        json_array_foreach(wanted, i, alternative) {
                if (attribute_matches(asking, alternative, value, depth + 1))
                        return true;
        }
        return false;
}

static bool plain_matches(const Asking *asking, const json_t *wanted, const json_t *value,
                          unsigned depth) {
        if (json_is_array(value))
                return each_matches(asking, wanted, value, depth);
        if (json_is_object(wanted))
                return json_is_object(value) && members_match(asking, wanted, value, depth);
        return json_is_string(wanted) && scalar_matches(json_string_value(wanted), value);
}

static bool attribute_matches(const Asking *asking, const json_t *wanted, const json_t *value,
                              unsigned depth) {
        const char *text = json_string_value(wanted);
        bool is_special = false;

        if (depth > ATTRIBUTE_DEPTH_MAX)
                return false;
        if (json_is_array(wanted))
                return any_matches(asking, wanted, value, depth);
        if (json_is_boolean(wanted))
                return value && json_equal(wanted, value);
        if (text && string_equal(text, "$MISSING"))
                return value == NULL;
        bool is_match = text && special_matches(asking, text, value, &is_special);
        return is_special ? is_match : plain_matches(asking, wanted, value, depth);
}

/* A mapping, or a list of mappings one of which has to hold. */
static bool attributes_match(const Asking *asking, const json_t *wanted, const PolicyEnd *end) {
        const json_t *alternative;
        size_t i;

        json_array_foreach(wanted, i, alternative) {
                if (attributes_match(asking, alternative, end))
                        return true;
        }
        return json_is_object(wanted) && members_match(asking, wanted, end->attributes, 0);
}

/* --- constraints --- */

static bool names_match(const Asking *asking, const json_t *wanted, const PolicyEnd *end) {
        const json_t *name;
        size_t i;

        json_array_foreach(wanted, i, name) {
                const char *text = json_string_value(name);
                if (!text)
                        continue;
                if (string_equal(text, "$INTERFACE")
                            ? string_equal(end->name, asking->question->kind->name)
                            : text_matches(text, end->name))
                        return true;
        }
        return false;
}

static bool type_matches(const Asking *asking, const json_t *wanted, const PolicyEnd *end) {
        bool is_core = string_equal(end->snap_type, "os") ||
                       string_equal(end->snap_type, "snapd") ||
                       string_equal(end->snap_type, "system");
        (void)asking;
        return list_has(wanted, is_core ? "core" : end->snap_type);
}

static bool id_matches(const Asking *asking, const json_t *wanted, const PolicyEnd *end) {
        (void)asking;
        return *end->snap_id && list_has(wanted, end->snap_id);
}

static bool publisher_matches(const Asking *asking, const json_t *wanted, const PolicyEnd *end) {
        const PolicyQuestion *question = asking->question;
        bool is_plug = end == question->plug;
        const PolicyEnd *other = is_plug ? question->slot : question->plug;

        if (!*end->publisher_id)
                return false;
        if (list_has(wanted, end->publisher_id))
                return true;
        return list_has(wanted, is_plug ? "$SLOT_PUBLISHER_ID" : "$PLUG_PUBLISHER_ID") && other &&
               string_equal(end->publisher_id, other->publisher_id);
}

static bool end_attributes_match(const Asking *asking, const json_t *wanted, const PolicyEnd *end) {
        return attributes_match(asking, wanted, end);
}

static const struct {
        const char *key;
        bool is_plug;
        bool is_minimal;
        bool (*holds)(const Asking *asking, const json_t *wanted, const PolicyEnd *end);
} END_CONSTRAINTS[] = {
        { "plug-names", true, false, names_match },
        { "slot-names", false, false, names_match },
        { "plug-attributes", true, false, end_attributes_match },
        { "slot-attributes", false, false, end_attributes_match },
        { "plug-snap-type", true, true, type_matches },
        { "slot-snap-type", false, true, type_matches },
        { "plug-snap-id", true, false, id_matches },
        { "slot-snap-id", false, false, id_matches },
        { "plug-publisher-id", true, false, publisher_matches },
        { "slot-publisher-id", false, false, publisher_matches },
};

static bool classic_matches(const PolicyMachine *machine, const json_t *wanted) {
        if (json_is_boolean(wanted))
                return json_is_true(wanted) == machine->is_classic;
        if (list_has(wanted, "true") || list_has(wanted, "false"))
                return list_has(wanted, machine->is_classic ? "true" : "false");
        return machine->is_classic && *machine->distribution &&
               list_has(wanted, machine->distribution);
}

static bool device_matches(const PolicyMachine *machine, const json_t *constraints) {
        autofree char *model = string_format("%s/%s", machine->brand, machine->model);
        const struct {
                const char *key, *value;
        } rows[] = { { "on-store", machine->store },
                     { "on-brand", machine->brand },
                     { "on-model", *machine->model ? model : "" } };

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                const json_t *wanted = json_object_get(constraints, rows[i].key);
                if (wanted && (!*rows[i].value || !list_has(wanted, rows[i].value)))
                        return false;
        }
        return true;
}

/* All of one mapping have to hold. */
static bool constraints_hold(const Asking *asking, const json_t *constraints) {
        const PolicyQuestion *question = asking->question;
        const json_t *classic = json_object_get(constraints, "on-classic");

        for (size_t i = 0; i < ARRAY_COUNT(END_CONSTRAINTS); i++) {
                const json_t *wanted = json_object_get(constraints, END_CONSTRAINTS[i].key);
                const PolicyEnd *end = END_CONSTRAINTS[i].is_plug ? question->plug : question->slot;
                if (!wanted || (asking->is_minimal && !END_CONSTRAINTS[i].is_minimal))
                        continue;
                if (!end || !END_CONSTRAINTS[i].holds(asking, wanted, end))
                        return false;
        }
        if (classic && !classic_matches(question->machine, classic))
                return false;
        return asking->is_minimal || device_matches(question->machine, constraints);
}

/* --- one rule --- */

/* Written in a declaration as texts, in an interface as they are. */
static int find_bool(const json_t *rule) {
        if (json_is_boolean(rule))
                return json_is_true(rule);
        if (!json_is_string(rule))
                return -1;
        return string_equal(json_string_value(rule), "true") ? 1 : 0;
}

/* The alternative that holds, or NULL. */
static const json_t *find_holding(const Asking *asking, const json_t *rule) {
        const json_t *alternative;
        size_t i;

        json_array_foreach(rule, i, alternative) {
                const json_t *found = find_holding(asking, alternative);
                if (found)
                        return found;
        }
        if (json_is_object(rule))
                return constraints_hold(asking, rule) ? rule : NULL;
        return find_bool(rule) == 1 ? rule : NULL;
}

/* All rules of one side for one interface; where they are from decides what a refusal says. */
typedef struct Rules {
        const json_t *rules; /* borrowed */
        bool is_plug;
        const PolicyEnd *declared; /* whose declaration; NULL: the interface's own */
} Rules;

static int refuse(const Asking *asking, const Rules *rules, const char *how, Error *ret_why) {
        const PolicyQuestion *question = asking->question;
        const char *act = ACTS[question->act], *side = rules->is_plug ? "plug" : "slot";
        const char *snap = rules->declared ? rules->declared->snap : "";
        const PolicyEnd *end = rules->is_plug ? question->plug : question->slot;

        if (question->act == POLICY_INSTALLATION)
                (void)error_set(
                        ret_why, ERROR_FAILED, "%s %s by \"%s\" %s rule of interface \"%s\"%s%s%s",
                        act, how, end->name, side, question->kind->name,
                        rules->declared ? " for \"" : "", snap, rules->declared ? "\" snap" : "");
        else
                (void)error_set(ret_why, ERROR_FAILED, "%s %s by %s rule of interface \"%s\"%s%s%s",
                                act, how, side, question->kind->name,
                                rules->declared ? " for \"" : "", snap,
                                rules->declared ? "\" snap" : "");
        return 0;
}

/* Deny is asked before allow; what is not said is allowed. */
static int ask_rules(const Asking *asking, const Rules *rules, bool *ret_is_any, Error *ret_why) {
        const char *act = ACTS[asking->question->act];
        autofree char *deny_key = string_format("deny-%s", act);
        autofree char *allow_key = string_format("allow-%s", act);
        const json_t *deny = json_object_get(rules->rules, deny_key);
        const json_t *allow = json_object_get(rules->rules, allow_key);

        if (find_bool(rules->rules) >= 0)
                return find_bool(rules->rules) ? 1 : refuse(asking, rules, "denied", ret_why);
        if (deny && find_holding(asking, deny))
                return refuse(asking, rules, "denied", ret_why);
        if (!allow)
                return 1;
        const json_t *holding = find_holding(asking, allow);
        if (!holding)
                return refuse(asking, rules, "not allowed", ret_why);
        const json_t *slots = json_object_get(holding, "slots-per-plug");
        *ret_is_any = json_is_string(slots) && string_equal(json_string_value(slots), "*");
        return 1;
}

/* --- which rule --- */

static const json_t *find_declared(const PolicyEnd *end, bool is_plug, const char *interface) {
        if (!end || !end->declaration)
                return NULL;
        return json_object_get(json_object_get(end->declaration, is_plug ? "plugs" : "slots"),
                               interface);
}

/* In this order the first that exists decides alone. */
static bool find_rules(const PolicyQuestion *question, const json_t *base, Rules *ret) {
        const char *interface = question->kind->name;
        const struct {
                const PolicyEnd *end;
                const json_t *rules;
                bool is_plug, is_base;
        } order[] = {
                { question->plug, find_declared(question->plug, true, interface), true, false },
                { question->slot, find_declared(question->slot, false, interface), false, false },
                { question->plug, json_object_get(base, "plug"), true, true },
                { question->slot, json_object_get(base, "slot"), false, true },
        };

        for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
                bool is_empty =
                        json_is_object(order[i].rules) && json_object_size(order[i].rules) == 0;
                if (!order[i].end || !order[i].rules || is_empty)
                        continue;
                *ret = (Rules){ order[i].rules, order[i].is_plug,
                                order[i].is_base ? NULL : order[i].end };
                return true;
        }
        return false;
}

int policy_ask(const PolicyQuestion *question, bool *ret_is_any, Error *ret_why) {
        autojson base = json_loads(question->kind->policy, 0, NULL);
        const Asking asking = { question, false };
        bool is_any = false;
        Rules rules;

        int is_allowed = find_rules(question, base, &rules)
                                 ? ask_rules(&asking, &rules, &is_any, ret_why)
                                 : 1;
        if (ret_is_any)
                *ret_is_any = is_any;
        return is_allowed;
}

/* Of a minimal question an alternative that says neither type nor machine is none. */
static bool says_minimal(const json_t *rule) {
        return json_object_get(rule, "slot-snap-type") || json_object_get(rule, "plug-snap-type") ||
               json_object_get(rule, "on-classic");
}

int policy_ask_minimal(const PolicyQuestion *question, Error *ret_why) {
        autojson base = json_loads(question->kind->policy, 0, NULL);
        const json_t *rules = json_object_get(base, "slot");
        const json_t *allow = json_object_get(rules, "allow-installation");
        const Asking asking = { question, true };
        const json_t *alternative;
        bool has_any = says_minimal(allow);
        size_t i;

        json_array_foreach(allow, i, alternative) {
                has_any |= says_minimal(alternative);
        }
        if (!question->slot || !has_any || find_holding(&asking, allow))
                return 1;
        return refuse(&asking, &(Rules){ rules, false, NULL }, "not allowed", ret_why);
}

/* --- for SQL --- */

static const json_t *parse_end(const char *text, const InterfaceKind *kind, json_t **ret_owned,
                               PolicyEnd *ret) {
        json_t *end = json_loads(text, 0, NULL);
        json_t *attributes = json_object_get(end, "attributes");

        *ret_owned = end;
        *ret = (PolicyEnd){
                .name = json_get_string(end, "name", ""),
                .attributes = attributes,
                .snap = json_get_string(end, "snap", ""),
                .snap_type = json_get_string(end, "type", ""),
                .snap_id = json_get_string(end, "snap_id", ""),
                .publisher_id = json_get_string(end, "publisher_id", ""),
                .declaration = json_object_get(end, "declaration"),
        };
        /* The attribute that both sides have alike is, where it is absent, the name. */
        if (kind && kind->must_match && attributes &&
            !json_object_get(attributes, kind->must_match))
                json_put_string(attributes, kind->must_match, ret->name);
        return end;
}

static int ask_texts(PolicyAct act, const char *const *arguments, bool *ret_is_any,
                     Error *ret_why) {
        const InterfaceKind *kind = arguments[0] ? interface_kind_find(arguments[0]) : NULL;
        autojson owned_plug = NULL;
        autojson owned_slot = NULL;
        PolicyEnd plug, slot;

        if (!kind || !arguments[1] || !arguments[2] || !arguments[3])
                return error_set(ret_why, ERROR_FAILED, "incomplete");
        autojson device = json_loads(arguments[3], 0, NULL);
        PolicyMachine machine = { json_get_bool(device, "is_classic", false),
                                  json_get_string(device, "distribution", ""),
                                  json_get_string(device, "store", ""),
                                  json_get_string(device, "brand", ""),
                                  json_get_string(device, "model", "") };
        if (!parse_end(arguments[1], kind, &owned_plug, &plug) ||
            !parse_end(arguments[2], kind, &owned_slot, &slot))
                return error_set(ret_why, ERROR_FAILED, "incomplete");
        PolicyQuestion question = { act, kind, &plug, &slot, &machine };
        /* By hand all is allowed between packages that nobody asserts. */
        if (act == POLICY_CONNECTION && (!*plug.snap_id || !*slot.snap_id))
                return 1;
        return policy_ask(&question, ret_is_any, ret_why);
}

char *policy_auto_connect_rule(const char *const *arguments) {
        Error ignored = ERROR_INIT;
        bool is_any = false;

        if (ask_texts(POLICY_AUTO_CONNECTION, arguments, &is_any, &ignored) <= 0)
                return NULL;
        return string_copy(is_any ? "*" : "1");
}

char *policy_connect_refusal(const char *const *arguments) {
        Error why = ERROR_INIT;
        bool is_any = false;

        return ask_texts(POLICY_CONNECTION, arguments, &is_any, &why) > 0
                       ? NULL
                       : string_copy(why.message);
}
