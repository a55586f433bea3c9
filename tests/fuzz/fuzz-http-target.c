/* SPDX-License-Identifier: Apache-2.0
 *
 * A request target; a location that we give must itself be clean and lead to the same path.
 */
#include "base/text.h"
#include "fuzz.h"
#include "http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        autofree char *raw = string_copy_length((const char *)bytes, length);
        Target target;
        Target again;
        Error err = ERROR_INIT;

        if (target_parse(raw, &target, &err) < 0)
                return 0;
        /* Escaping may make it longer than what is taken. */
        if (target.location && target_parse(target.location, &again, &err) == 0) {
                if (again.location || !string_equal(again.path, target.path))
                        abort();
                target_done(&again);
        } else if (target.location && err.kind != ERROR_TOO_LARGE) {
                abort();
        }
        target_done(&target);
        return 0;
}
