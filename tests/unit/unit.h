/* SPDX-License-Identifier: Apache-2.0
 *
 * What every unit test includes first: cmocka wants these headers before it, in this order.
 */
#pragma once

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
