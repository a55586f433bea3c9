/* SPDX-License-Identifier: Apache-2.0
 *
 * SnapInstruction: what a client asks to be done with packages, as typed and checked fields of the
 * JSON it sent (rest-api.md 1.6).  Keys that are not known are ignored.
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

/* Strings are borrowed from the body, but for `revision`. */
typedef struct SnapInstruction {
        SnapAction action;
        const char *channel; /* "" when not given, as the following */
        char revision[24];   /* "x3"; a bare number is accepted too */
        const char *cohort_key;
        const char *transaction;
        bool leaves_cohort;
        bool is_devmode, is_jailmode, is_classic;
        bool is_purge, is_amend, is_running_ignored, is_validation_ignored;
} SnapInstruction;

/* For one snap: POST /v2/snaps/{name}. */
int snap_instruction_parse(const json_t *body, SnapInstruction *ret, Error *err);
/* For many: POST /v2/snaps; names are in `*ret_names`, borrowed from the body. */
int snap_instruction_parse_many(const json_t *body, SnapInstruction *ret, const json_t **ret_names,
                                Error *err);
/* A channel name that can be meant: "stable", "latest/edge", "1.0/beta/fix". */
bool channel_is_valid(const char *channel);
