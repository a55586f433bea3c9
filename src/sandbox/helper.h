/* SPDX-License-Identifier: Apache-2.0
 *
 * Helper: a program of ours, started by a descriptor that was opened when the daemon started, so
 * that programs of two versions never mix.  The child gets exactly the descriptors named, an empty
 * environment, default signals, and dies with its parent.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* Programs by name ("pawl-read"), opened O_PATH from one directory. */
typedef enum HelperProgram {
        HELPER_READ,
        HELPER_HTTP,
        HELPER_RUN,
        HELPER_PROGRAM_COUNT
} HelperProgram;

/* Uids without an account: see ARCHITECTURE.md. */
#define HELPER_UID_BASE    0x70770000u
#define HELPER_UID_READ    (HELPER_UID_BASE + 1)
#define HELPER_UID_COMPILE (HELPER_UID_BASE + 2)     /* no program: a child of pawld */
#define HELPER_UID_HTTP    (HELPER_UID_BASE + 0x100) /* + slot */

/* Opens all helpers from `directory` (where pawld itself lies unless told otherwise).  Once, at
 * start. */
int helper_open_all(const char *directory, Error *err);
/* Replaces one, for tests: takes the descriptor. */
void helper_replace(HelperProgram program, int owned_fd);

/* "pawl-read": its file's name. */
const char *helper_get_name(HelperProgram program);
/* The descriptors of all programs (-1 = not open): what a worker must keep to start them. */
void helper_list_fds(int ret_fds[HELPER_PROGRAM_COUNT]);

typedef struct Helper {
        pid_t pid;
        int pidfd; /* owned */
} Helper;

#define HELPER_INIT ((Helper){ .pidfd = -1 })

/* `argv[0]` is the name; `fds[i]` becomes descriptor 3 + i; stdin and stdout are /dev/null, stderr
 * stays. */
int helper_spawn(HelperProgram program, const char *const argv[], const int *fds, size_t fd_count,
                 Helper *ret, Error *err);
/* The same with an environment, "KEY=value" and NULL at the end. */
typedef struct HelperOrder {
        HelperProgram program;
        const char *const *argv;
        const char *const *environment; /* NULL: empty */
        const int *fds;
        size_t fd_count;
        bool says_all; /* its stdout goes where its stderr does, and not nowhere */
} HelperOrder;
int helper_start(const HelperOrder *order, Helper *ret, Error *err);
/* Kills, reaps and closes; safe on one that has ended and on HELPER_INIT.  One that sleeps in a
 * file system that does not answer does not end even so: it is reaped later, and once there are
 * HELPER_LEFT_MAX of them no more helpers are started. */
void helper_done(Helper *helper);
/* Waits for the end (blocking) and returns the wait status; closes. */
int helper_wait(Helper *helper, int *ret_status, Error *err);
