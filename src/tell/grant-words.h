/* SPDX-License-Identifier: Apache-2.0
 *
 * What one granted thing is in a person's words; read after "may".
 */
#pragma once

#include "interface/grant.h"

/* Owned. */
char *grant_row_format(const GrantRow *row);
/* "files", "devices", …: the heading it stands under.  Static. */
const char *grant_kind_get_heading(GrantKind kind);
/* "file", "unix-socket", …  Static. */
const char *grant_kind_get_name(GrantKind kind);
/* "rw"; owned. */
char *access_format(unsigned access);
const char *bus_verb_get_name(InterfaceBusVerb verb);
