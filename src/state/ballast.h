/* SPDX-License-Identifier: Apache-2.0
 *
 * Ballast: two files of allocated space beside the database, given up when the disk is full: the
 * first so that an undo can still be recorded, the second for removals, which are what frees space.
 */
#pragma once

#include "base/error.h"

#define BALLAST_SIZE (1024 * 1024)

/* Makes or keeps both; fails (ERROR_DISK_SPACE) unless there is room for them once more: what an
 * undo under way may need is not taken from it. */
int ballast_make(int directory, Error *err);
void ballast_release(int directory);
void ballast_release_for_removal(int directory);
