/* SPDX-License-Identifier: Apache-2.0
 *
 * Licence expressions: known identifiers joined by AND, OR, WITH and parentheses.
 */
#pragma once

#include "base/error.h"

int license_check(const char *expression, Error *err);
