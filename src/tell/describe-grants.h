/* SPDX-License-Identifier: Apache-2.0
 *
 * Grants as objects: {"kind", "heading", "text", "sentence", …}, made for people and for `pawl
 * why`, which matches denials against them.  The same for what is granted and for what an interface
 * file says, variables and all.
 */
#pragma once

#include "interface/grant.h"

/* All of a set as a list; each also says its "interface" and "plug" or "slot". */
json_t *grants_describe(const GrantSet *set);
/* One block as its file has it, without putting values in; appended to `list`. */
void grants_describe_block(const InterfaceGrants *grants, json_t *list);
