/* SPDX-License-Identifier: Apache-2.0
 *
 * Ballast: a file of allocated space beside the database, given up when the disk is full so that an
 * undo can still be recorded.
 */
#pragma once

#include "base/error.h"

#define BALLAST_SIZE (1024 * 1024)

/* Makes or keeps it; fails (ERROR_DISK_SPACE) unless there is room for it twice: what an undo under
 * way may need is not taken from it. */
int ballast_make(int directory, Error *err);
void ballast_release(int directory);
