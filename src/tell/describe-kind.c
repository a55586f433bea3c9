/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/describe-kind.h"

#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "interface/grant.h"
#include "interface/kind-load.h"
#include "tell/describe-grants.h"

static json_t *describe_texts(const char *const *texts) {
        json_t *list = json_array();

        for (; texts && *texts; texts++)
                json_array_append_new(list, json_string(*texts));
        return list;
}

static json_t *describe_attributes(const InterfaceAttribute *attribute) {
        json_t *list = json_array();

        for (; attribute && attribute->name; attribute++) {
                json_t *object = json_object();
                json_put_string(object, "name", attribute->name);
                json_put_string(object, "type", KIND_TYPE_NAMES[attribute->type]);
                if (attribute->is_required)
                        json_put(object, "required", json_true());
                if (attribute->choices)
                        json_put(object, "choices", describe_texts(attribute->choices));
                json_put_string(object, "default", attribute->fallback);
                json_array_append_new(list, object);
        }
        return list;
}

static void add_messages(const InterfaceRule *rule, json_t *list) {
        for (; rule && rule->attribute; rule++)
                json_array_append_new(list, json_string(rule->message));
}

/* What a packager is told who breaks one; of the fields of entries too. */
static json_t *describe_rules(const InterfaceSide *side) {
        json_t *list = json_array();

        for (const InterfaceAttribute *a = side->attributes; a && a->name; a++)
                add_messages(a->rules, list);
        add_messages(side->rules, list);
        return list;
}

/* ── the filter ── */

static void fill_set(const InterfaceGrants *grants, GrantSet *set) {
        const InterfaceSocket *socket = grants->sockets;
        const char *const *call = grants->lists[INTERFACE_LIST_SYSTEM_CALLS];

        set->flags |= grants->flags;
        set->rows = set->rows ? set->rows : memory_new(GRANT_ROW_COUNT_MAX * sizeof(*set->rows));
        for (; socket && socket->name && set->row_count < GRANT_ROW_COUNT_MAX; socket++)
                set->rows[set->row_count++] = (GrantRow){ .kind = GRANT_SOCKET, .socket = socket };
        for (; call && *call && set->row_count < GRANT_ROW_COUNT_MAX; call++)
                set->rows[set->row_count++] =
                        (GrantRow){ .kind = GRANT_SYSTEM_CALL, .text = string_copy(*call) };
}

static bool has_line(const char *text, const char *line) {
        autofree char *all = string_format("\n%s", text ? text : "");
        autofree char *one = string_format("\n%s\n", line);

        return strstr(all, one) != NULL;
}

/* Lines of `from` that begin so and are not in `other`. */
static void add_lines(const Text *from, const Text *other, bool is_refusal, json_t *list) {
        autofree char *copy = string_copy(from->bytes ? from->bytes : "");
        char *rest = NULL;

        for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                if (string_has_prefix(line, "refuse ") == is_refusal &&
                    !string_has_prefix(line, "rule ~") && !has_line(other->bytes, line))
                        json_array_append_new(list, json_string(line));
}

/* What the block adds to a filter, and which refusals it takes out of one that has sockets: by the
 * very function that writes filters. */
static json_t *describe_filter(const InterfaceGrants *grants) {
        static const InterfaceSocket sockets[] = { { "inet", AF_INET, -1 }, { 0 } };
        static const InterfaceGrants internet = { .sockets = sockets };
        __attribute__((cleanup(grant_set_done))) GrantSet own = { 0 };
        __attribute__((cleanup(grant_set_done))) GrantSet client = { 0 };
        json_t *list = json_array();
        autotext added = TEXT_INIT;
        autotext before = TEXT_INIT;
        autotext after = TEXT_INIT;
        const Text none = TEXT_INIT;

        fill_set(grants, &own);
        grant_set_append_seccomp(&own, &added);
        fill_set(&internet, &client);
        grant_set_append_seccomp(&client, &before);
        fill_set(grants, &client);
        grant_set_append_seccomp(&client, &after);
        add_lines(&added, &none, false, list);
        add_lines(&before, &after, true, list);
        return list;
}

/* ── the whole ── */

static json_t *describe_side(const InterfaceSide *side) {
        json_t *object = json_object(), *blocks = json_array();

        json_put(object, "attributes", describe_attributes(side->attributes));
        json_put(object, "rules", describe_rules(side));
        for (const InterfaceBlock *block = side->blocks; block && block->grants; block++) {
                json_t *one = json_object(), *grants = json_array();
                if (block->is_always)
                        json_put(one, "always", json_true());
                if (block->is_unless)
                        json_put(one, "unless", json_true());
                if (block->condition)
                        json_put(one, "if", json_loads(block->condition, 0, NULL));
                grants_describe_block(block->grants, grants);
                json_put(one, "grants", grants);
                json_put(one, "seccomp", describe_filter(block->grants));
                json_array_append_new(blocks, one);
        }
        json_put(object, "blocks", blocks);
        return object;
}

json_t *interface_kind_describe(const InterfaceKind *kind) {
        json_t *object = json_object(), *implicit = json_array();

        json_put_string(object, "name", kind->name);
        json_put_string(object, "summary", kind->summary);
        json_put_string(object, "origin", kind->origin);
        if (kind->is_implicit_on_classic)
                json_array_append_new(implicit, json_string("classic"));
        if (kind->is_implicit_on_core)
                json_array_append_new(implicit, json_string("core"));
        json_put(object, "implicit", implicit);
        json_put(object, "slot-types", describe_texts(kind->slot_types));
        json_put_string(object, "auto-connect", KIND_AUTO_NAMES[kind->auto_connect]);
        if (kind->never_auto_if)
                json_put(object, "never-auto-connect-if", json_loads(kind->never_auto_if, 0, NULL));
        json_put_string(object, "must-match", kind->must_match);
        if (kind->plug_sees_slot)
                json_put(object, "plug-sees-slot", json_true());
        json_put(object, "plug", describe_side(&kind->plug));
        json_put(object, "slot", describe_side(&kind->slot));
        return object;
}
