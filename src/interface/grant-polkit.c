/* SPDX-License-Identifier: Apache-2.0
 *
 * polkit: the actions that a package describes in meta/polkit.  What pawl-read found (the
 * manifest's "polkit", ARCHITECTURE.md) is only a claim: it is checked here, and written anew.
 */
#include "interface/grant-polkit.h"

#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "interface/grant-internal.h"

#define RESERVED_PREFIX "org.freedesktop.policykit"
#define LETTERS         "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* ── a text of XML ── */

/* No more than must be: polkit 122 drops of a text what stands before a reference. */
static void append_escaped(Text *text, const char *raw) {
        static const struct {
                char letter;
                const char *escaped;
        } rows[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" } };

        for (; *raw; raw++) {
                const char *escaped = NULL;
                for (size_t i = 0; !escaped && i < ARRAY_COUNT(rows); i++)
                        if (rows[i].letter == *raw)
                                escaped = rows[i].escaped;
                if (escaped)
                        text_append(text, escaped);
                else
                        text_append_bytes(text, raw, 1);
        }
}

static bool is_plain(const json_t *value) {
        const char *text = json_string_value(value);

        return text && strlen(text) == json_string_length(value) &&
               strlen(text) <= POLKIT_TEXT_SIZE_MAX && string_is_clean_utf8(text, strlen(text));
}

static bool is_made_of(const char *word, const char *letters, size_t max) {
        return strlen(word) <= max && strspn(word, letters) == strlen(word);
}

/* ── an action ── */

static void append_element(Text *text, const char *name, const json_t *value) {
        if (!is_plain(value))
                return;
        text_append_format(text, "    <%s>", name);
        append_escaped(text, json_string_value(value));
        text_append_format(text, "</%s>\n", name);
}

static void append_translated(Text *text, const char *name, const json_t *action) {
        const char *language;
        json_t *value;

        json_object_foreach(json_object_get(action, name), language, value) {
                if (!is_plain(value) ||
                    !is_made_of(language, LETTERS "@._-", POLKIT_LANGUAGE_SIZE_MAX))
                        continue;
                text_append_format(text, "    <%s", name);
                if (*language)
                        text_append_format(text, " xml:lang=\"%s\"", language);
                text_append(text, ">");
                append_escaped(text, json_string_value(value));
                text_append_format(text, "</%s>\n", name);
        }
}

/* What nobody said, or in another word, is no. */
static const char *get_answer(const json_t *action, const char *key) {
        static const char *const words[] = { "yes", "auth_self", "auth_self_keep", "auth_admin",
                                             "auth_admin_keep" };
        const char *said = json_get_string(action, key, "no");

        for (size_t i = 0; i < ARRAY_COUNT(words); i++)
                if (string_equal(words[i], said))
                        return words[i];
        return "no";
}

static char *format_action(const char *id, const json_t *action) {
        static const char *const texts[] = { "vendor", "vendor_url", "icon_name" };
        static const char *const translated[] = { "description", "message" };
        static const char *const answers[] = { "allow_any", "allow_inactive", "allow_active" };
        autotext text = TEXT_INIT;

        text_append_format(&text, "  <action id=\"%s\">\n", id);
        for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
                append_element(&text, texts[i], json_object_get(action, texts[i]));
        for (size_t i = 0; i < ARRAY_COUNT(translated); i++)
                append_translated(&text, translated[i], action);
        text_append(&text, "    <defaults>\n");
        for (size_t i = 0; i < ARRAY_COUNT(answers); i++)
                text_append_format(&text, "      <%s>%s</%s>\n", answers[i],
                                   get_answer(action, answers[i]), answers[i]);
        text_append(&text, "    </defaults>\n  </action>\n");
        return text_take(&text);
}

static bool is_at_or_below(const char *id, const char *prefix) {
        size_t length = strlen(prefix);

        return strncmp(id, prefix, length) == 0 && (id[length] == '\0' || id[length] == '.');
}

static bool is_id(const char *id, const char *prefix) {
        return *id && is_made_of(id, LETTERS ".-", POLKIT_ID_SIZE_MAX) &&
               is_at_or_below(id, prefix) && !is_at_or_below(id, RESERVED_PREFIX);
}

/* ── the package's files ── */

static int add_file(GrantSet *set, const json_t *file, const char *prefix, Error *err) {
        const char *fault = json_get_string(file, "fault", NULL);
        const json_t *action;
        size_t i;

        if (fault) {
                GrantRow row = { .kind = GRANT_POLKIT_ACTION };
                row.text = string_format("meta/polkit/%s is left out: %s",
                                         json_get_string(file, "file", ""), fault);
                return grant_add_row(set, row, err);
        }
        json_array_foreach(json_object_get(file, "actions"), i, action) {
                const char *id = json_get_string(action, "id", "");
                if (i == POLKIT_ACTION_COUNT_MAX || !is_id(id, prefix))
                        return error_set(err, ERROR_CORRUPT,
                                         "the stored action \"%.100s\" is not the package's", id);
                GrantRow row = { .kind = GRANT_POLKIT_ACTION, .text = string_copy(id) };
                row.second = format_action(id, action);
                if (grant_add_row(set, row, err) < 0)
                        return -1;
        }
        return 0;
}

int grant_polkit_add(GrantSet *set, const json_t *files, const char *plug, const char *prefix,
                     Error *err) {
        const json_t *file;
        size_t i;

        json_array_foreach(files, i, file) {
                if (string_equal(json_get_string(file, "plug", ""), plug) &&
                    add_file(set, file, prefix, err) < 0)
                        return -1;
        }
        return 0;
}

static int load_files(Database *database, const char *instance, json_t **ret, Error *err) {
        autofree char *text = NULL;
        int found = database_find_text(
                database, &text, err,
                "SELECT json_extract(r.manifest, '$.polkit') FROM snap s JOIN revision r ON "
                "r.instance = s.instance AND r.revision = s.current WHERE s.instance = ?",
                "s", instance);

        if (found <= 0 || !text)
                return found < 0 ? -1 : 0;
        return json_parse(text, strlen(text), ret, err);
}

int grant_add_actions(Database *database, GrantSet *set, const GrantContext *context, Error *err) {
        const char *prefix = json_get_string(context->plug_attributes, "action-prefix", NULL);
        autojson files = NULL;

        if (!prefix || set->origin_count == 0)
                return 0;
        if (load_files(database, context->instance, &files, err) < 0)
                return -1;
        return grant_polkit_add(set, files, set->origins[set->origin_count - 1].endpoint, prefix,
                                err);
}

int grant_polkit_check(Database *database, const char *instance, const char *plug, Error *err) {
        autojson files = NULL;
        const json_t *file;
        size_t i;

        if (load_files(database, instance, &files, err) < 0)
                return -1;
        json_array_foreach(files, i, file) {
                const char *fault = json_get_string(file, "fault", NULL);
                if (fault && string_equal(json_get_string(file, "plug", ""), plug))
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "cannot connect %s:%s: meta/polkit/%.100s of the package: "
                                         "%s; its publisher has to mend it",
                                         instance, plug, json_get_string(file, "file", ""), fault);
        }
        return 0;
}
