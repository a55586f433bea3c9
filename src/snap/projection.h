/* SPDX-License-Identifier: Apache-2.0
 *
 * Projection: the links that the world sees of installed snaps, computed from the state by one pure
 * function and compared with what is there.
 *
 *     R/snap/bin/COMMAND → pawl-run      R/snap/SNAP/current, R/var/snap/SNAP/current → revision
 *
 * A row of `artefact` (kind "link") is a hint that a link was right at some moment; it is stale as
 * soon as a commit touches its snap and clean only after the link is durable.
 */
#pragma once

#include "base/json.h"
#include "snap/places.h"

/* Inside the transaction that changes a snap. */
int projection_mark_stale(Database *database, const char *instance, Error *err);
/* 1 when a mark asks for projection_apply. */
int projection_is_stale(Database *database, Error *err);
/* Makes every link equal to the state (all of them: a handful of readlink calls), removes those of
 * our shape that the state does not know, then marks clean, in a transaction of its own.  At start;
 * returns how many links it changed. */
int projection_apply(const Places *places, Database *database, Error *err);
/* Makes the links of stale snaps equal to the state, after each commit that left a mark.  Nothing
 * is synced and the marks stay: what a power cut takes back, the next start sees as stale. */
int projection_follow(const Places *places, Database *database, Error *err);
/* As projection_follow, then makes all of it durable and marks it clean: one transaction for many
 * changes, when there is time and at the end. */
int projection_settle(const Places *places, Database *database, Error *err);
/* Reads only: appends a finding (snap-verify.h) for each link that is not as it should be. */
int projection_check(const Places *places, Database *database, json_t *findings, Error *err);
