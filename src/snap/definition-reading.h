/* SPDX-License-Identifier: Apache-2.0
 *
 * DefinitionReading: many interface files by one pawl-read.  Where it dies or takes too long, that
 * is over one file, which is named and left; the others are read by another one.  All are root's,
 * and root could write into any of them what a reader that was taken over says of the next.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"

typedef struct DefinitionFile {
        const char *name; /* of the interface; borrowed */
        int fd;           /* borrowed, to read; -1: it is left as it is */
        json_t *wire;     /* owned: reader/definition.h; NULL when it failed */
        Error failure;    /* what is wrong with it, as "line N: …" */
} DefinitionFile;

typedef struct DefinitionLimits {
        int64_t file_ms;
        int64_t end_ms; /* clock_get_boot / 1000000: nothing is read after it */
} DefinitionLimits;

/* Blocking. */
void definition_files_read(DefinitionFile *files, size_t count, const DefinitionLimits *limits);
