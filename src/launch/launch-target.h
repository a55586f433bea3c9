/* SPDX-License-Identifier: Apache-2.0
 *
 * Target: what one request means in the state of this moment: package, revision, program, base.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "interface/grant.h"
#include "state/database.h"
#include "wire/launch.h"

/* One package of the two that a launch needs. */
typedef struct TargetSnap {
        char *instance;
        char *revision;
        char *file; /* beneath images/, or the source of a directory (base/folder.h) */
        int64_t epoch;
} TargetSnap;

typedef struct Target {
        TargetSnap snap;
        TargetSnap base; /* may be the same package */
        char *name;      /* of the snap, without an instance key */
        char *version;
        char *program; /* the app's or hook's name */
        char *older;   /* "x2,x1": revisions that a user's data may come from; NULL = none */
        bool is_hook;
        bool is_service;  /* an app with a daemon */
        bool is_devmode;  /* the filters are left out */
        bool is_paused;   /* launches wait */
        json_t *manifest; /* the normalised one */
        GrantSet grants;  /* what is connected, of this very program */
} Target;

#define TARGET_INIT ((Target){ 0 })

void target_done(Target *target);
#define autotarget __attribute__((cleanup(target_done))) Target

/* The error is for the person who started it. */
int target_find(Database *database, const LaunchRequest *request, Target *ret, Error *err);
/* 1 when nothing that a plan for `target` said has changed since, 0 when it has. */
int target_is_current(Database *database, const Target *target, Error *err);
/* The app's or hook's object in the manifest, NULL when it has none. */
const json_t *target_get_program(const Target *target);
/* "snap.x.app", "snap.x.hook.configure"; owned by the caller. */
char *target_format_tag(const Target *target);
