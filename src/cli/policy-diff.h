/* SPDX-License-Identifier: Apache-2.0
 *
 * What differs between two policies (objects of the daemon, src/tell/policy-of.h) in a person's
 * words.
 */
#pragma once

#include "base/json.h"

/* [{"what": "x: plug network, connected", "lost": [sentences], "gained": [sentences]}]; nothing
 * that is equal. */
json_t *policy_diff(const json_t *before, const json_t *after);
