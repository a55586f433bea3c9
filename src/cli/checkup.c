/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/checkup.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/text.h"

#define FREE_BYTES_LEAST ((int64_t)64 << 20)
#define SCOPES_ABI       6
#define TCP_ABI          4

/* ── looking ── */

/* The first bytes of a file; "" where it cannot be read. */
static void read_head(const char *path, char ret[1024]) {
        autofd int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t length = file < 0 ? -1 : read(file, ret, 1023);

        ret[length > 0 ? length : 0] = '\0';
}

static int64_t read_number(const char *path) {
        char text[1024];

        read_head(path, text);
        return *text ? strtoll(text, NULL, 10) : -1;
}

static bool has_word(const char *path, const char *word) {
        char text[1024];

        read_head(path, text);
        return strstr(text, word) != NULL;
}

static bool is_there(const char *path) {
        return faccessat(AT_FDCWD, path, F_OK, AT_EACCESS) == 0;
}

static bool is_program(const char *name) {
        static const char *const places[] = { "/usr/bin", "/usr/sbin", "/usr/local/bin", "/bin",
                                              "/sbin" };
        bool found = false;

        for (size_t i = 0; i < ARRAY_COUNT(places) && !found; i++) {
                autofree char *path = string_format("%s/%s", places[i], name);
                found = is_there(path);
        }
        return found;
}

static bool has_mount(const char *type) {
        FILE *mounts = fopen("/proc/self/mountinfo", "re");
        autofree char *wanted = string_format(" - %s ", type);
        char *line = NULL;
        size_t size = 0;
        bool found = false;

        while (mounts && !found && getline(&line, &size, mounts) > 0)
                found = strstr(line, wanted) != NULL;
        free(line);
        if (mounts)
                (void)fclose(mounts);
        return found;
}

static bool has_file_system(const char *type) {
        return has_word("/proc/filesystems", type) || has_mount(type);
}

/* How each is found: by a word in a file, else by what one look says of a name. */
static const struct {
        MachinePart part;
        const char *path, *word;
        bool (*look)(const char *name);
        const char *name;
} LOOKS[] = {
        { MACHINE_APPARMOR, "/sys/module/apparmor/parameters/enabled", "Y" },
        { MACHINE_SECCOMP_LOG, "/proc/sys/kernel/seccomp/actions_logged", "errno" },
        { MACHINE_SECCOMP_KILL, "/proc/sys/kernel/seccomp/actions_avail", "kill_process" },
        { MACHINE_APPARMOR_DBUS, .look = is_there,
          .name = "/sys/kernel/security/apparmor/features/dbus" },
        { MACHINE_LOOP, .look = is_there, .name = "/dev/loop-control" },
        { MACHINE_CGROUP2, .look = has_mount, .name = "cgroup2" },
        { MACHINE_SQUASHFS, .look = has_file_system, .name = "squashfs" },
        { MACHINE_APPARMOR_PARSER, .look = is_program, .name = "apparmor_parser" },
        { MACHINE_BUS_PROXY, .look = is_program, .name = "xdg-dbus-proxy" },
        { MACHINE_UDEV, .look = is_program, .name = "udevadm" },
        { MACHINE_MODPROBE, .look = is_program, .name = "modprobe" },
};

static void look_at_parts(MachineFacts *ret) {
        for (size_t i = 0; i < ARRAY_COUNT(LOOKS); i++)
                ret->has[LOOKS[i].part] = LOOKS[i].look ? LOOKS[i].look(LOOKS[i].name)
                                                        : has_word(LOOKS[i].path, LOOKS[i].word);
}

static void look_at_kernel(MachineFacts *ret) {
        struct utsname name = { 0 };
        char *rest = NULL;

        (void)uname(&name);
        ret->kernel_major = (int)strtol(name.release, &rest, 10);
        ret->kernel_minor = *rest == '.' ? (int)strtol(rest + 1, NULL, 10) : 0;
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
        ret->landlock_abi = abi < 0 ? 0 : abi;
        ret->user_namespaces = read_number("/proc/sys/user/max_user_namespaces");
        ret->unprivileged_clone = read_number("/proc/sys/kernel/unprivileged_userns_clone");
        ret->apparmor_restricts =
                read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
}

void machine_facts_look(const char *root, MachineFacts *ret) {
        autofree char *state = string_format("%s/var/lib/pawl", root);
        autofree char *ballast = string_format("%s/var/lib/pawl/state/ballast", root);
        autofree char *generation = string_format("%s/run/pawl/generation", root);
        struct statvfs space;

        *ret = (MachineFacts){ .free_bytes = -1, .finding_count = -1 };
        look_at_kernel(ret);
        look_at_parts(ret);
        ret->has[MACHINE_GENERATION] = is_there(generation);
        ret->has[MACHINE_BALLAST] = is_there(ballast) || geteuid() != 0;
        if (statvfs(state, &space) == 0)
                ret->free_bytes = (int64_t)space.f_bavail * (int64_t)space.f_frsize;
}

/* ── judging ── */

typedef struct Verdict {
        const char *what;
        bool is_fine;
        char *is;          /* taken */
        const char *lacks; /* what is not guaranteed then */
        const char *step;
} Verdict;

static void add(json_t *list, Verdict verdict) {
        json_t *object = json_object();

        json_put_string(object, "what", verdict.what);
        json_put(object, "is-fine", json_boolean(verdict.is_fine));
        json_put_string(object, "is", verdict.is);
        json_put_string(object, "lacks", verdict.is_fine ? NULL : verdict.lacks);
        json_put_string(object, "do", verdict.is_fine ? NULL : verdict.step);
        json_array_append_new(list, object);
        free(verdict.is);
}

static char *say(bool is_there_now) {
        return string_copy(is_there_now ? "there" : "not there");
}

/* What is lacking without a part, and the step that brings it. */
static const struct {
        const char *what, *lacks, *step;
} PARTS[MACHINE_PART_COUNT] = {
        [MACHINE_SECCOMP_KILL] = { "seccomp", "no filter of system calls: programs do not start",
                                   "a kernel with CONFIG_SECCOMP_FILTER" },
        [MACHINE_SECCOMP_LOG] = { "seccomp log", "pawl why cannot tell refused system calls",
                                  "add errno to /proc/sys/kernel/seccomp/actions_logged" },
        [MACHINE_APPARMOR_DBUS] = { "AppArmor for D-Bus",
                                    "names on buses are filtered by a proxy alone, not by the bus",
                                    "a kernel whose AppArmor mediates D-Bus" },
        [MACHINE_BUS_PROXY] = { "xdg-dbus-proxy", "programs have no message bus at all",
                                "install xdg-dbus-proxy" },
        [MACHINE_CGROUP2] = { "cgroup v2",
                              "devices of root's programs are not filtered by the kernel",
                              "mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified" },
        [MACHINE_SQUASHFS] = { "squashfs", "images cannot be mounted", "modprobe squashfs" },
        [MACHINE_LOOP] = { "loop devices", "images cannot be mounted", "modprobe loop" },
        [MACHINE_UDEV] = { "udev", "devices are not tagged for packages", "install udev" },
        [MACHINE_MODPROBE] = { "modprobe", "kernel modules are not loaded for packages",
                               "install kmod" },
        [MACHINE_DAEMON] = { "pawld", "nothing is installed, started or changed", "start pawld" },
        [MACHINE_GENERATION] = { "generation", "it is not known whose policy programs run under",
                                 "start pawld" },
        [MACHINE_BALLAST] = { "reserve on disk", "on a full disk an undo could not be recorded",
                              "make room; pawld makes it again by itself" },
};

static void add_part(json_t *list, const MachineFacts *facts, MachinePart part) {
        add(list, (Verdict){ PARTS[part].what, facts->has[part], say(facts->has[part]),
                             PARTS[part].lacks, PARTS[part].step });
}

static void judge_kernel(const MachineFacts *facts, json_t *list) {
        bool is_new =
                facts->kernel_major > 6 || (facts->kernel_major == 6 && facts->kernel_minor >= 1);
        long abi = facts->landlock_abi;
        bool has_users = facts->user_namespaces > 0 && facts->unprivileged_clone != 0 &&
                         facts->apparmor_restricts <= 0;

        add(list,
            (Verdict){ "kernel", is_new,
                       string_format("%d.%d", facts->kernel_major, facts->kernel_minor),
                       "launches are tried with Linux 6.1 and newer", "boot a newer kernel" });
        add(list,
            (Verdict){
                    "Landlock", abi >= SCOPES_ABI,
                    abi > 0 ? string_format("ABI %ld", abi) : string_copy("not there"),
                    abi == 0
                            ? "files are held by the view and AppArmor alone; packages that may make namespaces "
                              "cannot be confined"
                    : abi < TCP_ABI
                            ? "TCP ports are ruled by the filter alone; signals and abstract sockets by namespaces"
                            : "signals and abstract sockets of the host are held back by namespaces instead",
                    abi == 0 ? "boot with lsm=landlock,… on the kernel's command line"
                             : "a kernel from 6.12 on has ABI 6" });
        add(list, (Verdict){ "user namespaces", has_users, say(has_users),
                             "users other than root cannot start programs",
                             facts->user_namespaces <= 0 ? "sysctl user.max_user_namespaces=10000"
                             : facts->unprivileged_clone == 0
                                     ? "sysctl kernel.unprivileged_userns_clone=1"
                                     : "sysctl kernel.apparmor_restrict_unprivileged_userns=0" });
        add_part(list, facts, MACHINE_SECCOMP_KILL);
        add_part(list, facts, MACHINE_SECCOMP_LOG);
}

static void judge_modules(const MachineFacts *facts, json_t *list) {
        static const MachinePart after[] = { MACHINE_APPARMOR_DBUS, MACHINE_BUS_PROXY,
                                             MACHINE_CGROUP2,       MACHINE_SQUASHFS,
                                             MACHINE_LOOP,          MACHINE_UDEV,
                                             MACHINE_MODPROBE };
        bool has_apparmor = facts->has[MACHINE_APPARMOR] && facts->has[MACHINE_APPARMOR_PARSER];

        add(list,
            (Verdict){
                    "AppArmor", has_apparmor, say(has_apparmor),
                    "rules that only AppArmor can say are not enforced (see the interfaces below)",
                    facts->has[MACHINE_APPARMOR] ? "install apparmor"
                                                 : "boot with apparmor=1 security=apparmor" });
        for (size_t i = 0; i < ARRAY_COUNT(after); i++)
                add_part(list, facts, after[i]);
}

static void judge_daemon(const MachineFacts *facts, json_t *list) {
        bool is_sound = facts->finding_count <= 0;

        add_part(list, facts, MACHINE_DAEMON);
        add_part(list, facts, MACHINE_GENERATION);
        add(list,
            (Verdict){ "room on disk",
                       facts->free_bytes < 0 || facts->free_bytes >= FREE_BYTES_LEAST,
                       facts->free_bytes < 0
                               ? string_copy("not known")
                               : string_format("%lld MiB", (long long)(facts->free_bytes >> 20)),
                       "changes will be refused or undone", "make room, or remove packages" });
        add_part(list, facts, MACHINE_BALLAST);
        add(list,
            (Verdict){ "links, data and files", is_sound,
                       facts->finding_count < 0 ? string_copy("not asked: only root may")
                                                : string_format("%lld differ from the state",
                                                                (long long)facts->finding_count),
                       "programs may find other files than the state says",
                       "pawl verify, then pawl repair" });
        if (facts->file_count > 0)
                add(list,
                    (Verdict){ "interface files", facts->left_out_count == 0,
                               string_format("%lld of %lld used",
                                             (long long)(facts->file_count - facts->left_out_count),
                                             (long long)facts->file_count),
                               facts->left_out,
                               "see them all with pawl warnings --all; mend, then restart "
                               "pawld" });
}

json_t *checkup_judge(const MachineFacts *facts) {
        json_t *list = json_array();

        judge_kernel(facts, list);
        judge_modules(facts, list);
        judge_daemon(facts, list);
        return list;
}

/* ── interfaces ── */

static bool lacks_apparmor(const MachineFacts *facts) {
        return !facts->has[MACHINE_APPARMOR] || !facts->has[MACHINE_APPARMOR_PARSER];
}

static bool lacks_bus_proxy(const MachineFacts *facts) {
        return !facts->has[MACHINE_BUS_PROXY];
}

static bool lacks_bus_rules(const MachineFacts *facts) {
        return facts->has[MACHINE_BUS_PROXY] && !facts->has[MACHINE_APPARMOR_DBUS];
}

static bool lacks_udev(const MachineFacts *facts) {
        return !facts->has[MACHINE_UDEV];
}

static bool lacks_cgroup2(const MachineFacts *facts) {
        return !facts->has[MACHINE_CGROUP2];
}

static bool lacks_modprobe(const MachineFacts *facts) {
        return !facts->has[MACHINE_MODPROBE];
}

static bool has_landlock(const MachineFacts *facts) {
        return facts->landlock_abi > 0;
}

static bool has_landlock_alone(const MachineFacts *facts) {
        return has_landlock(facts) && lacks_apparmor(facts);
}

static bool is_always(const MachineFacts *facts) {
        (void)facts;
        return true;
}

static const char no_mounts[] = "mounting: Landlock refuses it whatever is granted";
static const char no_traces[] = "tracing other programs: Landlock refuses it whatever is granted";

/* What of a grant is nobody's to enforce, or to allow, here.  The first row that fits counts. */
static const struct {
        const char *kind, *begins;
        const char *access; /* only with exactly this; NULL: any */
        const char *unless; /* not where the interface has this flag; NULL: anywhere */
        bool (*is_so)(const MachineFacts *facts);
        const char *says;
} LACKS[] = {
        { "system-call", "mount", NULL, "lifts-mounts", has_landlock, no_mounts },
        { "apparmor", "mount", NULL, "lifts-mounts", has_landlock, no_mounts },
        { "apparmor", "umount", NULL, "lifts-mounts", has_landlock, no_mounts },
        { "apparmor", "mount", NULL, NULL, lacks_apparmor,
          "what may be mounted, and where: without AppArmor anything" },
        { "apparmor", "remount", NULL, NULL, lacks_apparmor,
          "what may be mounted, and where: without AppArmor anything" },
        { "apparmor", "umount", NULL, NULL, lacks_apparmor,
          "what may be mounted, and where: without AppArmor anything" },
        { "apparmor", "pivot_root", NULL, NULL, lacks_apparmor,
          "what may be mounted, and where: without AppArmor anything" },
        { "apparmor", "ptrace", NULL, NULL, has_landlock_alone, no_traces },
        { "apparmor", "signal", NULL, NULL, lacks_apparmor,
          "whom signals are sent to: without AppArmor all of that user's processes" },
        { "apparmor", "change_profile", NULL, NULL, lacks_apparmor,
          "AppArmor profiles of its own for what it starts" },
        /* All files, so far as the view shows any. */
        { "apparmor", "/** ", NULL, NULL, is_always, NULL },
        { "apparmor", "/", NULL, NULL, lacks_apparmor,
          "single files: without AppArmor all of the directory that is shown" },
        { "apparmor", "dbus", NULL, NULL, lacks_bus_rules,
          "labels of who is called on a bus: only AppArmor knows them" },
        { "apparmor", "", NULL, NULL, lacks_apparmor, "rules that only AppArmor can say" },
        { "flag", "lifts-mounts", NULL, NULL, has_landlock_alone,
          "files: Landlock restricts none while programs may mount; the view alone does" },
        { "flag", "traces-processes", NULL, NULL, has_landlock_alone, no_traces },
        { "flag", "traces-processes", NULL, NULL, lacks_apparmor,
          "whom it traces: without AppArmor all of that user's processes" },
        { "flag", "signals-processes", NULL, NULL, is_always,
          "signals of users other than root: none leaves the launch's PID namespace" },
        { "abstract-socket", "", NULL, NULL, lacks_apparmor,
          "which abstract sockets: without AppArmor it is all of the host's or none" },
        { "bus", "", NULL, NULL, lacks_bus_proxy,
          "names on buses: without xdg-dbus-proxy there is no bus" },
        { "bus", "*", NULL, NULL, lacks_bus_rules,
          "calls to names that nobody knows beforehand: only AppArmor can say any name" },
        { "udev", "", NULL, NULL, lacks_udev, "tags of devices: udev is not there" },
        { "kernel-module", "", NULL, NULL, lacks_modprobe,
          "kernel modules: modprobe is not there" },
        { "module-rule", "", NULL, NULL, lacks_modprobe, "kernel modules: modprobe is not there" },
        { "device", "", NULL, NULL, lacks_cgroup2,
          "which devices, for root: there is no cgroup v2" },
        { "device", "", "r", NULL, lacks_apparmor,
          "nodes only to be read, for users other than root: without AppArmor the node's mode decides" },
};

static bool has_flag(const json_t *blocks, const char *flag) {
        for (size_t i = 0; i < json_array_size(blocks); i++) {
                const json_t *grants = json_object_get(json_array_get(blocks, i), "grants");
                for (size_t j = 0; j < json_array_size(grants); j++) {
                        const json_t *grant = json_array_get(grants, j);
                        if (string_equal(json_get_string(grant, "kind", ""), "flag") &&
                            string_equal(json_get_string(grant, "text", ""), flag))
                                return true;
                }
        }
        return false;
}

static const char *find_lack(const MachineFacts *facts, const json_t *grant, const json_t *blocks) {
        const char *kind = json_get_string(grant, "kind", "");
        const char *text = json_get_string(grant, "text", "");
        const char *access = json_get_string(grant, "access", "");

        for (size_t i = 0; i < ARRAY_COUNT(LACKS); i++)
                if (string_equal(kind, LACKS[i].kind) && string_has_prefix(text, LACKS[i].begins) &&
                    (!LACKS[i].access || string_equal(access, LACKS[i].access)) &&
                    (!LACKS[i].unless || !has_flag(blocks, LACKS[i].unless)) &&
                    LACKS[i].is_so(facts))
                        return LACKS[i].says;
        return NULL;
}

static void add_lacks(const MachineFacts *facts, const json_t *side, json_t *lacks) {
        const json_t *blocks = json_object_get(side, "blocks");

        for (size_t i = 0; i < json_array_size(blocks); i++) {
                const json_t *grants = json_object_get(json_array_get(blocks, i), "grants");
                for (size_t j = 0; j < json_array_size(grants); j++) {
                        const char *lack = find_lack(facts, json_array_get(grants, j), blocks);
                        if (lack)
                                json_object_set_new(lacks, lack, json_true());
                }
        }
}

json_t *checkup_judge_interfaces(const MachineFacts *facts, const json_t *interfaces) {
        json_t *list = json_array();

        for (size_t i = 0; i < json_array_size(interfaces); i++) {
                const json_t *interface = json_array_get(interfaces, i);
                autojson lacks = json_object();
                json_t *object = json_object(), *texts = json_array(), *unused;
                const char *lack;
                add_lacks(facts, json_object_get(interface, "plug"), lacks);
                add_lacks(facts, json_object_get(interface, "slot"), lacks);
                json_object_foreach(lacks, lack, unused)
                        json_array_append_new(texts, json_string(lack));
                json_put_string(object, "interface", json_get_string(interface, "name", ""));
                json_put(object, "lacks", texts);
                if (json_array_size(texts) > 0)
                        json_array_append(list, object);
                json_decref(object);
        }
        return list;
}
