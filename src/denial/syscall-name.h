/* SPDX-License-Identifier: Apache-2.0
 *
 * System calls by number, as this machine's kernel counts them.
 */
#pragma once

#include <stdint.h>

/* Static; NULL where it is not known, or the architecture (of audit records) is another. */
const char *syscall_get_name(uint64_t architecture, uint64_t number);
