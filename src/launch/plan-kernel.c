/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "launch/launch-plan-internal.h"

static void add_devices(Text *plan) {
        static const char *const nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };
        static const char *const links[][2] = {
                { "/dev/fd", "/proc/self/fd" },       { "/dev/stdin", "/proc/self/fd/0" },
                { "/dev/stdout", "/proc/self/fd/1" }, { "/dev/stderr", "/proc/self/fd/2" },
                { "/dev/ptmx", "pts/ptmx" },
        };

        line_add_pair(plan, "dir", "/dev", "0755");
        for (size_t i = 0; i < ARRAY_COUNT(nodes); i++)
                line_add(plan, "device", nodes[i]);
        for (size_t i = 0; i < ARRAY_COUNT(links); i++)
                line_add_pair(plan, "link", links[i][0], links[i][1]);
        line_add_pair(plan, "dir", "/dev/pts", "0755");
        line_add(plan, "terminals", "/dev/pts");
        line_add_pair(plan, "scratch", "/dev/shm", "1777");
}

/* What the kernel shows of the machine.  uid 0 owns these files, with or without capabilities, and
 * Landlock does not know them from others of /proc; of a user, what is anybody's is hidden. */
typedef enum KernelPlaceFor {
        FOR_ROOT = 1,
        FOR_USER = 2,
        FOR_ALL = FOR_ROOT | FOR_USER,
} KernelPlaceFor;

typedef struct KernelPlace {
        const char *path;
        const char *op; /* shield: may be read; mask: not even that */
        KernelPlaceFor who;
} KernelPlace;

static const KernelPlace PROC_PLACES[] = {
        { "/proc/sys", "shield", FOR_ALL },         { "/proc/pressure", "shield", FOR_ALL },
        { "/proc/asound", "shield", FOR_ROOT },     { "/proc/bus", "shield", FOR_ROOT },
        { "/proc/driver", "shield", FOR_ROOT },     { "/proc/fs", "shield", FOR_ROOT },
        { "/proc/irq", "shield", FOR_ROOT },        { "/proc/tty", "shield", FOR_ROOT },
        { "/proc/kallsyms", "mask", FOR_ALL },      { "/proc/key-users", "mask", FOR_ALL },
        { "/proc/keys", "mask", FOR_ALL },          { "/proc/sched_debug", "mask", FOR_ALL },
        { "/proc/sysrq-trigger", "mask", FOR_ALL }, { "/proc/timer_list", "mask", FOR_ALL },
        { "/proc/acpi", "mask", FOR_ROOT },         { "/proc/dynamic_debug", "mask", FOR_ROOT },
        { "/proc/kcore", "mask", FOR_ROOT },        { "/proc/kmsg", "mask", FOR_ROOT },
        { "/proc/kpagecgroup", "mask", FOR_ROOT },  { "/proc/kpagecount", "mask", FOR_ROOT },
        { "/proc/kpageflags", "mask", FOR_ROOT },   { "/proc/latency_stats", "mask", FOR_ROOT },
        { "/proc/mtrr", "mask", FOR_ROOT },         { "/proc/pagetypeinfo", "mask", FOR_ROOT },
        { "/proc/scsi", "mask", FOR_ROOT },         { "/proc/slabinfo", "mask", FOR_ROOT },
        { "/proc/vmallocinfo", "mask", FOR_ROOT },
};

/* All of /sys is read-only.  The device tree below /sys/firmware stays: boards' programs ask it. */
static const KernelPlace SYS_PLACES[] = {
        { "/sys/devices/virtual/powercap", "mask", FOR_ROOT },
        { "/sys/firmware/acpi", "mask", FOR_ALL },
        { "/sys/firmware/dmi", "mask", FOR_ALL },
        { "/sys/firmware/efi", "mask", FOR_ALL },
        { "/sys/firmware/memmap", "mask", FOR_ALL },
        { "/sys/firmware/qemu_fw_cfg", "mask", FOR_ALL },
        { "/sys/fs/bpf", "mask", FOR_ALL },
        { "/sys/fs/pstore", "mask", FOR_ALL },
        { "/sys/kernel/debug", "mask", FOR_ALL },
        { "/sys/kernel/security", "mask", FOR_ALL },
        { "/sys/kernel/tracing", "mask", FOR_ALL },
};

/* Granted as a whole, or by a file above it; what is granted below is shown on top later. */
static bool is_granted(const GrantSet *grants, const char *path) {
        size_t at = grant_set_find(grants, GRANT_FILE, 0);

        for (; at < grants->row_count; at = grant_set_find(grants, GRANT_FILE, at + 1)) {
                const char *text = grants->rows[at].text;
                size_t length = strlen(text);
                if (string_has_suffix(text, "/**"))
                        length -= strlen("/**");
                if (strncmp(text, path, length) == 0 && (!path[length] || path[length] == '/'))
                        return true;
        }
        return false;
}

static void add_kernel_places(Text *plan, const LaunchPlanInput *input, const KernelPlace *places,
                              size_t count) {
        KernelPlaceFor who = input->uid == 0 ? FOR_ROOT : FOR_USER;

        for (size_t i = 0; i < count; i++)
                if ((places[i].who & who) && !is_granted(&input->target->grants, places[i].path))
                        line_add(plan, places[i].op, places[i].path);
}

static bool has_unix_socket(const GrantSet *grants, const char *path) {
        size_t at = grant_set_find(grants, GRANT_UNIX_SOCKET, 0);

        while (at < grants->row_count && !string_equal(grants->rows[at].text, path))
                at = grant_set_find(grants, GRANT_UNIX_SOCKET, at + 1);
        return at < grants->row_count;
}

/* Where the same server is at a path too, a client goes there when it finds nobody at "@path"; so
 * it need not see every abstract socket of the host. */
static bool needs_abstract_sockets(const GrantSet *grants) {
        size_t at = grant_set_find(grants, GRANT_ABSTRACT_SOCKET, 0);

        while (at < grants->row_count && has_unix_socket(grants, grants->rows[at].text + 1))
                at = grant_set_find(grants, GRANT_ABSTRACT_SOCKET, at + 1);
        return at < grants->row_count;
}

/* Abstract sockets belong to the network namespace, and so does most of /proc/net. */
static bool needs_network(const GrantSet *grants) {
        return grant_set_has(grants, GRANT_SOCKET) || needs_abstract_sockets(grants) ||
               (grants->flags & INTERFACE_LIFTS_TCP);
}

static void add_kernel_files(Text *plan, const LaunchPlanInput *input) {
        const GrantSet *grants = &input->target->grants;
        bool is_root = input->uid == 0;
        bool is_walled = input->request->landlock_abi < LAUNCH_SCOPES_ABI;

        /* Whom no socket is granted sees nothing of the host's network in /proc/net either. */
        if (!input->target->is_devmode && !needs_network(grants))
                line_add(plan, is_walled ? "network" : "?network", is_walled ? "wall" : "none");
        line_add_pair(plan, "dir", "/proc", "0755");
        if (grants->flags & (INTERFACE_SEES_PROCESSES | INTERFACE_TRACES_PROCESSES))
                launch_line_append(plan, "host", "/proc", "/proc", "rw,noexec,tree", NULL);
        else
                line_add(plan, "proc", "/proc");
        add_kernel_places(plan, input, PROC_PLACES, ARRAY_COUNT(PROC_PLACES));
        line_add_pair(plan, "dir", "/sys", "0755");
        /* A user cannot clone /sys without what is mounted in it; for root it stays outside. */
        launch_line_append(plan, "host", "/sys", "/sys", is_root ? "ro,noexec" : "ro,noexec,tree",
                           NULL);
        add_kernel_places(plan, input, SYS_PLACES, ARRAY_COUNT(SYS_PLACES));
}

void launch_plan_add_kernel(Text *plan, const LaunchPlanInput *input) {
        add_kernel_files(plan, input);
        add_devices(plan);
}
