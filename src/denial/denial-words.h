/* SPDX-License-Identifier: Apache-2.0
 *
 * What a program wanted, in words for people.
 */
#pragma once

#include "denial/denial.h"

/* "to read /etc/x", behind "x.app wanted "; owned. */
char *denial_format_wish(const Denial *denial);
