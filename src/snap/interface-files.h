/* SPDX-License-Identifier: Apache-2.0
 *
 * Interface files of the machine: R/etc/pawl/interfaces.d/NAME.yaml, root's alone, read once, when
 * the daemon starts, by pawl-read.  What is right is added to what is built in (interface-kind.h);
 * what is not is left out and said, and the daemon starts all the same.
 */
#pragma once

#include <jansson.h>

#include "snap/places.h"

#define INTERFACE_FILES_DIRECTORY "etc/pawl/interfaces.d"

/* Before the state is opened.  Never fails: [{"file", "interface", "is-used", "reason"}] of each
 * file, in order of their names. */
json_t *interface_files_load(const Places *places);

/* Makes a warning of each that is left out, and of each connection whose interface nobody knows
 * any more. */
int interface_files_warn(Database *database, const json_t *files, Error *err);
