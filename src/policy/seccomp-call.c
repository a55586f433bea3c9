/* SPDX-License-Identifier: Apache-2.0
 *
 * System calls by name: libseccomp's names, and those that are younger than it.
 */
#include <seccomp.h>
#include <string.h>

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

/* --- what the library said before: it looks through all names each time --- */

#define NUMBER_COUNT 512  /* of those that are asked for in advance: all calls so far */
#define SLOT_COUNT   1024 /* a power of two, and twice as many */

typedef struct Slot {
        uint16_t name; /* where it begins in `names`; 0 where there is none */
        uint16_t number;
} Slot;

/* The numbers of this machine do not change while a process lives; children inherit it. */
static Slot *slots;
static Text names;

/* Where the name is, or would be. */
static Slot *find_slot(const char *name) {
        uint32_t hash = 2166136261;

        for (const char *at = name; *at; at++)
                hash = (hash ^ (unsigned char)*at) * 16777619;
        Slot *slot = &slots[hash % SLOT_COUNT];
        while (slot->name && !string_equal(names.bytes + slot->name, name))
                slot = &slots[++hash % SLOT_COUNT];
        return slot;
}

void seccomp_load_calls(void) {
        if (slots)
                return;
        slots = memory_new(SLOT_COUNT * sizeof(*slots));
        text_append_bytes(&names, "", 1);
        for (int number = 0; number < NUMBER_COUNT; number++) {
                autofree char *name =
                        seccomp_syscall_resolve_num_arch(seccomp_arch_native(), number);
                if (!name || names.length + SECCOMP_NAME_SIZE > UINT16_MAX)
                        continue;
                *find_slot(name) = (Slot){ (uint16_t)names.length, (uint16_t)number };
                text_append_bytes(&names, name, strlen(name) + 1);
        }
}

int seccomp_resolve_call(const char *name) {
        seccomp_load_calls();
        const Slot *slot = find_slot(name);
        int number = slot->name ? slot->number : seccomp_syscall_resolve_name(name);

        for (size_t i = 0; number == __NR_SCMP_ERROR && i < ARRAY_COUNT(YOUNG); i++)
                if (string_equal(YOUNG[i].name, name))
                        return YOUNG[i].number;
        return number;
}
