/* SPDX-License-Identifier: Apache-2.0
 *
 * Prints interfaces-reference.md at build time: every interface that this build knows, and what it
 * grants, in the words of `pawl interface`.
 */
#include <stdio.h>

#include "base/text.h"
#include "tell/describe-kind.h"

static void print_texts(const char *before, const json_t *list) {
        printf("%s", before);
        for (size_t i = 0; i < json_array_size(list); i++)
                printf("%s%s", i > 0 ? ", " : "", json_string_value(json_array_get(list, i)));
        printf("%s", json_array_size(list) > 0 ? "" : "nobody");
}

static void print_attributes(const json_t *side, const char *name) {
        const json_t *list = json_object_get(side, "attributes");

        if (json_array_size(list) == 0)
                return;
        printf("\nA %s says:", name);
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *one = json_array_get(list, i);
                const char *fallback = json_get_string(one, "default", "");
                printf("%s `%s` (%s%s%s%s)", i > 0 ? "," : "", json_get_string(one, "name", ""),
                       json_get_string(one, "type", ""),
                       json_get_bool(one, "required", false) ? ", required" : "",
                       *fallback ? ", else " : "", fallback);
        }
        printf("\n");
}

static void print_rules(const json_t *side, const char *name) {
        const json_t *list = json_object_get(side, "rules");

        if (json_array_size(list) == 0)
                return;
        printf("\nRules of a %s:\n\n", name);
        for (size_t i = 0; i < json_array_size(list); i++)
                printf("- %s\n", json_string_value(json_array_get(list, i)));
}

static void print_block(const json_t *block, const char *name) {
        const json_t *condition = json_object_get(block, "if");
        const json_t *grants = json_object_get(block, "grants");
        autofree char *shown = condition ? json_format(condition) : NULL;

        printf("\nThe %s, %s%s%s%s, may:\n\n", name,
               json_get_bool(block, "always", false) ? "connected or not" : "while connected",
               !shown                                  ? ""
               : json_get_bool(block, "unless", false) ? " and without `"
                                                       : " and with `",
               shown ? shown : "", shown ? "`" : "");
        for (size_t i = 0; i < json_array_size(grants); i++) {
                const json_t *grant = json_array_get(grants, i);
                printf("- %s: `%s`\n", json_get_string(grant, "heading", ""),
                       json_get_string(grant, "sentence", ""));
        }
}

static void print_kind(const json_t *kind) {
        static const char *const sides[] = { "plug", "slot" };

        printf("\n## %s\n\n%s\n\n", json_get_string(kind, "name", ""),
               json_get_string(kind, "summary", ""));
        printf("Connected by itself: %s.", json_get_string(kind, "auto-connect", ""));
        print_texts(" The system has a slot on: ", json_object_get(kind, "implicit"));
        print_texts(". Slots of snaps: ", json_object_get(kind, "slot-types"));
        printf(".\n");
        for (size_t i = 0; i < ARRAY_COUNT(sides); i++) {
                const json_t *side = json_object_get(kind, sides[i]);
                const json_t *blocks = json_object_get(side, "blocks");
                print_attributes(side, sides[i]);
                print_rules(side, sides[i]);
                for (size_t j = 0; j < json_array_size(blocks); j++)
                        print_block(json_array_get(blocks, j), sides[i]);
        }
        if (json_get_bool(kind, "plug-sees-slot", false))
                printf("\nThe plug sees the directories that the slot shares.\n");
}

int main(void) {
        printf("# Interfaces of this build\n\nMade from `interfaces/*.yaml`; the format is in "
               "docs/interfaces.md. In texts, `$PLUG(a)` and `$SLOT(a)` are attributes of the plug and the slot.\n");
        for (size_t i = 0; i < interface_kind_count; i++) {
                autojson kind = interface_kind_describe(&interface_kinds[i]);
                print_kind(kind);
        }
        return 0;
}
