/* SPDX-License-Identifier: Apache-2.0
 *
 * Strict: the parts of the lock that a sanitizer's runtime cannot live with, behind one seam.
 * strict.c is the real thing; strict-sanitized.c is built instead of it with -Db_sanitize=… and
 * says there what it leaves out.
 */
#pragma once

#include <stdbool.h>

#include "sandbox/sandbox.h"

/* True in a sanitized build: tests that expect death by SIGSYS are skipped there. */
bool strict_is_relaxed(void);
/* Before anything else is given up. */
void strict_prepare(void);
int strict_limit_memory(uint64_t bytes, Error *err);
/* The last step: the system call filter. no_new_privs is set already. */
int strict_install_filter(const SandboxProfile *profile, Error *err);
