/* SPDX-License-Identifier: Apache-2.0
 *
 * System calls by name: libseccomp's names, and those that are younger than it.
 */
#include <seccomp.h>

#include "base/own.h"
#include "base/text.h"
#include "policy/seccomp-rule.h"

/* One number on every architecture, as for all calls from 424 on. */
static const struct {
        const char *name;
        int number;
} YOUNG[] = {
        { "memfd_secret", 447 },      { "process_mrelease", 448 },
        { "futex_waitv", 449 },       { "set_mempolicy_home_node", 450 },
        { "cachestat", 451 },         { "fchmodat2", 452 },
        { "map_shadow_stack", 453 },  { "futex_wake", 454 },
        { "futex_wait", 455 },        { "futex_requeue", 456 },
        { "statmount", 457 },         { "listmount", 458 },
        { "lsm_get_self_attr", 459 }, { "lsm_set_self_attr", 460 },
        { "lsm_list_modules", 461 },  { "mseal", 462 },
        { "setxattrat", 463 },        { "getxattrat", 464 },
        { "listxattrat", 465 },       { "removexattrat", 466 },
        { "open_tree_attr", 467 },    { "file_getattr", 468 },
        { "file_setattr", 469 },
};

int seccomp_resolve_call(const char *name) {
        int number = seccomp_syscall_resolve_name(name);

        for (size_t i = 0; number == __NR_SCMP_ERROR && i < ARRAY_COUNT(YOUNG); i++)
                if (string_equal(YOUNG[i].name, name))
                        return YOUNG[i].number;
        return number;
}
