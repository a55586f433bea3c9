/* SPDX-License-Identifier: Apache-2.0
 *
 * An action file of polkit as a package brings it (meta/polkit/PLUG.NAME.policy): a stranger's XML,
 * turned into what it says.  Only what names an action, describes it and says who may is taken:
 * annotations make actions imply others, or run programs as root, and are refused.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

typedef struct PolkitFile {
        const char *bytes;
        size_t length;
        const char *prefix; /* the plug's action-prefix: every action is it or below it */
} PolkitFile;

/* [{"id", "description": {LANGUAGE: text}, "message": likewise, "vendor", "vendor_url",
 * "icon_name", "allow_any", "allow_inactive", "allow_active"}]: what was not said is not there, ""
 * is no language.  What is wrong is said as "line N: …". */
int polkit_actions_read(const PolkitFile *file, json_t **ret, Error *err);
