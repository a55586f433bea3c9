/* SPDX-License-Identifier: Apache-2.0
 *
 * Which interfaces would allow what was refused: found in the interfaces' own grants, as the daemon
 * describes them (GET /v2/pawl/interfaces), so that a new interface is found without a word here.
 */
#pragma once

#include "base/json.h"
#include "denial/denial.h"

/* [{"interface", "side", "sentence", "attribute"?}], those that say it most closely first;
 * "attribute" where it is the plug that must name the path. */
json_t *denial_match(const Denial *denial, const json_t *interfaces);
