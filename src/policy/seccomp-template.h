/* SPDX-License-Identifier: Apache-2.0
 *
 * The system calls that every strict program may make, as data.  What each group is for, and what
 * is left out on purpose, is told in docs/seccomp-template.md.
 */
#pragma once

#include <stddef.h>

#include "base/text.h"

/* The rules as canonical text, one a line (see policy/seccomp.h): what is compiled and hashed. */
void seccomp_template_append(Text *text);
