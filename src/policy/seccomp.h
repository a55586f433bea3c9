/* SPDX-License-Identifier: Apache-2.0
 *
 * Seccomp: rules as text → a BPF program.  A rule is a line, a verb, a call's name and up to three
 * conditions "ARGUMENT&MASK=VALUE" that must all hold:
 *
 *   allow NAME …     what no rule allows is answered with EPERM
 *   absent NAME …    answered with ENOSYS
 *   refuse NAME …    EPERM, whatever else allows it
 *   rule LINE        a line of policy/seccomp-rule.h; what it refuses is answered with EACCES
 *
 * Refusals come first; then, and among them, the first rule that holds decides.  A call that this
 * machine's architecture does not have is left out.  Calls of another architecture (i386, x32) kill
 * the process: their numbers mean something else.
 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/text.h"
#include "policy/bpf-assembler.h"

#define SECCOMP_LENGTH_MAX BPF_LENGTH_MAX

typedef struct Seccomp {
        struct sock_filter *instructions; /* owned */
        size_t count;
} Seccomp;

#define SECCOMP_INIT ((Seccomp){ 0 })

void seccomp_done(Seccomp *seccomp);
#define autoseccomp __attribute__((cleanup(seccomp_done))) Seccomp

int seccomp_compile(const char *rules, Seccomp *ret, Error *err);

/* What many texts begin with, read once; it must not speak of calls that no rule speaks of ("@").
 * Of a text that begins otherwise it is no part: the outcome is the same with it and without.  It
 * is there until the process ends. */
typedef struct SeccompStart SeccompStart;
int seccomp_start_new(const char *rules, SeccompStart **ret, Error *err);
int seccomp_compile_after(const SeccompStart *start, const char *rules, Seccomp *ret, Error *err);

/* Asks the library and the kernel what compilation asks, so that children forked later need not,
 * nor be allowed to: besides accounts, of which they are told, compilation is a pure function. */
void seccomp_prepare(void);
/* The accounts that the rules name, as account_use_rows wants them. */
void seccomp_describe_accounts(const char *rules, Text *ret);
/* What else decides the outcome: library, architecture, the generator's source, the kernel. */
char *seccomp_describe_inputs(const char *rules);
