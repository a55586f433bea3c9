/* SPDX-License-Identifier: Apache-2.0
 *
 * DeviceFilter: which device nodes root's program may open, as a program of the kernel on a cgroup
 * of the launch's own.  The view has no other nodes and nobody there can make one; this holds too
 * for who was granted a capability that could.  Where there is no cgroup v2, the view is all.
 */
#pragma once

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "wire/launch.h"

#define DEVICE_RULE_COUNT_MAX        600
#define DEVICE_INSTRUCTION_COUNT_MAX (8 + 8 * DEVICE_RULE_COUNT_MAX)
#define DEVICE_ANY                   UINT32_MAX

typedef struct DeviceRule {
        bool is_block;
        bool is_read, is_written;
        uint32_t major, minor; /* DEVICE_ANY */
} DeviceRule;

typedef struct DeviceFilter {
        DeviceRule rules[DEVICE_RULE_COUNT_MAX];
        size_t count;
        bool is_wanted;
        int parent;    /* the cgroup in which the launch was, -1 */
        char name[32]; /* of our own, below it */
} DeviceFilter;

#define DEVICE_FILTER_INIT \
        { .parent = -1 }

void device_filter_apply(DeviceFilter *filter, const LaunchStep *step);
/* A node that the view shows; `flags` as of LAUNCH_OP_MATCH. */
void device_filter_add_node(DeviceFilter *filter, mode_t mode, dev_t number, const char *flags);
/* Puts the calling process, and so all that it starts, behind the filter.  Before the view is
 * entered. */
void device_filter_enter(DeviceFilter *filter);
/* Back where it was, and the cgroup removed: for who outlived the program. */
void device_filter_leave(DeviceFilter *filter);

/* The kernel's program; how many instructions. */
size_t device_filter_compile(const DeviceFilter *filter, struct bpf_insn *ret);
