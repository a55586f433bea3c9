/* SPDX-License-Identifier: Apache-2.0 */
#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "reader/definition-internal.h"

#define LISTED_MAX     200 /* bytes of a message that name what is known */
#define DISTANCE_MAX   2   /* of a word that was meant */
#define WORD_MAX       40
#define REPETITION_MAX 1024 /* all intervals of an expression multiplied */

int definition_fail(const Place *place, const Node *node, const char *format, ...) {
        char message[ERROR_MESSAGE_MAX];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(message, sizeof(message), format, arguments);
        va_end(arguments);
        return error_set(place->err, ERROR_BAD_REQUEST, "line %u: %s: %s", node ? node->line : 1,
                         place->name, message);
}

/* ── words ── */

/* How many letters are to be changed, added or taken away; large for what is no typing error. */
static size_t measure_distance(const char *a, const char *b) {
        size_t rows[2][WORD_MAX + 1] = { { 0 } };
        size_t a_length = strlen(a), b_length = strlen(b);

        if (a_length > WORD_MAX || b_length > WORD_MAX)
                return WORD_MAX;
        for (size_t j = 0; j <= b_length; j++)
                rows[0][j] = j;
        for (size_t i = 1; i <= a_length; i++) {
                size_t *row = rows[i % 2], *above = rows[(i - 1) % 2];
                row[0] = i;
                for (size_t j = 1; j <= b_length; j++) {
                        size_t best = above[j - 1] + (a[i - 1] != b[j - 1]);
                        best = above[j] + 1 < best ? above[j] + 1 : best;
                        row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
                }
        }
        return rows[a_length % 2][b_length];
}

/* "did you mean ...?", or what is known. */
static char *suggest(const char *word, const char *const *known) {
        size_t nearest = DISTANCE_MAX + 1;
        const char *meant = NULL;
        autotext list = TEXT_INIT;

        for (; *known; known++) {
                size_t distance = measure_distance(word, *known);
                if (distance < nearest) {
                        nearest = distance;
                        meant = *known;
                }
                if (list.length < LISTED_MAX)
                        text_append_format(&list, "%s%s", list.length > 0 ? ", " : "", *known);
                else if (!string_has_suffix(list.bytes, "…"))
                        text_append(&list, ", …");
        }
        return meant && *word ? string_format("did you mean \"%s\"?", meant)
                              : string_format("known are: %s", list.bytes);
}

bool definition_is_text(const Node *node) {
        return node->type == NODE_SCALAR && node_read_scalar(node).type == SCALAR_TEXT;
}

static int require_text(const Place *place, const Node *node) {
        if (definition_is_text(node))
                return 0;
        return definition_fail(place, node, "%s%.60s%s is no text (%s); put it in quotes",
                               node->type == NODE_SCALAR ? "\"" : "",
                               node->type == NODE_SCALAR ? node->text : "this",
                               node->type == NODE_SCALAR ? "\"" : "", node_get_type_name(node));
}

int definition_check_word(const Place *place, const Node *node, const char *const *known) {
        if (require_text(place, node) < 0)
                return -1;
        for (const char *const *word = known; *word; word++)
                if (string_equal(*word, node->text))
                        return 0;
        autofree char *step = suggest(node->text, known);
        return definition_fail(place, node, "unknown word \"%.60s\"; %s", node->text, step);
}

int definition_check_words(const Place *place, const Node *list, const char *const *known) {
        if (list->type != NODE_LIST)
                return definition_fail(place, list, "must be a list (found %s); write [WORD, …]",
                                       node_get_type_name(list));
        for (size_t i = 0; i < list->count; i++) {
                if (definition_check_word(place, list->items[i], known) < 0)
                        return -1;
                for (size_t j = 0; j < i; j++)
                        if (string_equal(list->items[i]->text, list->items[j]->text))
                                return definition_fail(place, list->items[i],
                                                       "\"%.60s\" is there twice; remove one",
                                                       list->items[i]->text);
        }
        return 0;
}

int definition_check_texts(const Place *place, const Node *list) {
        if (list->type != NODE_LIST)
                return definition_fail(place, list,
                                       "must be a list (found %s); write [\"TEXT\", …]",
                                       node_get_type_name(list));
        for (size_t i = 0; i < list->count; i++) {
                if (require_text(place, list->items[i]) < 0)
                        return -1;
                if (list->items[i]->length == 0)
                        return definition_fail(place, list->items[i],
                                               "a text is empty; remove it or fill it");
        }
        return 0;
}

int definition_check_maps(const Place *place, const Node *list) {
        if (list->type != NODE_LIST)
                return definition_fail(
                        place, list, "must be a list of mappings (found %s); write - {KEY: VALUE}",
                        node_get_type_name(list));
        for (size_t i = 0; i < list->count; i++)
                if (list->items[i]->type != NODE_MAP)
                        return definition_fail(place, list->items[i],
                                               "an entry is no mapping (found %s); write "
                                               "{KEY: VALUE, …}",
                                               node_get_type_name(list->items[i]));
        return 0;
}

/* ── keys ── */

static unsigned get_type(const Node *node) {
        static const unsigned scalars[] = { [SCALAR_BOOL] = KEY_BOOL,
                                            [SCALAR_INT] = KEY_INT,
                                            [SCALAR_FLOAT] = 0,
                                            [SCALAR_NULL] = 0,
                                            [SCALAR_TEXT] = KEY_TEXT };

        if (node->type == NODE_SCALAR)
                return scalars[node_read_scalar(node).type];
        return node->type == NODE_LIST ? KEY_LIST : KEY_MAP;
}

static char *format_types(unsigned types) {
        static const char *const names[] = { "a text", "true or false", "a whole number", "a list",
                                             "a mapping" };
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
                if (types & (1u << i))
                        text_append_format(&text, "%s%s", text.length > 0 ? ", or " : "", names[i]);
        return text_take(&text);
}

static const DefinitionKey *find_key(const DefinitionKey *keys, const char *name) {
        for (; keys && keys->name; keys++)
                if (string_equal(keys->name, name))
                        return keys;
        return NULL;
}

static int fail_unknown(const Place *place, const Node *key, const DefinitionKey *keys,
                        const DefinitionKey *more) {
        const DefinitionKey *const tables[] = { keys, more };
        const char *names[64] = { NULL };
        size_t count = 0;

        for (size_t i = 0; i < ARRAY_COUNT(tables); i++)
                for (const DefinitionKey *one = tables[i]; one && one->name; one++)
                        if (count < ARRAY_COUNT(names) - 1)
                                names[count++] = one->name;
        autofree char *step = suggest(key->text, names);
        return definition_fail(place, key, "unknown key \"%.60s\"; %s", key->text, step);
}

static int check_required(const Place *place, const Node *map, const DefinitionKey *keys) {
        for (; keys && keys->name; keys++)
                if (keys->is_required && !node_find(map, keys->name))
                        return definition_fail(place, map, "\"%s\" is missing; add it", keys->name);
        return 0;
}

int definition_check_keys(const Place *place, const Node *map, const DefinitionKey *keys,
                          const DefinitionKey *more) {
        if (!map || map->type != NODE_MAP)
                return definition_fail(place, map, "must be a mapping (found %s); write KEY: VALUE",
                                       map ? node_get_type_name(map) : "nothing");
        for (size_t i = 0; i + 1 < map->count; i += 2) {
                const Node *name = map->items[i], *value = map->items[i + 1];
                const DefinitionKey *key = find_key(keys, name->text);
                key = key ? key : find_key(more, name->text);
                if (!key)
                        return fail_unknown(place, name, keys, more);
                if (key->types & get_type(value))
                        continue;
                autofree char *types = format_types(key->types);
                return definition_fail(place, value, "\"%s\" must be %s (found %s)", key->name,
                                       types, node_get_type_name(value));
        }
        return check_required(place, map, keys) < 0 ? -1 : check_required(place, map, more);
}

/* ── texts ── */

/* Ours are few, and are asked of every file that one process reads. */
#define EXPRESSION_COUNT_MAX 32

static const regex_t *find_expression(const char *expression) {
        static struct {
                const char *expression;
                regex_t compiled;
        } known[EXPRESSION_COUNT_MAX];
        size_t i = 0;

        while (i < ARRAY_COUNT(known) && known[i].expression &&
               !string_equal(known[i].expression, expression))
                i++;
        if (i == ARRAY_COUNT(known))
                abort();
        if (!known[i].expression) {
                autofree char *whole = string_format("^(%s)$", expression);
                if (regcomp(&known[i].compiled, whole, REG_EXTENDED | REG_NOSUB) != 0)
                        abort();
                known[i].expression = expression;
        }
        return &known[i].compiled;
}

bool definition_matches(const char *expression, const char *text) {
        return regexec(find_expression(expression), text, 0, NULL, 0) == 0;
}

/* Past a bracket expression, in which "]" may come first and classes have brackets of their own. */
static const char *skip_bracket(const char *at) {
        at += at[1] == '^' ? 2 : 1;
        at += *at == ']';
        while (*at && *at != ']') {
                bool is_class = *at == '[' && at[1] && strchr(":.=", at[1]);
                const char *end = is_class ? strchr(at + 2, ']') : at;
                at = end ? end + 1 : at + strlen(at);
        }
        return at;
}

/* What a number after a brace is at the most; 1 where there is none. */
static unsigned long read_interval(const char *at) {
        unsigned long most = 1;

        while (*at && *at != '}') {
                char *end = NULL;
                unsigned long number = strtoul(at, &end, 10);
                most = number > most ? number : most;
                at = end > at ? end : at + 1;
        }
        return most;
}

/* Memory and time of glibc's automaton grow with what intervals multiply to, and without bound with
 * references back. */
static const char *find_excess(const char *expression) {
        unsigned long repetitions = 1;

        for (const char *at = expression; *at; at++) {
                if (*at == '\\' && at[1]) {
                        if (at[1] >= '0' && at[1] <= '9')
                                return "has a reference back; patterns have none";
                        if (strchr("dDwWsSbB", at[1]))
                                return "is none of POSIX; write [0-9], [A-Za-z0-9_], [[:space:]]";
                        at++;
                } else if (*at == '[') {
                        at = skip_bracket(at);
                } else if (*at == '(' && at[1] == '?') {
                        return "is none of POSIX; patterns have no \"(?\"";
                } else if (*at == '{') {
                        repetitions *= read_interval(at + 1);
                }
                if (repetitions > REPETITION_MAX)
                        return "repeats too much; its intervals multiply to more than 1024";
                if (!*at)
                        break;
        }
        return NULL;
}

int definition_check_expression(const Place *place, const Node *node) {
        char why[128];
        regex_t compiled;

        if (require_text(place, node) < 0)
                return -1;
        if (node->length > INTERFACE_PATTERN_SIZE_MAX)
                return definition_fail(place, node, "a pattern is longer than %d bytes; shorten it",
                                       INTERFACE_PATTERN_SIZE_MAX);
        const char *excess = find_excess(node->text);
        if (excess)
                return definition_fail(place, node, "pattern \"%.60s\" %s", node->text, excess);
        autofree char *whole = string_format("^(%s)$", node->text);
        int outcome = regcomp(&compiled, whole, REG_EXTENDED | REG_NOSUB);
        if (outcome == 0) {
                regfree(&compiled);
                return 0;
        }
        (void)regerror(outcome, &compiled, why, sizeof(why));
        return definition_fail(place, node, "pattern \"%.60s\" cannot be used (%s); see regex(7)",
                               node->text, why);
}

/* ── variables ── */

/* Length of "PLUG(a)" or "SLOT(a.b:name)" at `at`; 0 where there is none. */
static size_t measure_reference(const char *at) {
        static const char *const parts[] = { "name", "hex2", "hex4" };
        size_t length = strlen("PLUG(");

        if (strncmp(at, "PLUG(", length) != 0 && strncmp(at, "SLOT(", length) != 0)
                return 0;
        if (at[length] < 'a' || at[length] > 'z')
                return 0;
        length += strspn(at + length, "abcdefghijklmnopqrstuvwxyz0123456789.-");
        if (at[length] == ')')
                return length + 1;
        for (size_t i = 0; at[length] == ':' && i < ARRAY_COUNT(parts); i++)
                if (strncmp(at + length + 1, parts[i], 4) == 0 && at[length + 5] == ')')
                        return length + 6;
        return 0;
}

static size_t measure_variable(const char *at) {
        static const char *const names[] = { "HOME",  "RUNTIME", "NAME", "INSTANCE",
                                             "OTHER", "SYSTEM",  "PEER", "SELF" };

        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
                if (string_has_prefix(at, names[i]))
                        return strlen(names[i]);
        return measure_reference(at);
}

char *definition_replace_variables(const char *text, const char *by) {
        autotext plain = TEXT_INIT;

        for (const char *at = text; *at;) {
                size_t length = strcspn(at, "$");
                text_append_bytes(&plain, at, length);
                at += length;
                if (!*at)
                        break;
                size_t variable = measure_variable(at + 1);
                if (variable == 0)
                        return NULL;
                text_append(&plain, by);
                at += 1 + variable;
        }
        return text_take(&plain);
}

int definition_check_variables(const Place *place, const Node *node) {
        if (require_text(place, node) < 0)
                return -1;
        if (node->length > INTERFACE_TEXT_SIZE_MAX)
                return definition_fail(place, node, "a text is longer than %d bytes; shorten it",
                                       INTERFACE_TEXT_SIZE_MAX);
        for (const char *at = node->text; *at; at++)
                if ((unsigned char)*at < ' ' || *at == 0x7f)
                        return definition_fail(place, node,
                                               "\"%.60s\" has a control character; remove it",
                                               node->text);
        autofree char *plain = definition_replace_variables(node->text, "v");
        if (plain)
                return 0;
        return definition_fail(
                place, node,
                "\"%.60s\" has a variable that is none; known are $HOME, $RUNTIME, "
                "$NAME, $INSTANCE, $OTHER, $SYSTEM, $PEER, $SELF, $PLUG(a), $SLOT(a)",
                node->text);
}
