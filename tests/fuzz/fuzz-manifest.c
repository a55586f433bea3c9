/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as meta/snap.yaml. What is accepted must be JSON that can be written, and read again.
 */
#include <stdint.h>
#include <string.h>

#include "base/json.h"
#include "fuzz.h"
#include "reader/snap-yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        autojson hooks = json_pack("[s, s]", "configure", "connect-plug-x");
        autojson manifest = NULL;
        Error err = ERROR_INIT;

        if (snap_yaml_read((const char *)bytes, length, hooks, &manifest, &err) < 0) {
                if (err.message[0] == '\0')
                        abort(); /* failed and not explained */
                return 0;
        }
        autofree char *text = json_format_canonical(manifest);
        autojson again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        if (!again)
                abort();
        return 0;
}
