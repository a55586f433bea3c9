/* SPDX-License-Identifier: Apache-2.0
 *
 * Seccomp: rules as text → two BPF programs.  A rule is a line, a verb, a call's name and up to
 * three conditions "ARGUMENT&MASK=VALUE" that must all hold:
 *
 *   allow NAME …     into the first program, which answers EPERM to all else
 *   absent NAME      likewise, answers ENOSYS
 *   refuse NAME …    into the second program, which allows all else: EPERM
 *   rule LINE        a line of policy/seccomp-rule.h; what it refuses is answered with EACCES
 *
 * A call that this machine's architecture does not have is left out.  Calls of another
 * architecture (i386, x32) kill the process: their numbers mean something else.
 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SECCOMP_PROGRAM_COUNT 2
#define SECCOMP_LENGTH_MAX    4096 /* instructions of one program: the kernel's BPF_MAXINSNS */

typedef struct SeccompProgram {
        struct sock_filter *instructions; /* owned */
        size_t count;
} SeccompProgram;

typedef struct Seccomp {
        SeccompProgram programs[SECCOMP_PROGRAM_COUNT];
} Seccomp;

#define SECCOMP_INIT ((Seccomp){ 0 })

void seccomp_done(Seccomp *seccomp);
#define autoseccomp __attribute__((cleanup(seccomp_done))) Seccomp

/* Takes about 5 ms and some heap of libseccomp: meant for a worker. */
int seccomp_compile(const char *rules, Seccomp *ret, Error *err);
/* What else decides the outcome: library, architecture, the generator's source, the kernel. */
char *seccomp_describe_inputs(const char *rules);
