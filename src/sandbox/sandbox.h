/* SPDX-License-Identifier: Apache-2.0
 *
 * Sandbox: how a helper of ours that reads foreign bytes locks itself in, for good, before the
 * first byte. After sandbox_enter it has no privilege, no file system, no new descriptors but by
 * what its allow list says, and cannot be traced by its equals.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct SandboxProfile {
        /* Dropped to when we are root; ignored otherwise (a user's own `pawl info FILE`). */
        uint32_t uid;
        /* __NR_… numbers that are allowed with any argument; everything else kills the process. */
        const int *syscalls;
        size_t syscall_count;
        /* What Landlock leaves readable: a descriptor of a directory (the calls to read it with
         * must be in `syscalls`); 0 = nothing. */
        int readable_directory;
        /* The highest descriptor to keep; all above are closed. */
        int last_fd;
        uint64_t memory_max;      /* RLIMIT_AS, bytes; 0 = leave */
        uint64_t cpu_seconds_max; /* RLIMIT_CPU; 0 = leave */
        uint64_t file_size_max;   /* RLIMIT_FSIZE, bytes; 0 = may not write files */
        uint64_t descriptor_max;  /* RLIMIT_NOFILE */
} SandboxProfile;

/* Order: close, rlimits, groups and uid, not dumpable, no_new_privs, Landlock (that directory or
 * nothing; skipped with a log line at debug level where the kernel has none), seccomp.  Where a
 * step fails the caller must exit. */
int sandbox_enter(const SandboxProfile *profile, Error *err);
