/* SPDX-License-Identifier: Apache-2.0
 *
 * The action files of a package's polkit plugs: meta/polkit/PLUG.NAME.policy.
 */
#pragma once

#include <jansson.h>

#include "base/error.h"
#include "reader/tree.h"

/* Adds [{"plug", "file", "actions": [reader/polkit-actions.h]}] to `list`, or "fault" in the place
 * of "actions": a bad file is no reason to refuse the package.  0 added, 1 not for any plug;
 * negative: the image cannot be read. */
int polkit_files_add(Tree *image, const json_t *manifest, const char *path, json_t *list,
                     Error *err);
