/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an interface's file.  What the judge lets through is what the daemon can load, and
 * what it loads can be asked: patterns compile, lists end.
 */
#include <regex.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "fuzz.h"
#include "interface/kind-load.h"
#include "reader/definition.h"

static void check_attributes(const InterfaceAttribute *rows) {
        for (; rows && rows->name; rows++) {
                regex_t compiled;
                if (rows->type >= ATTRIBUTE_TYPE_COUNT)
                        abort();
                check_attributes(rows->fields);
                if (!rows->pattern)
                        continue;
                autofree char *whole = string_format("^(%s)$", rows->pattern);
                if (regcomp(&compiled, whole, REG_EXTENDED | REG_NOSUB) != 0)
                        abort(); /* what pawld could not ask */
                (void)regexec(&compiled, "/dev/some-thing.of_it/9", 0, NULL, 0);
                regfree(&compiled);
        }
}

static void check_texts(const char *const *texts) {
        for (; texts && *texts; texts++)
                if (!**texts || strchr(*texts, '\n'))
                        abort();
}

static void check_side(const InterfaceSide *side) {
        check_attributes(side->attributes);
        for (const InterfaceBlock *block = side->blocks; block->grants; block++) {
                for (const InterfaceFile *file = block->grants->files; file && file->path; file++)
                        if (strchr(file->path, '\n') || strstr(file->path, "/../"))
                                abort();
                for (size_t i = 0; i < INTERFACE_LIST_COUNT; i++)
                        check_texts(block->grants->lists[i]);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        InterfaceKind *kind = NULL;
        autojson wire = NULL;
        Error err = ERROR_INIT;

        if (definition_read("fuzz", (const char *)bytes, length, &wire, &err) < 0) {
                if (strncmp(err.message, "line ", strlen("line ")) != 0)
                        abort(); /* failed, and nobody knows where */
                return 0;
        }
        autofree char *text = json_format_canonical(wire);
        autojson again = NULL;
        if (json_parse(text, strlen(text), &again, &err) < 0 ||
            kind_load(again, "/etc/pawl/interfaces.d/fuzz.yaml", &kind, &err) < 0)
                abort(); /* the judge and the daemon disagree */
        check_side(&kind->plug);
        check_side(&kind->slot);
        (void)kind_free(kind);
        return 0;
}
