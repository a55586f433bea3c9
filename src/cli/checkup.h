/* SPDX-License-Identifier: Apache-2.0
 *
 * Checkup: what this machine can enforce and what it lacks.  Looking (MachineFacts) and judging
 * (checkup_judge, pure) are apart, so that every verdict can be tried without its machine.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

typedef struct MachineFacts {
        int kernel_major, kernel_minor;
        long landlock_abi;          /* 0 = none */
        int64_t user_namespaces;    /* user.max_user_namespaces; -1 = the kernel has none */
        int64_t unprivileged_clone; /* kernel.unprivileged_userns_clone; -1 = no such setting */
        int64_t apparmor_restricts; /* kernel.apparmor_restrict_unprivileged_userns; likewise */
        bool has_apparmor, has_apparmor_dbus, has_apparmor_parser;
        bool has_seccomp_log, has_seccomp_kill;
        bool has_cgroup2, has_squashfs, has_loop, has_bus_proxy, has_udev, has_modprobe;
        bool has_daemon, has_generation, has_ballast;
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
