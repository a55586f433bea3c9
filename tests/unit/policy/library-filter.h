/* SPDX-License-Identifier: Apache-2.0
 *
 * LibraryFilter: the same rules compiled by libseccomp, into two programs: it can say "all but
 * these values" only in one of its own, which allows all else.
 */
#pragma once

#include "bpf-machine.h"
#include "rule-meaning.h"

typedef struct LibraryFilter {
        BpfProgram programs[2]; /* what is allowed, what is refused; owned */
} LibraryFilter;

/* Without the calls that are beyond it. */
void library_compile(const RuleMeaning *meaning, LibraryFilter *ret);
void library_done(LibraryFilter *filter);
