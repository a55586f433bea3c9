/* SPDX-License-Identifier: Apache-2.0
 *
 * Capabilities of the kernel (capabilities(7)) by name, as interface files, AppArmor's profiles and
 * people write them: in small letters and without "CAP_".
 */
#pragma once

/* "net_admin"; NULL where the kernel's headers have no such number. */
const char *capability_get_name(unsigned number);
/* All, in the order of their numbers; ends with NULL. */
const char *const *capability_get_names(void);
