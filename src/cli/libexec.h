/* SPDX-License-Identifier: Apache-2.0
 *
 * Where our other programs are: beside this one, or where they are installed.
 */
#pragma once

#include "base/error.h"

/* The path of an executable ("pawl-run"); it need not be NULL-checked after 0. */
int libexec_find(const char *name, char **ret_path, Error *err);
