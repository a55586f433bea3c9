/* SPDX-License-Identifier: Apache-2.0
 *
 * How the launcher fails and how it shows its time: one line to stderr, then the end.  Nothing is
 * undone, because all that was built belongs to namespaces that end with the process.
 */
#pragma once

#include "base/error.h"

#define EXIT_LAUNCH       1   /* the launch could not be prepared */
#define EXIT_CANNOT_EXEC  126 /* the program is there and cannot be run */
#define EXIT_NO_SUCH_FILE 127

/* errno is appended where `number` is not 0. */
_Noreturn void die(int number, const char *format, ...) printf_like(2, 3);
_Noreturn void die_error(const Error *err);
/* As die; where the errno says that the kernel lacks the call, says which kernel is needed. */
_Noreturn void die_kernel(const char *what);

/* --trace: notes the moment; trace_print writes all of them.  Both do nothing unless started. */
void trace_start(void);
void trace_note(const char *step);
void trace_print(void);
