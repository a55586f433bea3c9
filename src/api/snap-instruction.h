/* SPDX-License-Identifier: Apache-2.0
 *
 * SnapInstruction: what a client asks to be done with packages, as typed and checked fields of the
 * JSON it sent to /v2/snaps.  Keys that are not known are ignored.
 */
#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"

#define SNAP_INSTRUCTION_SNAP_MAX 256

typedef enum SnapAction {
        SNAP_ACTION_INSTALL,
        SNAP_ACTION_REFRESH,
        SNAP_ACTION_REMOVE,
        SNAP_ACTION_REVERT,
        SNAP_ACTION_ENABLE,
        SNAP_ACTION_DISABLE,
        SNAP_ACTION_SWITCH,
        SNAP_ACTION_COUNT,
} SnapAction;

/* What is just true in the body. */
typedef enum SnapFlag {
        SNAP_FLAG_LEAVE_COHORT = 1 << 0,
        SNAP_FLAG_DEVMODE = 1 << 1,
        SNAP_FLAG_JAILMODE = 1 << 2,
        SNAP_FLAG_CLASSIC = 1 << 3,
        SNAP_FLAG_PURGE = 1 << 4,
        SNAP_FLAG_AMEND = 1 << 5,
        SNAP_FLAG_IGNORE_RUNNING = 1 << 6,
        SNAP_FLAG_IGNORE_VALIDATION = 1 << 7,
} SnapFlag;

/* Strings are borrowed from the body, but for `revision`. */
typedef struct SnapInstruction {
        SnapAction action;
        const char *channel; /* "" when not given, as the following */
        char revision[24];   /* "x3"; a bare number is accepted too */
        const char *cohort_key;
        const char *transaction;
        unsigned flags; /* of SnapFlag */
} SnapInstruction;

/* For one snap: POST /v2/snaps/{name}. */
int snap_instruction_parse(const json_t *body, SnapInstruction *ret, Error *err);
/* For many: POST /v2/snaps; names are in `*ret_names`, borrowed from the body. */
int snap_instruction_parse_many(const json_t *body, SnapInstruction *ret, const json_t **ret_names,
                                Error *err);
