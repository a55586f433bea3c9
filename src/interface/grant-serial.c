/* SPDX-License-Identifier: Apache-2.0
 *
 * serial-port of a slot that names a device of the USB: its node is the one whose numbers of the
 * USB are those, whatever it is called today, and it is shown at the slot's path.
 */
#include "base/text.h"
#include "interface/grant-internal.h"

static const InterfaceDevice NODE = { .major = -1, .minor = -1 };

/* "0403:6001:00", "*" for any interface; owned. */
static char *format_numbers(const json_t *slot) {
        int64_t interface = json_get_int(slot, "usb-interface-number", -1);
        autofree char *last = interface < 0
                                      ? string_copy("*")
                                      : string_format("%02llx", (unsigned long long)interface);

        return string_format("%04llx:%04llx:%s",
                             (unsigned long long)json_get_int(slot, "usb-vendor", 0),
                             (unsigned long long)json_get_int(slot, "usb-product", 0), last);
}

int grant_add_serial(Database *database, GrantSet *set, const GrantContext *context, Error *err) {
        const json_t *slot = context->slot_attributes;
        autojson paths = grant_text_expand(context, "$SLOT(path)", GRANT_USE_PATH);
        const char *path = json_string_value(json_array_get(paths, 0));

        (void)database;
        if (!path || json_get_int(slot, "usb-vendor", -1) < 0)
                return 0;
        GrantRow row = { .kind = GRANT_DEVICE,
                         .access = INTERFACE_ACCESS_READ | INTERFACE_ACCESS_WRITE,
                         .device = &NODE,
                         .text = string_copy(path),
                         .second = format_numbers(slot) };
        return grant_add_row(set, row, err);
}
