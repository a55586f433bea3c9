/* SPDX-License-Identifier: Apache-2.0
 *
 * TrialCheck: whether the helpers of a pawld on trial start and answer.  One whose pawl-read does
 * not could take no package any more, not even the one that would mend it.
 */
#pragma once

#include "base/error.h"

/* Starts each once, and waits for what it says: some milliseconds, seconds at the most. */
int trial_check(Error *err);
