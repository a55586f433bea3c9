/* SPDX-License-Identifier: Apache-2.0
 *
 * Terminal: what others wrote (manifests, names of files, messages about them) may hold characters
 * that command a terminal or turn the order of text around.  `pawl` prints "?" for each; as `snap`
 * it prints what `snap` prints.
 */
#pragma once

#include "base/json.h"

/* In place: control characters but newline and tab, those of Unicode too, and overrides of the
 * direction of writing. */
void terminal_neutralise_text(char *text);
/* All strings in it, keys too. */
void terminal_neutralise(json_t *value);
