/* SPDX-License-Identifier: Apache-2.0
 *
 * Pins of the kernel's GPIO that packages are granted: exported through sysfs
 * (Documentation/admin-guide/gpio/sysfs.rst), and taken back when nobody is granted them.  A pin
 * that somebody else has exported is left to him; ours are noted until the next boot.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* Where it is; other places in tests. */
typedef struct GpioPlace {
        const char *sysfs; /* "/sys/class/gpio" */
        const char *notes; /* "/run/pawl/gpio": NUMBER.INSTANCE for each */
} GpioPlace;

extern const GpioPlace gpio_place_of_machine;

/* `text`: a number a line, and comments; NULL: none. */
bool gpio_pins_are_exported(const GpioPlace *place, const char *instance, const char *text);
/* Goes on with the others where one cannot be had; the error is of the first. */
int gpio_pins_export(const GpioPlace *place, const char *instance, const char *text, Error *err);
