/* SPDX-License-Identifier: Apache-2.0
 *
 * Built instead of strict.c with -Db_sanitize. The runtime of AddressSanitizer reserves terabytes
 * of address space, opens /proc/self/maps and starts a symbolizer to explain a fault, and stops
 * its own threads to look for leaks. So here: no memory limit, no filter; leaks are looked for when
 * the lock is entered. Landlock, uid, descriptors and the other limits are as in strict.c. A build
 * like this is for finding faults, never for use.
 */
#include <sanitizer/lsan_interface.h>

#include "sandbox/strict.h"

/* Absent where only -fsanitize=undefined is on. */
#pragma weak __lsan_do_leak_check

bool strict_is_relaxed(void) {
        return true;
}

/* What leaks later is not found: a process that may not be traced cannot be looked at by its
 * tracer thread, which would turn every exit into a failure. */
void strict_prepare(void) {
        if (__lsan_do_leak_check)
                __lsan_do_leak_check();
}

int strict_limit_memory(uint64_t bytes, Error *err) {
        (void)bytes;
        (void)err;
        return 0;
}

int strict_install_filter(const SandboxProfile *profile, Error *err) {
        (void)profile;
        (void)err;
        return 0;
}
