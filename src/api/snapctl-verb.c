/* SPDX-License-Identifier: Apache-2.0 */
#include "api/snapctl-verb.h"

#include <string.h>

#include "interface/dynamic-attribute.h"
#include "snap/hook-context.h"

void snapctl_call_done(SnapctlCall *call) {
        text_done(&call->output);
        text_done(&call->error);
}

/* --- options --- */

/* Which attributes are meant, and how values are written and read. */
typedef struct Asked {
        const char *side;     /* said by --plug or --slot; NULL: the hook's own */
        const char *endpoint; /* without its ":"; NULL: none was named */
        bool is_document;     /* -d: always as an object of all */
        bool is_typed;        /* -t: JSON out, and in: nothing else */
        bool is_text;         /* -s: values are texts */
        bool is_list;
        const char *words[SNAPCTL_ARGUMENT_COUNT_MAX];
        size_t word_count;
} Asked;

static int take_option(const char *option, Asked *asked, Error *err) {
        const struct {
                const char *option;
                bool *flag;
        } flags[] = {
                { "-d", &asked->is_document },
                { "-t", &asked->is_typed },
                { "-s", &asked->is_text },
                { "--list", &asked->is_list },
        };

        for (size_t i = 0; i < ARRAY_COUNT(flags); i++)
                if (string_equal(option, flags[i].option)) {
                        *flags[i].flag = true;
                        return 0;
                }
        if (string_equal(option, "--plug") || string_equal(option, "--slot")) {
                asked->side = option + strlen("--");
                return 0;
        }
        return error_set(err, ERROR_BAD_REQUEST, "option \"%.40s\" is not supported by pawl yet",
                         option);
}

/* ":p a b" or "a b", with options anywhere before a "--". */
static int parse(const SnapctlCall *call, Asked *ret, Error *err) {
        bool is_over = false;

        for (size_t i = 1; i < call->argument_count; i++) {
                const char *word = call->arguments[i];
                bool is_option = !is_over && word[0] == '-' && word[1];
                if (is_option && string_equal(word, "--"))
                        is_over = true;
                else if (is_option && take_option(word, ret, err) < 0)
                        return -1;
                else if (!is_option && word[0] == ':' && !ret->endpoint && ret->word_count == 0)
                        ret->endpoint = word + 1;
                else if (!is_option)
                        ret->words[ret->word_count++] = word;
        }
        return 0;
}

/* --- attributes --- */

static int require_endpoint(const SnapctlCall *call, const Asked *asked, Error *err) {
        const char *own = json_get_string(call->context, HOOK_ENDPOINT, NULL);

        if (!asked->endpoint)
                return error_set(err, ERROR_NOT_IMPLEMENTED,
                                 "the configuration of packages is not supported by pawl yet; "
                                 "attributes of a plug or slot are named with \":NAME\" first");
        if (!own)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "interface attributes can only be used by the hooks of interfaces "
                                 "(prepare-plug-NAME and the like)");
        if (!string_equal(own, asked->endpoint))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "this hook is about \":%s\", not about \":%.60s\"", own,
                                 asked->endpoint);
        return 0;
}

static json_t *get_side(const SnapctlCall *call, const char *side) {
        const char *own = json_get_string(call->context, HOOK_SIDE, "plug");

        return json_object_get(json_object_get(call->context, HOOK_ATTRIBUTES), side ? side : own);
}

static void print_json(SnapctlCall *call, const json_t *value) {
        char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_INDENT(4));

        text_append(&call->output, text ? text : "null");
        text_append(&call->output, "\n");
        free(text);
}

static void print_value(SnapctlCall *call, const Asked *asked, const json_t *value) {
        if (json_is_string(value) && !asked->is_typed)
                text_append_format(&call->output, "%s\n", json_string_value(value));
        else
                print_json(call, value);
}

static int refuse_missing(const char *name, const char *side, const char *endpoint, Error *err) {
        return error_set(err, ERROR_BAD_REQUEST, "unknown attribute \"%.80s\" of %s \":%s\"", name,
                         side, endpoint);
}

static int get_one(SnapctlCall *call, const Asked *asked, const char *name, json_t *document,
                   Error *err) {
        const char *own = json_get_string(call->context, HOOK_SIDE, "plug");
        const char *side = asked->side ? asked->side : own;
        const json_t *value = NULL;
        int found = attribute_find(get_side(call, side), name, &value, err);

        if (found <= 0)
                return found < 0
                               ? -1
                               : refuse_missing(
                                         name, string_equal(side, own) ? side : "the other side of",
                                         asked->endpoint, err);
        if (document)
                json_object_set(document, name, (json_t *)(uintptr_t)value);
        else
                print_value(call, asked, value);
        return 0;
}

static int run_get(SnapctlCall *call, const Asked *asked, Error *err) {
        bool is_document = asked->is_document || asked->word_count > 1;
        autojson document = is_document ? json_object() : NULL;

        if (asked->is_document && asked->is_typed)
                return error_set(err, ERROR_BAD_REQUEST, "cannot use -d and -t together");
        if (require_endpoint(call, asked, err) < 0)
                return -1;
        if (asked->word_count == 0) {
                const json_t *side = get_side(call, asked->side);
                autojson all = attributes_merge(json_object_get(side, "fixed"),
                                                json_object_get(side, "dynamic"));
                print_json(call, all);
                return 0;
        }
        for (size_t i = 0; i < asked->word_count; i++)
                if (get_one(call, asked, asked->words[i], document, err) < 0)
                        return -1;
        if (document)
                print_json(call, document);
        return 0;
}

static int require_setting(const SnapctlCall *call, const Asked *asked, Error *err) {
        if (require_endpoint(call, asked, err) < 0)
                return -1;
        if (asked->side &&
            !string_equal(asked->side, json_get_string(call->context, HOOK_SIDE, "")))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "a hook sets the attributes of its own side only");
        if (!json_get_bool(call->context, HOOK_MAY_SET, false))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "interface attributes can only be set by prepare hooks, before "
                                 "there is the connection");
        if (asked->word_count == 0)
                return error_set(err, ERROR_BAD_REQUEST, "no attribute was named");
        return 0;
}

/* What is no JSON is text. */
static int parse_value(const Asked *asked, const char *text, json_t **ret, Error *err) {
        Error why = ERROR_INIT;

        if (asked->is_text || json_parse(text, strlen(text), ret, &why) < 0) {
                if (asked->is_typed)
                        return error_set(err, ERROR_BAD_REQUEST, "not JSON: %.60s", text);
                *ret = json_string(text);
        }
        return *ret ? 0 : error_set(err, ERROR_BAD_REQUEST, "a value is no text");
}

/* "a=value", or "a!": away with it. */
static int set_one(json_t *side, const Asked *asked, const char *word, Error *err) {
        size_t length = strcspn(word, "=");
        json_t *value = NULL;

        if (word[length] == '=') {
                autofree char *path = string_copy_length(word, length);
                return parse_value(asked, word + length + 1, &value, err) < 0
                               ? -1
                               : attribute_set(side, path, value, err);
        }
        if (length > 1 && word[length - 1] == '!') {
                autofree char *path = string_copy_length(word, length - 1);
                return attribute_set(side, path, NULL, err);
        }
        return error_set(err, ERROR_BAD_REQUEST, "\"%.80s\" is not NAME=VALUE", word);
}

/* All of them or none. */
static int change(SnapctlCall *call, const Asked *asked, bool is_unset, Error *err) {
        if (require_setting(call, asked, err) < 0)
                return -1;
        json_t *side = get_side(call, NULL);
        autojson changed = json_deep_copy(side);
        for (size_t i = 0; i < asked->word_count; i++) {
                const char *word = asked->words[i];
                int result = is_unset ? attribute_set(changed, word, NULL, err)
                                      : set_one(changed, asked, word, err);
                if (result < 0)
                        return -1;
        }
        json_object_set(side, "dynamic", json_object_get(changed, "dynamic"));
        return 0;
}

static int run_set(SnapctlCall *call, const Asked *asked, Error *err) {
        return change(call, asked, false, err);
}

static int run_unset(SnapctlCall *call, const Asked *asked, Error *err) {
        return change(call, asked, true, err);
}

/* --- is-connected --- */

static int list_connected(SnapctlCall *call, const char *instance, Error *err) {
        autoquery query = QUERY_INIT;
        int more;

        if (query_open(
                    call->database, &query, err,
                    "SELECT plug FROM live_connection WHERE plug_snap = ?1 UNION SELECT slot FROM "
                    "live_connection WHERE slot_snap = ?1 ORDER BY 1",
                    "s", instance) < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0)
                text_append_format(&call->output, "%s\n", query_get_text(&query, 0));
        return more;
}

static int require_own(const SnapctlCall *call, const char *instance, const char *name,
                       Error *err) {
        int64_t one = 0;
        int found =
                database_find_int(call->database, &one, err,
                                  "SELECT 1 FROM snap s JOIN endpoint e ON e.instance = s.instance "
                                  "AND e.revision = s.current WHERE s.instance = ? AND e.name = ?",
                                  "ss", instance, name);

        if (found == 0)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "snap \"%s\" has no plug or slot named \"%.60s\"", instance, name);
        return found < 0 ? -1 : 0;
}

static int run_is_connected(SnapctlCall *call, const Asked *asked, Error *err) {
        const char *instance = json_get_string(call->context, "instance", "");
        int64_t one = 0;

        if (asked->is_list && asked->word_count == 0)
                return list_connected(call, instance, err);
        if (asked->word_count != 1 || asked->is_list)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "exactly one plug or slot has to be named");
        if (require_own(call, instance, asked->words[0], err) < 0)
                return -1;
        int found =
                database_find_int(call->database, &one, err,
                                  "SELECT 1 FROM live_connection WHERE (plug_snap = ?1 AND plug = "
                                  "?2) OR (slot_snap = ?1 AND slot = ?2) LIMIT 1",
                                  "ss", instance, asked->words[0]);
        return found < 0 ? -1 : !found;
}

/* --- the verbs --- */

static const struct {
        const char *verb;
        bool is_for_all; /* not for root alone */
        int (*run)(SnapctlCall *call, const Asked *asked, Error *err);
} VERBS[] = {
        { "get", true, run_get },
        { "is-connected", true, run_is_connected },
        { "set", false, run_set },
        { "unset", false, run_unset },
        /* Asked for what is not here, they say that and not that one is not root. */
        { "model", true, NULL },
        { "services", true, NULL },
        { "set-health", true, NULL },
        { "system-mode", true, NULL },
};

static bool is_for_all(const char *verb) {
        for (size_t i = 0; i < ARRAY_COUNT(VERBS); i++)
                if (string_equal(VERBS[i].verb, verb))
                        return VERBS[i].is_for_all;
        return false;
}

int snapctl_check_uid(const SnapctlCall *call, Error *err) {
        const char *verb = call->arguments[0];

        if (call->uid == 0 || is_for_all(verb))
                return 0;
        return error_set(err, ERROR_FORBIDDEN, "cannot use \"%.40s\" with uid %u, try with sudo",
                         verb, call->uid);
}

int snapctl_run(SnapctlCall *call, Error *err) {
        const char *verb = call->arguments[0];
        Asked asked = { 0 };

        for (size_t i = 0; i < ARRAY_COUNT(VERBS); i++) {
                if (!VERBS[i].run || !string_equal(VERBS[i].verb, verb))
                        continue;
                if (parse(call, &asked, err) < 0)
                        return -1;
                int status = VERBS[i].run(call, &asked, err);
                if (status >= 0 && call->output.length > SNAPCTL_OUTPUT_SIZE_MAX)
                        return error_set(err, ERROR_TOO_LARGE, "more than %d bytes of output",
                                         SNAPCTL_OUTPUT_SIZE_MAX);
                return status;
        }
        return error_set(err, ERROR_NOT_IMPLEMENTED,
                         "\"snapctl %.40s\" is not supported by pawl yet", verb);
}
