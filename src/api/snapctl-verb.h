/* SPDX-License-Identifier: Apache-2.0
 *
 * SnapctlCall: one `snapctl VERB …` of a hook, and what it prints.  Everything but is-connected is
 * answered from the hook's own context; nothing here writes the state.
 */
#pragma once

#include <sys/types.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "state/database.h"

typedef struct SnapctlCall {
        Database *database;
        uid_t uid;
        json_t *context; /* borrowed: the job (snap/hook-context.h) */
        const char *arguments[SNAPCTL_ARGUMENT_COUNT_MAX]; /* borrowed; [0] is the verb */
        size_t argument_count;
        Text output, error;
} SnapctlCall;

void snapctl_call_done(SnapctlCall *call);
/* Who is not root may ask, and do nothing. */
int snapctl_check_uid(const SnapctlCall *call, Error *err);
/* The exit status of snapctl; negative: failed, and says so. */
int snapctl_run(SnapctlCall *call, Error *err);
