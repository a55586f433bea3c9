/* SPDX-License-Identifier: Apache-2.0
 *
 * Any JSON as what pawl-read says of an interface's file: a reader that was taken over cannot make
 * the daemon read beyond what it was given.
 */
#include <string.h>

#include "base/json.h"
#include "fuzz.h"
#include "interface/kind-load.h"

static volatile size_t sink;

static void read_texts(const char *const *texts) {
        for (; texts && *texts; texts++)
                sink += strlen(*texts);
}

static void read_rules(const InterfaceRule *rows) {
        for (; rows && rows->attribute; rows++) {
                read_texts(rows->excludes);
                read_texts(rows->needs);
                sink += strlen(rows->message);
        }
}

static void read_attributes(const InterfaceAttribute *rows) {
        for (; rows && rows->name; rows++) {
                read_texts(rows->choices);
                read_attributes(rows->fields);
                read_rules(rows->rules);
        }
}

/* Every list to its end, every text that must be there. */
static void read_side(const InterfaceSide *side) {
        read_attributes(side->attributes);
        read_texts(side->requires_one_of);
        read_rules(side->rules);
        for (const InterfaceBlock *block = side->blocks; block->grants; block++) {
                const InterfaceGrants *grants = block->grants;
                for (const InterfaceFile *row = grants->files; row && row->path; row++)
                        sink += strlen(row->path);
                for (const InterfaceDevice *row = grants->devices; row && (row->path || row->kind);
                     row++)
                        sink += row->access;
                for (const InterfaceSocket *row = grants->sockets; row && row->name; row++)
                        sink += strlen(row->name);
                for (const InterfaceMount *row = grants->mounts; row && row->what; row++)
                        sink += strlen(row->where);
                for (const InterfaceBus *row = grants->dbus; row && row->bus; row++)
                        sink += strlen(row->name);
                for (const InterfaceVariable *row = grants->environment; row && row->key; row++)
                        sink += strlen(row->value);
                for (size_t i = 0; i < INTERFACE_LIST_COUNT; i++)
                        read_texts(grants->lists[i]);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        InterfaceKind *kind = NULL;
        autojson wire = NULL;
        Error err = ERROR_INIT;

        if (json_parse((const char *)bytes, length, &wire, &err) < 0)
                return 0;
        if (kind_load(wire, NULL, &kind, &err) < 0) {
                if (!*err.message)
                        abort();
                return 0;
        }
        sink += strlen(kind->name) + strlen(kind->summary) + strlen(kind->policy);
        read_texts(kind->slot_types);
        read_side(&kind->plug);
        read_side(&kind->slot);
        (void)kind_free(kind);
        return 0;
}
