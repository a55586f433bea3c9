/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading of AppArmor profiles: compiled once for each content, kept, and given to the kernel.
 *
 *     /var/lib/pawl/apparmor/cache/INSTANCE.KEY   compiled text, then its own digest
 *     /run/pawl/apparmor/INSTANCE                 the KEY that the kernel has: lives as long as it
 *
 * KEY is the digest of the text, the parser and what the kernel can do.  All of it blocks and is
 * meant for a worker; profiles are global in the kernel, so only a daemon with the root "/" loads.
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"

/* The kernel asks AppArmor, and there is a parser. */
bool apparmor_is_available(void);
/* Whether the kernel has just this text of the package. */
bool apparmor_is_loaded(const char *instance, const char *text);
int apparmor_load(const char *instance, const char *text, Error *err);
/* Takes those profiles of the package out of the kernel that `text` (NULL: none) does not name; 1
 * where programs still run under one: it stays, for they would be unconfined without it. */
int apparmor_unload(const char *instance, const char *text, Error *err);
/* Instances whose profiles we have loaded since the boot, a line each. */
void apparmor_list_loaded(Text *ret);
