/* SPDX-License-Identifier: Apache-2.0
 *
 * What grant.c, grant-text.c and grant-share.c share: how the texts of an interface become those of
 * one connection.
 */
#pragma once

#include "interface/grant.h"

/* Whose texts they are; borrowed. */
typedef struct GrantContext {
        const InterfaceKind *kind;
        const char *instance, *name;   /* of the side that is granted something */
        const char *peer;              /* the other side's instance, "" for the system */
        bool is_plug;                  /* the granted side */
        const json_t *plug_attributes; /* NULL where there is none: not connected */
        const json_t *slot_attributes;
} GrantContext;

/* What may stand in a value that a package wrote. */
typedef enum GrantUse {
        GRANT_USE_PATH, /* no patterns, no ".." */
        GRANT_USE_WORD, /* letters, digits and ._:/@+- */
        GRANT_USE_TEXT, /* no control characters */
} GrantUse;

/* Puts values in the place of variables; $HOME and $RUNTIME stay for the launch.  The texts as an
 * array: none where an attribute is absent or a value may not stand there, several where it is a
 * list. */
json_t *grant_text_expand(const GrantContext *context, const char *text, GrantUse use);

/* What the data of an interface cannot say, for the plug's side of a connection. */
typedef int (*GrantHook)(Database *database, GrantSet *set, const GrantContext *context,
                         Error *err);
int grant_add_modules(Database *database, GrantSet *set, const GrantContext *context, Error *err);
int grant_add_actions(Database *database, GrantSet *set, const GrantContext *context, Error *err);
int grant_add_pin(Database *database, GrantSet *set, const GrantContext *context, Error *err);
int grant_add_serial(Database *database, GrantSet *set, const GrantContext *context, Error *err);
int grant_add_driver(Database *database, GrantSet *set, const GrantContext *context, Error *err);
int grant_add_queues(Database *database, GrantSet *set, const GrantContext *context, Error *err);
int grant_add_mounts(Database *database, GrantSet *set, const GrantContext *context, Error *err);
void grant_set_append_queue_rules(const GrantSet *set, Text *rules);
/* Takes what the row owns. */
int grant_add_row(GrantSet *set, GrantRow row, Error *err);
int grant_add_cups(Database *database, GrantSet *set, const GrantContext *context, Error *err);

/* The directory `source` of another snap, at `place` below the root of the view. */
int grant_add_share_at(Database *database, GrantSet *set, const char *provider, const char *source,
                       const char *place, Error *err);
int grant_add_shares(Database *database, GrantSet *set, const char *provider,
                     const json_t *plug_attributes, const json_t *slot_attributes, Error *err);
