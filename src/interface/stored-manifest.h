/* SPDX-License-Identifier: Apache-2.0
 *
 * The manifest of a revision as its row has it: what pawl-read said when the package was installed.
 */
#pragma once

#include "base/error.h"
#include "base/json.h"

/* From the column revision.manifest, which is pawl-read's answer (its format: ARCHITECTURE.md,
 * "pawl-read") or that one's "manifest" member; owned by the caller. */
int stored_manifest_parse(const char *text, json_t **ret, Error *err);
