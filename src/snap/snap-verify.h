/* SPDX-License-Identifier: Apache-2.0
 *
 * SnapVerify: is the world what the state says, and is an image still what was installed?  A
 * finding is {"kind":…,"name":…,"message":…}; kinds: state, image-missing, image-damaged,
 * image-unknown, data-missing, data-unknown, link.
 */
#pragma once

#include "base/json.h"
#include "snap/plan.h"

/* Everything but the content of images; reads only.  An array, empty when all is well. */
int snap_verify(const Places *places, Database *database, json_t **ret_findings, Error *err);

/* Projects all links again and moves to trash/ what has the shape of ours but no row; refused while
 * a change is unfinished, whose files have no rows yet.  Images that are damaged cannot be made
 * whole from here: they stay findings. */
int snap_repair(const PlanContext *context, Error *err);

/* kind verify: snap_verify, and the digest of each image; its findings are in the change's data.
 * `instances` (NULL: all) is a list of names: only their images are read, and only what is theirs
 * or of the state itself is a finding. */
int plan_verify(const PlanContext *context, const json_t *instances, int64_t *ret_change,
                Error *err);
