/* SPDX-License-Identifier: Apache-2.0
 *
 * What the programs of one package are granted at this moment, compiled for the backends.  Reads
 * the state and nothing else.
 */
#pragma once

#include "state/database.h"
#include "world/world.h"

typedef struct PackageGrantsSource {
        Database *database;
        const char *root;
        /* Whether programs of a revision run; NULL: nobody asks, as no labels outlive a switch. */
        bool (*is_running)(const char *root, const char *instance, const char *revision);
} PackageGrantsSource;

/* Fills `wanted` and `digest` of `package`, whose instance is set: nothing where it is not
 * installed, disabled or classic.  `ret_epoch` is what it was read at; 0: there is no such package.
 */
int package_grants_compile(const PackageGrantsSource *from, WorldPackage *package,
                           int64_t *ret_epoch, Error *err);
