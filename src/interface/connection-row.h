/* SPDX-License-Identifier: Apache-2.0
 *
 * Connection rows: made, taken apart, kept for an undo and put back.  All of this runs inside the
 * caller's transaction, and whatever changes what a launch of a snap would be granted also moves
 * the epochs of both snaps, so that a launch which was planned before starts over.
 */
#pragma once

#include <stdbool.h>

#include "base/json.h"
#include "state/database.h"

/* Borrowed strings; `slot_snap` is "" for the system. */
typedef struct ConnectionName {
        const char *plug_snap;
        const char *plug;
        const char *slot_snap;
        const char *slot;
} ConnectionName;

/* {"plug_snap":…,"plug":…,"slot_snap":…,"slot":…}, and back; the strings stay the object's. */
json_t *connection_name_format(const ConnectionName *name);
ConnectionName connection_name_parse(const json_t *object);

/* The interface of both ends, when both are live: 1 found (free it), 0 one is missing or they
 * differ. */
int connection_find_interface(Database *database, const ConnectionName *name, char **ret,
                              Error *err);
/* 1 when there is such a row; `ret` says whether it is wanted (and not undesired). */
int connection_find(Database *database, const ConnectionName *name, bool *ret_is_wanted,
                    Error *err);
/* Dynamic attributes as JSON texts, NULL = {}. */
typedef struct ConnectionDraft {
        const char *interface;
        bool is_auto;
        const char *plug_attributes;
        const char *slot_attributes;
} ConnectionDraft;
/* Makes it, or makes it wanted again. */
int connection_add(Database *database, const ConnectionName *name, const ConnectionDraft *draft,
                   Error *err);
/* An automatic one is kept as undesired unless it is to be forgotten. */
int connection_remove(Database *database, const ConnectionName *name, bool is_forgotten,
                      Error *err);

/* The rows as a JSON text, "[]" when there are none. */
int connection_save(Database *database, const ConnectionName *name, char **ret, Error *err);
/* Every row of a snap, on either side. */
int connection_save_all(Database *database, const char *instance, char **ret, Error *err);
/* Puts rows back as they were; one whose snap is gone stays away. */
int connection_restore(Database *database, const char *saved, Error *err);
int connection_delete(Database *database, const ConnectionName *name, Error *err);
int connection_delete_all(Database *database, const char *instance, Error *err);
/* Automatic ones of a snap whose plug or slot its current revision, or the other's, no longer has.
 */
int connection_delete_vanished(Database *database, const char *instance, Error *err);
