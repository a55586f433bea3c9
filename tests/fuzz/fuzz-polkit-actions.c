/* SPDX-License-Identifier: Apache-2.0
 *
 * Any bytes as an action file of polkit.  What is accepted is JSON that can be written and read
 * again, and no action of it is another's.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "fuzz.h"
#include "reader/polkit-actions.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        const PolkitFile file = { (const char *)bytes, length, "org.example.user" };
        autojson actions = NULL;
        Error err = ERROR_INIT;
        const json_t *action;
        size_t i;

        if (polkit_actions_read(&file, &actions, &err) < 0) {
                if (!*err.message || !string_is_clean_utf8(err.message, strlen(err.message)))
                        abort(); /* failed and not explained */
                return 0;
        }
        json_array_foreach(actions, i, action) {
                if (!string_has_prefix(json_get_string(action, "id", ""), "org.example.user"))
                        abort();
        }
        autofree char *text = json_format_canonical(actions);
        autojson again = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        if (!again)
                abort();
        return 0;
}
