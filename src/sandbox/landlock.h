/* SPDX-License-Identifier: Apache-2.0
 *
 * Landlock with an empty set of rules, or with one: every access this kernel can restrict is
 * refused, but for reading beneath one directory.
 */
#pragma once

#include "base/error.h"

/* 1 = in force, 0 = this kernel has no Landlock. no_new_privs must be set already. */
int landlock_deny_all_but(int directory, Error *err); /* 0: no directory */
