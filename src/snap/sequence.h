/* SPDX-License-Identifier: Apache-2.0
 *
 * Sequence: an installed snap as stored, and its revisions in the order of their installation.
 * Reads only; loaded whole because there are a handful.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json.h"
#include "snap/places.h"

typedef struct Revision {
        char *name; /* "x3" */
        char *file; /* beneath images/, or a source (base/folder.h) */
        int64_t position;
} Revision;

typedef struct Sequence {
        char *instance;
        char *type;
        char *current; /* NULL while the first revision is being installed */
        bool is_active;
        bool is_devmode;
        bool is_jailmode;
        bool is_classic;
        Revision *revisions; /* by position */
        size_t count;
} Sequence;

void sequence_done(Sequence *sequence);
#define SEQUENCE_INIT ((Sequence){ 0 })
#define autosequence  __attribute__((cleanup(sequence_done))) Sequence

/* 1 found, 0 no such snap. */
int sequence_find(Database *database, const char *instance, Sequence *ret, Error *err);
/* As found, and installed (has a current revision): else `snap "x" is not installed`. */
int sequence_require(Database *database, const char *instance, Sequence *ret, Error *err);
/* NULL when there is none. */
const Revision *sequence_find_revision(const Sequence *sequence, const char *name);
/* The one before the current one; NULL when there is none. */
const Revision *sequence_find_previous(const Sequence *sequence);

/* "x4": one more than any local revision of this snap, and none that still runs. */
int sequence_format_next(Database *database, const Places *places, const char *instance, char **ret,
                         Error *err);
/* The manifest of a revision; 1 found. */
int revision_find_manifest(Database *database, const char *instance, const char *revision,
                           json_t **ret, Error *err);
/* 1 when a base of this name is installed and active. */
int base_is_installed(Database *database, const char *base, Error *err);
/* Refuses what others need: `snap "core22" is not removable: snap is being used by snap x.` */
int sequence_check_removable(Database *database, const Sequence *sequence, Error *err);
/* The same for disabling: `snap "core22" cannot be disabled: base in use by x`; kinds other than
 * apps and bases never can be. */
int sequence_check_stoppable(Database *database, const Sequence *sequence, Error *err);
