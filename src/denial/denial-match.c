/* SPDX-License-Identifier: Apache-2.0 */
#include "denial/denial-match.h"

#include <string.h>

#include "base/text.h"
#include "denial/path-pattern.h"

/* ── one grant ── */

static bool has_access(const json_t *grant, const char *wanted) {
        const char *granted = json_get_string(grant, "access", "");

        for (; *wanted; wanted++)
                if (!strchr(granted, *wanted))
                        return false;
        return true;
}

static bool covers_path(const Denial *denial, const json_t *grant) {
        const char *kind = json_get_string(grant, "kind", "");
        const char *text = json_get_string(grant, "text", "");

        if (string_equal(kind, "flag"))
                text = json_get_string(grant, "path", "");
        if (string_equal(kind, "mount"))
                text = json_get_string(grant, "where", "");
        if (string_equal(kind, "unix-socket"))
                return path_pattern_matches(text, denial->text);
        bool is_place = string_equal(kind, "file") || string_equal(kind, "device") ||
                        string_equal(kind, "mount") || string_equal(kind, "flag");
        return is_place && *text && has_access(grant, denial->access) &&
               path_pattern_matches(text, denial->text);
}

/* "inet", and of netlink every protocol: a record does not say which. */
static bool covers_socket(const Denial *denial, const json_t *grant) {
        const char *text = json_get_string(grant, "text", "");
        size_t length = strlen(denial->text);

        return string_equal(json_get_string(grant, "kind", ""), "socket") && length > 0 &&
               strncmp(text, denial->text, length) == 0 && (!text[length] || text[length] == '-');
}

static bool covers_capability(const Denial *denial, const json_t *grant) {
        return string_equal(json_get_string(grant, "kind", ""), "capability") &&
               string_equal(json_get_string(grant, "text", ""), denial->text);
}

/* "a.b.*" is all below a.b. */
static bool name_matches(const char *granted, const char *name) {
        size_t length = strlen(granted);

        if (string_equal(granted, "*") || string_equal(granted, name))
                return true;
        return string_has_suffix(granted, ".*") && strncmp(granted, name, length - 1) == 0;
}

static bool narrows(const json_t *grant, const char *key, const char *value) {
        const char *granted = json_get_string(grant, key, "");

        return *granted && *value && !string_equal(granted, value) &&
               !(string_has_suffix(granted, "/*") &&
                 strncmp(granted, value, strlen(granted) - 1) == 0);
}

static bool covers_bus(const Denial *denial, const json_t *grant) {
        const char *bus = json_get_string(grant, "bus", "");

        if (!string_equal(json_get_string(grant, "kind", ""), "bus") ||
            (*denial->bus && *bus != '$' && !string_equal(bus, denial->bus)) ||
            narrows(grant, "path", denial->path) ||
            narrows(grant, "bus-interface", denial->interface) ||
            narrows(grant, "member", denial->member))
                return false;
        /* A unique name (":1.5") says nothing; then the interface's own name is what is left. */
        bool is_named = *denial->text && *denial->text != ':';
        const char *name = is_named ? denial->text : denial->interface;
        return *name && name_matches(json_get_string(grant, "text", ""), name);
}

/* Of Landlock's blockers or AppArmor's operations, those that a flag lifts. */
static bool covers_word(const Denial *denial, const json_t *grant) {
        const char *lifted = json_get_string(grant, "lifts", "");

        /* Landlock knows no names: whoever may reach one of them may reach all. */
        if (string_equal(denial->text, "scope.abstract_unix_socket") &&
            string_equal(json_get_string(grant, "kind", ""), "abstract-socket"))
                return true;
        for (const char *word = lifted; *word; word += *word == ',') {
                size_t length = strcspn(word, ",");
                if (strncmp(word, denial->text, length) == 0 &&
                    (!denial->text[length] || denial->text[length] == ','))
                        return true;
                word += length;
        }
        return false;
}

typedef bool Covers(const Denial *denial, const json_t *grant);

static Covers *const COVERS[DENIAL_KIND_COUNT] = {
        [DENIAL_FILE] = covers_path,
        [DENIAL_SOCKET] = covers_socket,
        [DENIAL_CAPABILITY] = covers_capability,
        [DENIAL_BUS] = covers_bus,
        [DENIAL_BLOCKER] = covers_word,
        [DENIAL_OTHER] = covers_word,
};

/* ── a block ── */

/* Lines of the filter, as the daemon writes them: "allow socket …", "rule mount …". */
static const char *find_call(const json_t *lines, const char *name) {
        size_t length = strlen(name);

        for (size_t i = 0; i < json_array_size(lines); i++) {
                const char *line = json_string_value(json_array_get(lines, i));
                const char *call = line + strcspn(line, " ");
                call += *call == ' ';
                if (strncmp(call, name, length) == 0 && (!call[length] || call[length] == ' '))
                        return line;
        }
        return NULL;
}

/* A record of socket(2) has no family: all that the block opens are named. */
static char *find_sockets(const json_t *grants) {
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < json_array_size(grants); i++) {
                const json_t *grant = json_array_get(grants, i);
                if (!string_equal(json_get_string(grant, "kind", ""), "socket"))
                        continue;
                text_append_format(&text, "%s%s", text.length > 0 ? ", " : "open ",
                                   json_get_string(grant, "text", ""));
        }
        if (text.length == 0)
                return NULL;
        text_append(&text, " sockets");
        return text_take(&text);
}

static char *find_in_block(const Denial *denial, const json_t *block) {
        const json_t *grants = json_object_get(block, "grants");

        if (denial->kind == DENIAL_SYSTEM_CALL) {
                char *sockets = string_equal(denial->text, "socket") ? find_sockets(grants) : NULL;
                if (sockets)
                        return sockets;
                const char *line = find_call(json_object_get(block, "seccomp"), denial->text);
                return line ? string_format("call %s", line + strcspn(line, " ") + 1) : NULL;
        }
        for (size_t i = 0; i < json_array_size(grants); i++) {
                const json_t *grant = json_array_get(grants, i);
                if (COVERS[denial->kind](denial, grant))
                        return string_copy(json_get_string(grant, "sentence", ""));
        }
        return NULL;
}

/* ── where the plug itself names the path ── */

static bool is_path_attribute(const json_t *attribute, bool is_home) {
        const char *type = json_get_string(attribute, "type", "");

        return is_home ? string_equal(type, "home-paths") : string_equal(type, "system-paths");
}

static const char *find_attribute(const Denial *denial, const json_t *side) {
        const json_t *attributes = json_object_get(side, "attributes");
        bool is_home = path_pattern_matches("$HOME/**", denial->text);
        const char *wanted = strchr(denial->access, 'w') ? "write" : "read", *first = NULL;

        if (denial->kind != DENIAL_FILE || strchr(denial->access, 'x') ||
            string_has_prefix(denial->text, "/dev/"))
                return NULL;
        for (size_t i = 0; i < json_array_size(attributes); i++) {
                const json_t *attribute = json_array_get(attributes, i);
                const char *name = json_get_string(attribute, "name", "");
                if (!is_path_attribute(attribute, is_home))
                        continue;
                if (string_equal(name, wanted))
                        return name;
                first = first ? first : name;
        }
        return first;
}

static void match_side(const Denial *denial, const json_t *interface, const char *side,
                       json_t *lists[2]) {
        const json_t *described = json_object_get(interface, side);
        const json_t *blocks = json_object_get(described, "blocks");
        const char *attribute = find_attribute(denial, described);
        autofree char *sentence = NULL;

        for (size_t i = 0; i < json_array_size(blocks) && !sentence; i++)
                sentence = find_in_block(denial, json_array_get(blocks, i));
        if (!sentence && !attribute)
                return;
        json_t *object = json_object();
        json_put_string(object, "interface", json_get_string(interface, "name", ""));
        json_put_string(object, "side", side);
        json_put_string(object, "sentence", sentence);
        if (!sentence)
                json_put_string(object, "attribute", attribute);
        json_array_append_new(lists[sentence ? 0 : 1], object);
}

json_t *denial_match(const Denial *denial, const json_t *interfaces) {
        json_t *close = json_array();
        autojson far = json_array();
        json_t *lists[2] = { close, far };

        for (size_t i = 0; i < json_array_size(interfaces); i++) {
                match_side(denial, json_array_get(interfaces, i), "plug", lists);
                match_side(denial, json_array_get(interfaces, i), "slot", lists);
        }
        (void)json_array_extend(close, far);
        return close;
}
