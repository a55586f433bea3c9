/* SPDX-License-Identifier: Apache-2.0
 *
 * What the programs of one package are granted at this moment, compiled for the backends.  Reads
 * the state and nothing else.
 */
#pragma once

#include "state/database.h"
#include "world/world.h"

/* Fills `wanted` and `digest` of `package`, whose instance is set: nothing where it is not
 * installed, disabled or classic.  `ret_epoch` is what it was read at; 0: there is no such package.
 */
int package_grants_compile(Database *database, const char *root, WorldPackage *package,
                           int64_t *ret_epoch, Error *err);
