/* SPDX-License-Identifier: Apache-2.0
 *
 * Names of flags: what a flag of an interface is called, and what a person is told of it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct FlagWord {
        unsigned flag;    /* of InterfaceFlag */
        const char *name; /* as interface files say it */
        const char *sentence;
        /* For `pawl why`: which of Landlock's blockers and AppArmor's operations it lifts ("a,b"),
         * and which paths ("rw" access) it covers; NULL = none. */
        const char *lifts, *path;
} FlagWord;

/* The count is that of all flags there are. */
const FlagWord *flag_words_get(size_t *ret_count);
