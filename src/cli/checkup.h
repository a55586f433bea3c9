/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkup: what this machine can enforce and what it lacks.  Looking (MachineFacts) and judging
 * (checkup_judge, pure) are apart, so that every verdict can be tried without its machine.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

/* What is there or not. */
typedef enum MachinePart {
        MACHINE_APPARMOR,
        MACHINE_APPARMOR_DBUS,
        MACHINE_APPARMOR_PARSER,
        MACHINE_SECCOMP_LOG,
        MACHINE_SECCOMP_KILL,
        MACHINE_CGROUP2,
        MACHINE_SQUASHFS,
        MACHINE_LOOP,
        MACHINE_BUS_PROXY,
        MACHINE_UDEV,
        MACHINE_MODPROBE,
        MACHINE_DAEMON, /* it answers; whoever asks it fills this in */
        MACHINE_GENERATION,
        MACHINE_BALLAST,
        MACHINE_PART_COUNT,
} MachinePart;

typedef struct MachineFacts {
        int kernel_major, kernel_minor;
        long landlock_abi;          /* 0 = none */
        int64_t user_namespaces;    /* user.max_user_namespaces; -1 = the kernel has none */
        int64_t unprivileged_clone; /* kernel.unprivileged_userns_clone; -1 = no such setting */
        int64_t apparmor_restricts; /* kernel.apparmor_restrict_unprivileged_userns; likewise */
        bool has[MACHINE_PART_COUNT];
        int64_t free_bytes;                 /* of the state's file system; -1 = not known */
        int64_t file_count, left_out_count; /* of /etc/pawl/interfaces.d */
        const char *left_out;               /* the first that was, and why; borrowed, or NULL */
        int64_t finding_count;              /* of GET /v2/pawl/verify; -1 = only root may ask */
} MachineFacts;

void machine_facts_look(const char *root, MachineFacts *ret);
/* [{"what", "is-fine", "is", "lacks", "do"}]: "lacks" and "do" where something is not there. */
json_t *checkup_judge(const MachineFacts *facts);
/* [{"interface", "lacks": [text]}] of those that cannot be enforced in full here. */
json_t *checkup_judge_interfaces(const MachineFacts *facts, const json_t *interfaces);
