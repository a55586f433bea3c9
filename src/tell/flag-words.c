/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/flag-words.h"

#include <linux/capability.h>

#include "base/own.h"
#include "interface/interface-kind.h"

static const FlagWord FLAGS[] = {
        { INTERFACE_LISTENS, "listens", "serve the network: listen and accept connections" },
        { INTERFACE_SHOWS_HOME, "shows-home",
          "read and write what is not hidden in the user's home", .path = "$HOME/*" },
        { INTERFACE_SEES_PROCESSES, "sees-processes", "see all processes of the machine in /proc",
          .path = "/proc/[0-9]*" },
        { INTERFACE_SIGNALS_PROCESSES, "signals-processes", "send signals to other programs",
          .lifts = "signal,scope.signal" },
        { INTERFACE_TRACES_PROCESSES, "traces-processes",
          "trace other programs, where AppArmor rules that; Landlock always refuses it",
          .lifts = "ptrace" },
        { INTERFACE_LIFTS_TCP, "lifts-tcp", "bind and connect TCP ports (Landlock leaves them be)",
          .lifts = "net.bind_tcp,net.connect_tcp" },
        { INTERFACE_LIFTS_NAMESPACES, "lifts-namespaces", "make namespaces",
          .lifts = "userns_create" },
        { INTERFACE_LIFTS_DEVICE_FILTER, "lifts-device-filter",
          "rule which devices its own containers use" },
        { INTERFACE_LIFTS_NO_NEW_PRIVILEGES, "lifts-no-new-privileges",
          "gain privileges by setuid programs of the package, or change its profile" },
        { INTERFACE_LIFTS_MOUNTS, "lifts-mounts",
          "mount file systems (Landlock then restricts no files)",
          .lifts = "mount,umount,pivotroot,fs.change_topology" },
        { INTERFACE_DELEGATES_CGROUP, "delegates-cgroup", "rule its own control group" },
};

const FlagWord *flag_words_get(size_t *ret_count) {
        *ret_count = ARRAY_COUNT(FLAGS);
        return FLAGS;
}

static const char *const CAPABILITIES[] = {
        [CAP_CHOWN] = "chown",
        [CAP_DAC_OVERRIDE] = "dac_override",
        [CAP_DAC_READ_SEARCH] = "dac_read_search",
        [CAP_FOWNER] = "fowner",
        [CAP_FSETID] = "fsetid",
        [CAP_KILL] = "kill",
        [CAP_SETGID] = "setgid",
        [CAP_SETUID] = "setuid",
        [CAP_SETPCAP] = "setpcap",
        [CAP_LINUX_IMMUTABLE] = "linux_immutable",
        [CAP_NET_BIND_SERVICE] = "net_bind_service",
        [CAP_NET_BROADCAST] = "net_broadcast",
        [CAP_NET_ADMIN] = "net_admin",
        [CAP_NET_RAW] = "net_raw",
        [CAP_IPC_LOCK] = "ipc_lock",
        [CAP_IPC_OWNER] = "ipc_owner",
        [CAP_SYS_MODULE] = "sys_module",
        [CAP_SYS_RAWIO] = "sys_rawio",
        [CAP_SYS_CHROOT] = "sys_chroot",
        [CAP_SYS_PTRACE] = "sys_ptrace",
        [CAP_SYS_PACCT] = "sys_pacct",
        [CAP_SYS_ADMIN] = "sys_admin",
        [CAP_SYS_BOOT] = "sys_boot",
        [CAP_SYS_NICE] = "sys_nice",
        [CAP_SYS_RESOURCE] = "sys_resource",
        [CAP_SYS_TIME] = "sys_time",
        [CAP_SYS_TTY_CONFIG] = "sys_tty_config",
        [CAP_MKNOD] = "mknod",
        [CAP_LEASE] = "lease",
        [CAP_AUDIT_WRITE] = "audit_write",
        [CAP_AUDIT_CONTROL] = "audit_control",
        [CAP_SETFCAP] = "setfcap",
        [CAP_MAC_OVERRIDE] = "mac_override",
        [CAP_MAC_ADMIN] = "mac_admin",
        [CAP_SYSLOG] = "syslog",
        [CAP_WAKE_ALARM] = "wake_alarm",
        [CAP_BLOCK_SUSPEND] = "block_suspend",
        [CAP_AUDIT_READ] = "audit_read",
        [CAP_PERFMON] = "perfmon",
        [CAP_BPF] = "bpf",
        [CAP_CHECKPOINT_RESTORE] = "checkpoint_restore",
};

const char *capability_get_name(unsigned number) {
        return number < ARRAY_COUNT(CAPABILITIES) ? CAPABILITIES[number] : NULL;
}
