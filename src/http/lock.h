/* SPDX-License-Identifier: Apache-2.0
 *
 * Lock: the cell of `pawl-http`, entered before the first byte of a client.  Apart from the program
 * so that a hostile one can be tried in the very same cell.
 */
#pragma once

#include <stdint.h>

#include "base/error.h"

int lock_in(int last_fd, uint32_t uid, Error *err);
