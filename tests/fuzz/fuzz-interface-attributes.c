/* SPDX-License-Identifier: Apache-2.0
 *
 * What a package says of a plug and a slot, against an interface: a line with the name of a
 * built-in one, or an interface's file up to a line "----"; then a line of JSON for the plug's
 * attributes and one for the slot's.  What passes is granted as if connected, and nothing that is
 * granted leads out of its place.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "fuzz.h"
#include "interface/endpoint-check.h"
#include "interface/grant.h"
#include "interface/kind-load.h"
#include "reader/definition.h"

#define SEPARATOR "\n----\n"

static void check_row(const GrantRow *row) {
        const char *const texts[] = { row->text, row->second };

        for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
                if (texts[i] && (strchr(texts[i], '\n') ||
                                 (row->kind == GRANT_FILE && strstr(texts[i], "/../"))))
                        abort();
}

static void grant(const InterfaceKind *kind, bool is_plug, const json_t *plug, const json_t *slot) {
        __attribute__((cleanup(grant_set_done))) GrantSet set = { 0 };
        Error err = ERROR_INIT;
        const GrantExample example = { .kind = kind,
                                       .is_plug = is_plug,
                                       .instance = "some_one",
                                       .name = "some",
                                       .peer = "other",
                                       .plug_attributes = plug,
                                       .slot_attributes = slot };

        if (grant_set_add_example(&set, &example, &err) < 0 && !*err.message)
                abort();
        for (size_t i = 0; i < set.row_count; i++)
                check_row(&set.rows[i]);
}

static void ask(const InterfaceKind *kind, const char *text) {
        Error err = ERROR_INIT;
        autojson plug = NULL;
        autojson slot = NULL;
        size_t length = strcspn(text, "\n");

        if (json_parse(text, length, &plug, &err) < 0 || !text[length])
                return;
        text += length + 1;
        if (json_parse(text, strcspn(text, "\n"), &slot, &err) < 0)
                return;
        if (!json_is_object(plug) || !json_is_object(slot) ||
            endpoint_check(true, kind->name, plug, &err) < 0 ||
            endpoint_check(false, kind->name, slot, &err) < 0) {
                if (*err.message == '\0' && json_is_object(plug) && json_is_object(slot))
                        abort();
                return;
        }
        grant(kind, true, plug, slot);
        grant(kind, false, plug, slot);
}

static void ask_own(const char *text, const char *separator) {
        InterfaceKind *kind = NULL;
        autojson wire = NULL;
        Error err = ERROR_INIT;

        if (definition_read("fuzz", text, (size_t)(separator - text) + 1, &wire, &err) < 0 ||
            kind_load(wire, NULL, &kind, &err) < 0)
                return;
        interface_kind_add(kind);
        ask(kind, separator + strlen(SEPARATOR));
        interface_kind_forget_added();
        (void)kind_free(kind);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        autofree char *text = string_copy_length((const char *)bytes, length);
        const char *separator = strstr(text, SEPARATOR);

        if (strlen(text) != length)
                return 0;
        if (separator) {
                ask_own(text, separator);
                return 0;
        }
        size_t name_length = strcspn(text, "\n");
        autofree char *name = string_copy_length(text, name_length);
        const InterfaceKind *kind = interface_kind_find(name);
        if (kind && text[name_length])
                ask(kind, text + name_length + 1);
        return 0;
}
