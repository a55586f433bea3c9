/* SPDX-License-Identifier: Apache-2.0
 *
 * gpio: the pin is exported as long as it is granted.
 */
#include "base/text.h"
#include "interface/grant-internal.h"

int grant_add_pin(Database *database, GrantSet *set, const GrantContext *context, Error *err) {
        int64_t number = json_get_int(context->slot_attributes, "number", -1);
        GrantRow row = { .kind = GRANT_PIN };

        (void)database;
        if (number < 0)
                return 0;
        row.text = string_format("%lld", (long long)number);
        return grant_add_row(set, row, err);
}
