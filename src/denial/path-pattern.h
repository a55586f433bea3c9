/* SPDX-License-Identifier: Apache-2.0
 *
 * Patterns of paths as interface files write them, matched against a path that was refused: "*",
 * "?",
 * "[…]" and "{a,b}" within a name, "**" at the end, $HOME and $RUNTIME at the beginning.  A pattern
 * stands for a file or a directory with all in it.
 */
#pragma once

#include <stdbool.h>

bool path_pattern_matches(const char *pattern, const char *path);
