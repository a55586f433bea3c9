/* SPDX-License-Identifier: Apache-2.0
 *
 * System calls that the C library of Debian 12 has no function for, under their own names.
 */
#pragma once

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of Linux 6.10 and 6.12; the headers are of 6.1. */
#define KERNEL_LANDLOCK_FS_TRUNCATE    (1ULL << 14)
#define KERNEL_LANDLOCK_FS_IOCTL_DEV   (1ULL << 15)
#define KERNEL_LANDLOCK_NET_BIND_TCP   (1ULL << 0)
#define KERNEL_LANDLOCK_NET_CONNECT    (1ULL << 1)
#define KERNEL_LANDLOCK_SCOPE_ABSTRACT (1ULL << 0)
#define KERNEL_LANDLOCK_SCOPE_SIGNAL   (1ULL << 1)

typedef struct KernelLandlockRuleset {
        uint64_t handled_access_fs;
        uint64_t handled_access_net; /* ABI 4 */
        uint64_t scoped;             /* ABI 6 */
} KernelLandlockRuleset;

static inline int kernel_open_tree(int at, const char *path, unsigned flags) {
        return (int)syscall(SYS_open_tree, at, path, flags | OPEN_TREE_CLOEXEC);
}

static inline int kernel_move_mount(int mount, int at, const char *path) {
        return (int)syscall(SYS_move_mount, mount, "", at, path,
                            MOVE_MOUNT_F_EMPTY_PATH | (*path ? 0 : MOVE_MOUNT_T_EMPTY_PATH));
}

static inline int kernel_mount_setattr(int mount, unsigned flags, struct mount_attr *attributes) {
        return (int)syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH | flags, attributes,
                            sizeof(*attributes));
}

static inline int kernel_fsopen(const char *type) {
        return (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
}

static inline int kernel_fsconfig(int context, unsigned command, const char *key,
                                  const char *value) {
        return (int)syscall(SYS_fsconfig, context, command, key, value, 0);
}

static inline int kernel_fsmount(int context, unsigned attributes) {
        return (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
}

static inline int kernel_pivot_root(const char *new_root, const char *put_old) {
        return (int)syscall(SYS_pivot_root, new_root, put_old);
}

static inline int kernel_close_range(unsigned first, unsigned last) {
        return (int)syscall(SYS_close_range, first, last, 0);
}

static inline int kernel_openat2(int at, const char *path, uint64_t flags, uint64_t resolve) {
        struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = resolve };

        return (int)syscall(SYS_openat2, at, path, &how, sizeof(how));
}

static inline int kernel_pidfd_open(pid_t pid) {
        return (int)syscall(SYS_pidfd_open, pid, 0);
}

static inline int kernel_pidfd_send_signal(int pidfd, int signal) {
        return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

/* The Landlock ABI of this kernel, 0 when it has none. */
static inline int kernel_get_landlock_abi(void) {
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

        return abi > 0 ? (int)abi : 0;
}
