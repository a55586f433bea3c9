/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/launch-plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/own.h"
#include "launch/plan-grant.h"
#include "wire/generation.h"

#define NUMBER_SIZE 16

static void add(Text *plan, const char *op, const char *word) {
        launch_line_append(plan, op, word, NULL);
}

static void add2(Text *plan, const char *op, const char *first, const char *second) {
        launch_line_append(plan, op, first, second, NULL);
}

static const char *format_number(char buffer[NUMBER_SIZE], unsigned number) {
        (void)snprintf(buffer, NUMBER_SIZE, "%u", number);
        return buffer;
}

/* ── the base ── */

/* Places that the view fills itself: whatever a base has there is not shown. */
static const char OWN_PLACES[] = "proc,sys,dev,tmp,run,var,home,root,snap,boot,lost+found";

static void add_base_entry(Text *plan, const LaunchLine *entry) {
        char number[NUMBER_SIZE];
        const char *name = entry->words[1];
        autofree char *path = string_format("/%s", name);

        if (launch_list_has(OWN_PLACES, name) || !launch_path_is_clean(path))
                return;
        if (string_equal(entry->words[0], "link") && entry->word_count == 3) {
                add2(plan, "link", path, entry->words[2]);
                return;
        }
        if (string_equal(entry->words[0], "dir"))
                add2(plan, "dir", path, "0755");
        else
                add(plan, "file", path);
        launch_line_append(plan, "take", format_number(number, PLAN_DESCRIPTOR_BASE), name, path,
                           NULL);
}

/* The host's names of users and machines instead of the base's, where the base has such a file. */
static void add_etc_file(Text *plan, const char *name) {
        autofree char *path = string_format("/etc/%s", name);

        launch_line_append(plan, "host", path, path, "ro,noexec,optional", NULL);
}

static int add_base(Text *plan, const char *listing, Error *err) {
        char number[NUMBER_SIZE];
        autofree char *copy = string_copy(listing);
        LaunchReader reader;
        LaunchLine entry;
        int found;

        add(plan, "stage", format_number(number, PLAN_DESCRIPTOR_BASE));
        launch_reader_init(&reader, copy, strlen(copy));
        while ((found = launch_reader_next(&reader, &entry, err)) > 0) {
                if (entry.word_count < 2)
                        continue;
                if (string_equal(entry.words[0], "etc"))
                        add_etc_file(plan, entry.words[1]);
                else
                        add_base_entry(plan, &entry);
        }
        return found;
}

/* ── the package and its data ── */

static void add_package(Text *plan, const LaunchPlanInput *input) {
        const Target *target = input->target;
        char number[NUMBER_SIZE];
        autofree char *top = string_format("/snap/%s", target->name);
        autofree char *place = string_format("%s/%s", top, target->snap.revision);
        autofree char *current = string_format("%s/current", top);

        add2(plan, "dir", "/snap", "0755");
        add2(plan, "dir", top, "0755");
        add2(plan, "dir", place, "0755");
        add2(plan, "attach", format_number(number, PLAN_DESCRIPTOR_IMAGE), place);
        add2(plan, "link", current, target->snap.revision);
        if (!string_equal(target->name, target->snap.instance)) {
                autofree char *other = string_format("/snap/%s", target->snap.instance);

                add2(plan, "link", other, target->name);
        }
}

static void add_system_data(Text *plan, const LaunchPlanInput *input) {
        static const char *const dirs[][2] = {
                { "/var/lib", "0755" }, { "/var/tmp", "1777" },  { "/var/cache", "0755" },
                { "/var/log", "0755" }, { "/var/snap", "0755" },
        };
        autofree char *host =
                string_format("%s/var/snap/%s", input->root, input->target->snap.instance);
        autofree char *place = string_format("/var/snap/%s", input->target->name);

        add2(plan, "scratch", "/var", "0755");
        for (size_t i = 0; i < ARRAY_COUNT(dirs); i++)
                add2(plan, "dir", dirs[i][0], dirs[i][1]);
        add2(plan, "link", "/var/run", "/run");
        add2(plan, "link", "/var/lock", "/run/lock");
        add2(plan, "dir", place, "0755");
        launch_line_append(plan, "host", host, place, "rw,optional", NULL);
}

/* Every directory from the root to `path`. */
static void add_dirs_to(Text *plan, const char *path) {
        for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                autofree char *part = string_copy_length(path, (size_t)(slash - path));

                add2(plan, "dir", part, "0755");
        }
        add2(plan, "dir", path, "0755");
}

/* Of the home only the package's own directory is there.  Made on the host as the user, first. */
static void add_user_data(Text *plan, const LaunchPlanInput *input) {
        const TargetSnap *snap = &input->target->snap;
        const char *home = input->request->home;

        if (!home)
                return;
        autofree char *place = string_format("%s/snap/%s", home, snap->instance);
        autofree char *snaps = string_format("%s%s/snap", input->root, home);
        autofree char *host = string_format("%s%s", input->root, place);
        autofree char *data = string_format("%s/%s", host, snap->revision);
        autofree char *common = string_format("%s/common", host);
        autofree char *current = string_format("%s/current", host);
        add2(plan, "user-dir", snaps, "0700");
        add2(plan, "user-dir", host, "0755");
        if (input->target->older)
                launch_line_append(plan, "user-data", host, snap->revision, input->target->older,
                                   NULL);
        add2(plan, "user-dir", data, "0755");
        add2(plan, "user-dir", common, "0755");
        add2(plan, "user-link", current, snap->revision);
        add_dirs_to(plan, place);
        launch_line_append(plan, "host", host, place, "rw", NULL);
}

/* ── what every program has ── */

static void add_devices(Text *plan) {
        static const char *const nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };
        static const char *const links[][2] = {
                { "/dev/fd", "/proc/self/fd" },       { "/dev/stdin", "/proc/self/fd/0" },
                { "/dev/stdout", "/proc/self/fd/1" }, { "/dev/stderr", "/proc/self/fd/2" },
                { "/dev/ptmx", "pts/ptmx" },
        };

        add2(plan, "dir", "/dev", "0755");
        for (size_t i = 0; i < ARRAY_COUNT(nodes); i++)
                add(plan, "device", nodes[i]);
        for (size_t i = 0; i < ARRAY_COUNT(links); i++)
                add2(plan, "link", links[i][0], links[i][1]);
        add2(plan, "dir", "/dev/pts", "0755");
        add(plan, "terminals", "/dev/pts");
        add2(plan, "scratch", "/dev/shm", "1777");
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
                        add(plan, places[i].op, places[i].path);
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
               (grants->flags & (INTERFACE_LIFTS_TCP | INTERFACE_LIFTS_ABSTRACT_SOCKETS));
}

static void add_kernel_files(Text *plan, const LaunchPlanInput *input) {
        const GrantSet *grants = &input->target->grants;
        bool is_root = input->uid == 0;
        bool is_walled = input->request->landlock_abi < LAUNCH_SCOPES_ABI;

        /* Whom no socket is granted sees nothing of the host's network in /proc/net either. */
        if (!input->target->is_devmode && !needs_network(grants))
                add(plan, is_walled ? "network" : "?network", is_walled ? "wall" : "none");
        add2(plan, "dir", "/proc", "0755");
        if (grants->flags & (INTERFACE_SEES_PROCESSES | INTERFACE_TRACES_PROCESSES))
                launch_line_append(plan, "host", "/proc", "/proc", "rw,noexec,tree", NULL);
        else
                add(plan, "proc", "/proc");
        add_kernel_places(plan, input, PROC_PLACES, ARRAY_COUNT(PROC_PLACES));
        add2(plan, "dir", "/sys", "0755");
        /* A user cannot clone /sys without what is mounted in it; for root it stays outside. */
        launch_line_append(plan, "host", "/sys", "/sys", is_root ? "ro,noexec" : "ro,noexec,tree",
                           NULL);
        add_kernel_places(plan, input, SYS_PLACES, ARRAY_COUNT(SYS_PLACES));
}

static void add_scratch(Text *plan, const LaunchPlanInput *input) {
        autofree char *user = string_format("/run/user/%u", input->uid);
        autofree char *own = string_format("%s/snap.%s", user, input->target->snap.instance);

        add2(plan, "scratch", "/tmp", "1777");
        add2(plan, "scratch", "/run", "0755");
        add2(plan, "dir", "/run/lock", "1777");
        add2(plan, "dir", "/run/user", "0755");
        add2(plan, "dir", user, "0700");
        add2(plan, "dir", own, "0700");
}

/* ── the environment: snap-yaml.md 4.9 ── */

static const char *get_architecture(void) {
        static const char *const names[][2] = {
                { "x86_64", "amd64" },    { "aarch64", "arm64" },   { "armv7l", "armhf" },
                { "riscv64", "riscv64" }, { "ppc64le", "ppc64el" }, { "s390x", "s390x" },
                { "i686", "i386" },
        };
        static struct utsname machine;

        (void)uname(&machine);
        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
                if (string_equal(names[i][0], machine.machine))
                        return names[i][1];
        return machine.machine;
}

/* Variables that change what a loader or the C library reads, which belong to the host's view. */
static void add_unsets(Text *plan) {
        static const char *const names[] = {
                "LD_*",
                "GCONV_PATH",
                "GETCONF_DIR",
                "GLIBC_TUNABLES",
                "HOSTALIASES",
                "LOCALDOMAIN",
                "LOCPATH",
                "MALLOC_TRACE",
                "NIS_PATH",
                "NLSPATH",
                "RESOLV_HOST_CONF",
                "RES_OPTIONS",
                "TZDIR",
                "DBUS_SESSION_BUS_ADDRESS",
                "DBUS_SYSTEM_BUS_ADDRESS",
                "DBUS_STARTER_*",
                "PAWL_ROOT",
        };

        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
                add(plan, "unsetenv", names[i]);
}

static void set_format(Text *plan, const char *key, const char *format, ...) printf_like(3, 4);
static void set_format(Text *plan, const char *key, const char *format, ...) {
        autofree char *value = NULL;
        va_list args;

        va_start(args, format);
        int length = vasprintf(&value, format, args);
        va_end(args);
        if (length < 0)
                abort();
        add2(plan, "setenv", key, value);
}

static void add_snap_variables(Text *plan, const LaunchPlanInput *input) {
        const Target *target = input->target;
        const char *revision = target->snap.revision;
        const char *instance = target->snap.instance;
        const char *key = strchr(instance, '_');

        set_format(plan, "SNAP", "/snap/%s/%s", target->name, revision);
        set_format(plan, "SNAP_COMMON", "/var/snap/%s/common", target->name);
        set_format(plan, "SNAP_DATA", "/var/snap/%s/%s", target->name, revision);
        set_format(plan, "SNAP_NAME", "%s", target->name);
        set_format(plan, "SNAP_INSTANCE_NAME", "%s", instance);
        set_format(plan, "SNAP_INSTANCE_KEY", "%s", key ? key + 1 : "");
        set_format(plan, "SNAP_VERSION", "%s", target->version);
        set_format(plan, "SNAP_REVISION", "%s", revision);
        set_format(plan, "SNAP_ARCH", "%s", get_architecture());
        set_format(plan, "SNAP_UID", "%u", input->uid);
        set_format(plan, "SNAP_EUID", "%u", input->uid);
        add2(plan, "setenv", "SNAP_LIBRARY_PATH",
             "/var/lib/snapd/lib/gl:/var/lib/snapd/lib/gl32:/var/lib/snapd/void");
        add2(plan, "expand", "SNAP_REEXEC", "$SNAP_REEXEC");
        set_format(plan, "XDG_RUNTIME_DIR", "/run/user/%u/snap.%s", input->uid, instance);
        add2(plan, "setenv", "TMPDIR", "/tmp");
        add2(plan, "setenv", "TEMPDIR", "/tmp");
        add2(plan, "setenv", "PATH",
             "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:"
             "/usr/local/games");
}

static void add_home_variables(Text *plan, const LaunchPlanInput *input) {
        const TargetSnap *snap = &input->target->snap;
        const char *home = input->request->home;

        if (!home)
                return;
        set_format(plan, "SNAP_USER_DATA", "%s/snap/%s/%s", home, snap->instance, snap->revision);
        set_format(plan, "SNAP_USER_COMMON", "%s/snap/%s/common", home, snap->instance);
        set_format(plan, "SNAP_REAL_HOME", "%s", home);
        set_format(plan, "HOME", "%s/snap/%s/%s", home, snap->instance, snap->revision);
}

/* A list of [key, value] pairs, each seeing those before it. */
static void add_manifest_variables(Text *plan, const json_t *list) {
        size_t i;
        json_t *pair;

        json_array_foreach(list, i, pair) {
                const char *key = json_string_value(json_array_get(pair, 0));
                const char *value = json_string_value(json_array_get(pair, 1));

                if (key && value)
                        add2(plan, "expand", key, value);
        }
}

static void add_environment(Text *plan, const LaunchPlanInput *input) {
        add_unsets(plan);
        add_snap_variables(plan, input);
        add_home_variables(plan, input);
        launch_plan_add_granted_variables(plan, input);
        add_manifest_variables(plan, json_object_get(input->target->manifest, "environment"));
        add_manifest_variables(plan,
                               json_object_get(target_get_program(input->target), "environment"));
}

/* ── the command ── */

static void add_command_words(Text *plan, const char *prefix, const char *command) {
        autofree char *copy = string_copy(command);
        char *rest = NULL;
        const char *word = strtok_r(copy, " ", &rest);

        if (word) {
                autofree char *program = string_format("%s/%s", prefix, word);

                add(plan, "argument", program);
        }
        while ((word = strtok_r(NULL, " ", &rest)))
                add(plan, "argument", word);
}

static int add_command(Text *plan, const LaunchPlanInput *input, Error *err) {
        const Target *target = input->target;
        const json_t *program = target_get_program(target);
        autofree char *prefix = string_format("/snap/%s/%s", target->name, target->snap.revision);
        size_t i;
        json_t *link;

        if (input->request->wants_shell) {
                add(plan, "argument", "/bin/bash");
                return 0;
        }
        json_array_foreach(json_object_get(program, "command-chain"), i, link) {
                autofree char *path = string_format("%s/%s", prefix, json_string_value(link) ?: "");

                add(plan, "argument", path);
        }
        if (target->is_hook) {
                autofree char *path = string_format("meta/hooks/%s", target->program);

                add_command_words(plan, prefix, path);
                return 0;
        }
        const char *command = json_get_string(program, "command", "");
        if (!*command)
                return error_set(err, ERROR_APP_NOT_FOUND, "app \"%s\" of \"%s\" has no command",
                                 target->program, target->snap.instance);
        add_command_words(plan, prefix, command);
        return 0;
}

/* ── confinement ── */

static void add_landlock_rules(Text *plan, const LaunchPlanInput *input) {
        static const char *const rules[][2] = {
                { "/", "read,execute" },          { "/tmp", "read,execute,write" },
                { "/run", "read,execute,write" }, { "/var", "read,execute,write" },
                { "/proc", "read,write" },        { "/dev", "read,write,ioctl" },
        };

        for (size_t i = 0; i < ARRAY_COUNT(rules); i++)
                add2(plan, "allow", rules[i][0], rules[i][1]);
        if (input->request->home) {
                autofree char *own = string_format("%s/snap/%s", input->request->home,
                                                   input->target->snap.instance);

                add2(plan, "allow", own, "read,execute,write");
        }
        launch_plan_add_landlock_grants(plan, input);
}

/* Under Landlock, whatever it restricts, nobody outside is traced: who may trace has AppArmor for a
 * wall, or does not trace. */
static void add_landlock(Text *plan, const LaunchPlanInput *input) {
        if (input->has_label && input->target->grants.flags & INTERFACE_TRACES_PROCESSES)
                return;
        if (!launch_plan_may_mount(input))
                add_landlock_rules(plan, input);
        launch_plan_add_restrictions(plan, input);
}

/* Without a label there is no profile to change to, and no_new_privs stays. */
static void add_label(Text *plan, const LaunchPlanInput *input, const char *tag) {
        if (!input->has_label)
                return;
        add(plan, "label", tag);
        if (input->target->grants.flags & INTERFACE_LIFTS_NO_NEW_PRIVILEGES)
                add(plan, "new-privileges", "allowed");
}

static void add_seccomp(Text *plan, const LaunchPlanInput *input) {
        char file[NUMBER_SIZE], first[NUMBER_SIZE], count[NUMBER_SIZE];
        uint32_t at = 0;

        for (size_t i = 0; i < SECCOMP_PROGRAM_COUNT; i++) {
                launch_line_append(plan, "seccomp", format_number(file, PLAN_DESCRIPTOR_SECCOMP),
                                   format_number(first, at),
                                   format_number(count, input->seccomp_counts[i]), NULL);
                at += input->seccomp_counts[i];
        }
}

/* Strict is view + seccomp + (Landlock or AppArmor).  Without either, for users a PID namespace can
 * stand in for the signals that an old Landlock does not stop; for uid 0, which owns what it sees,
 * Landlock itself must be there.
 */
static int check_confinement(const LaunchPlanInput *input, Error *err) {
        bool may_mount = input->target->grants.flags & INTERFACE_LIFTS_NAMESPACES;

        if (input->target->is_devmode || input->request->landlock_abi > 0 || input->has_label)
                return 0;
        if (input->uid == 0)
                return error_set(
                        err, ERROR_FORBIDDEN,
                        "this kernel has neither Landlock nor AppArmor, so a program of "
                        "\"%s\" cannot be confined when it runs as root; boot with "
                        "\"lsm=landlock,…\" or install apparmor_parser where the kernel has AppArmor",
                        input->target->snap.instance);
        /* Root of a namespace may mount, unless one of the two says no. */
        if (may_mount)
                return error_set(err, ERROR_FORBIDDEN,
                                 "this kernel has neither Landlock nor AppArmor, so a program that "
                                 "may make namespaces cannot be confined; boot with "
                                 "\"lsm=landlock,…\" or disconnect what grants it from \"%s\"",
                                 input->target->snap.instance);
        return 0;
}

static int check_home(const LaunchPlanInput *input, Error *err) {
        const char *home = input->request->home;

        if (!home || string_has_prefix(home, "/home/") || string_has_prefix(home, "/root") ||
            string_has_prefix(home, "/tmp/") || string_has_prefix(home, "/var/"))
                return 0;
        return error_set(err, ERROR_BAD_REQUEST,
                         "the home directory %s is outside of /home, where a package cannot reach "
                         "its data",
                         home);
}

int launch_plan_write(const LaunchPlanInput *input, Text *ret, Error *err) {
        autofree char *tag = target_format_tag(input->target);
        char number[NUMBER_SIZE];

        if (check_confinement(input, err) < 0 || check_home(input, err) < 0)
                return -1;
        add(ret, "plan", format_number(number, launch_request_get_version(input->request)));
        add(ret, "tag", tag);
        add(ret, "lease", format_number(number, PLAN_DESCRIPTOR_LEASE));
        add(ret, "lease", format_number(number, PLAN_DESCRIPTOR_BASE_LEASE));
        for (size_t i = 0; i < input->target->grants.provider_count; i++)
                add(ret, "lease",
                    format_number(number,
                                  (unsigned)launch_plan_get_provider(&input->target->grants, i)));
        if (add_base(ret, input->base_listing, err) < 0)
                return -1;
        add_kernel_files(ret, input);
        add_devices(ret);
        add_scratch(ret, input);
        add_system_data(ret, input);
        add_package(ret, input);
        add_user_data(ret, input);
        launch_plan_add_grants(ret, input);
        launch_plan_add_buses(ret, input);
        if (input->target->grants.flags & INTERFACE_LIFTS_NAMESPACES)
                add(ret, "namespaces", "allowed");
        add_environment(ret, input);
        if (add_command(ret, input, err) < 0)
                return -1;
        add(ret, "directory", "/");
        add_label(ret, input, tag);
        text_append(ret, generation_builtin.steps);
        if (!input->target->is_devmode) {
                add_landlock(ret, input);
                launch_plan_add_device_filter(ret, input);
                launch_plan_add_capabilities(ret, input);
                add_seccomp(ret, input);
        }
        return 0;
}
