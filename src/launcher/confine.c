/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/own.h"
#include "base/text.h"
#include "launcher/die.h"
#include "launcher/kernel.h"

/* LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON: also what is refused behind an exec is logged. */
#define LOGGING_ABI     7
#define LOG_NEW_EXEC_ON 2

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
/* No device nodes: nobody here may make one, and a rule for it would only look as if. */
#define FS_WRITE                                                                                 \
        (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |                         \
         LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR |                          \
         LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |                            \
         LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_SYM | LANDLOCK_ACCESS_FS_REFER | \
         KERNEL_LANDLOCK_FS_TRUNCATE)
#define FS_FILE_ONLY                                                  \
        (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
         LANDLOCK_ACCESS_FS_READ_FILE | KERNEL_LANDLOCK_FS_TRUNCATE | \
         KERNEL_LANDLOCK_FS_IOCTL_DEV)

/* What came with the plan. */
typedef struct Received {
        const Frame *frame;
        size_t first_fd; /* what the plan calls descriptor 0 */
} Received;

static const struct {
        const char *word;
        uint64_t access;
} RIGHTS[] = {
        { "read", FS_READ },
        { "execute", LANDLOCK_ACCESS_FS_EXECUTE },
        { "write", FS_WRITE },
        { "ioctl", KERNEL_LANDLOCK_FS_IOCTL_DEV },
};

/* What a kernel's ABI knows of the file rights: bits above it are EINVAL. */
static uint64_t get_known_access(int abi) {
        static const struct {
                int abi;
                unsigned bits;
        } known[] = { { 1, 13 }, { 2, 14 }, { 3, 15 }, { 5, 16 } };
        unsigned bits = 0;

        for (size_t i = 0; i < ARRAY_COUNT(known); i++)
                if (abi >= known[i].abi)
                        bits = known[i].bits;
        return (1ULL << bits) - 1;
}

void confinement_apply(Confinement *confinement, const LaunchStep *step) {
        if (step->op == LAUNCH_OP_LANDLOCK)
                confinement->restrictions = step->words[0];
        if (step->op == LAUNCH_OP_LABEL)
                confinement->label = step->words[0];
        if (step->op == LAUNCH_OP_NEW_PRIVILEGES)
                confinement->may_change_label = true;
        if (step->op == LAUNCH_OP_CAPABILITIES)
                confinement->capabilities = step->numbers[0] | step->numbers[1] << 32;
        if (step->op == LAUNCH_OP_QUEUES) {
                confinement->queues.file = step->numbers[0];
                confinement->queues.rights = step->words[1];
        }
        if (step->op == LAUNCH_OP_ALLOW) {
                if (confinement->rule_count == CONFINE_RULE_COUNT_MAX)
                        die(0, "line %u of the plan is one rule too many", step->line);
                confinement->rules[confinement->rule_count].path = step->words[0];
                confinement->rules[confinement->rule_count++].rights = step->words[1];
        }
        if (step->op == LAUNCH_OP_SECCOMP) {
                if (confinement->program_count == CONFINE_PROGRAM_COUNT_MAX)
                        die(0, "line %u of the plan is one program too many", step->line);
                confinement->programs[confinement->program_count].file = step->numbers[0];
                confinement->programs[confinement->program_count].first = step->numbers[1];
                confinement->programs[confinement->program_count++].count = step->numbers[2];
        }
}

/* ── Landlock ── */

/* 0, or -1 and errno. */
static int allow_beneath(int ruleset, int place, const char *rights, uint64_t known) {
        struct landlock_path_beneath_attr rule = { .parent_fd = place };
        struct stat status;

        if (fstat(place, &status) < 0)
                return -1;
        for (size_t i = 0; i < ARRAY_COUNT(RIGHTS); i++)
                if (launch_list_has(rights, RIGHTS[i].word))
                        rule.allowed_access |= RIGHTS[i].access;
        rule.allowed_access &= known & (S_ISDIR(status.st_mode) ? UINT64_MAX : FS_FILE_ONLY);
        return (int)syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

static void add_landlock_rule(int ruleset, const char *path, const char *rights, uint64_t known) {
        autofd int place = open(path, O_PATH | O_CLOEXEC);

        if (place < 0 && errno == ENOENT)
                return; /* what is not in the view needs no right */
        if (place < 0)
                die(errno, "cannot look at %s for Landlock", path);
        if (allow_beneath(ruleset, place, rights, known) < 0)
                die(errno, "Landlock refuses the rule for %s", path);
}

static int get_sent(const Frame *frame, size_t index, const char *what) {
        if (index >= frame->fd_count)
                die(0, "pawld did not send %s", what);
        return frame->fds[index];
}

/* mq_open goes through a mount of the kernel's that is nowhere; but rules are of inodes, and the
 * root of that one is the root of any mount of the same queues.  It is not shown: by path the
 * rights of /dev would count there too, and the names would be listed. */
static void allow_queues(int ruleset, const Confinement *confinement, const Received *received,
                         uint64_t known) {
        if (!confinement->queues.rights)
                return;
        int place = get_sent(received->frame, received->first_fd + confinement->queues.file,
                             "the message queues");
        if (allow_beneath(ruleset, place, confinement->queues.rights, known) < 0)
                die(errno, "Landlock refuses the rule for message queues");
}

/* pawld wrote the plan for the ABI that we told it: what this kernel lacks it has made up for. */
static void enter_landlock(const Confinement *confinement, const Received *received) {
        const char *restrictions = confinement->restrictions;
        int abi = kernel_get_landlock_abi();
        KernelLandlockRuleset wanted = { 0 };

        if (!restrictions || abi < 1)
                return;
        uint64_t known = get_known_access(abi);
        if (launch_list_has(restrictions, "files"))
                wanted.handled_access_fs = known;
        if (launch_list_has(restrictions, "tcp") && abi >= 4)
                wanted.handled_access_net =
                        KERNEL_LANDLOCK_NET_BIND_TCP | KERNEL_LANDLOCK_NET_CONNECT;
        if (launch_list_has(restrictions, "abstract") && abi >= 6)
                wanted.scoped |= KERNEL_LANDLOCK_SCOPE_ABSTRACT;
        if (launch_list_has(restrictions, "signals") && abi >= 6)
                wanted.scoped |= KERNEL_LANDLOCK_SCOPE_SIGNAL;
        if (!wanted.handled_access_fs && !wanted.handled_access_net && !wanted.scoped)
                return;
        size_t size = abi >= 6   ? sizeof(wanted)
                      : abi >= 4 ? offsetof(KernelLandlockRuleset, scoped)
                                 : offsetof(KernelLandlockRuleset, handled_access_net);
        autofd int ruleset = (int)syscall(SYS_landlock_create_ruleset, &wanted, size, 0);
        if (ruleset < 0)
                die(errno, "cannot make a Landlock ruleset");
        for (size_t i = 0; i < confinement->rule_count; i++)
                add_landlock_rule(ruleset, confinement->rules[i].path, confinement->rules[i].rights,
                                  known);
        allow_queues(ruleset, confinement, received, known);
        bool logs = confinement->logs_denials && abi >= LOGGING_ABI;
        if (syscall(SYS_landlock_restrict_self, ruleset, logs ? LOG_NEW_EXEC_ON : 0) < 0)
                die(errno, "cannot enter Landlock");
}

/* ── capabilities ── */

static void drop_bounding(uint64_t kept) {
        for (unsigned long capability = 0; capability < 64; capability++) {
                if (kept >> capability & 1)
                        continue;
                if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0) {
                        if (errno == EINVAL)
                                break; /* beyond the kernel's last one */
                        die(errno, "cannot drop capability %lu for good", capability);
                }
        }
}

/* As the ambient set, the only one that outlives exec without a file's help and without uid 0
 * counting for anything. */
static void raise_ambient(uint64_t kept) {
        for (unsigned long capability = 0; capability < 64; capability++)
                if (kept >> capability & 1 &&
                    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
                        die(errno, "cannot keep capability %lu", capability);
}

/* A container may have fewer than were granted: what is not there cannot be kept. */
static uint64_t get_permitted(void) {
        struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
        struct __user_cap_data_struct now[_LINUX_CAPABILITY_U32S_3] = { 0 };

        if (syscall(SYS_capget, &head, now) < 0)
                die(errno, "cannot look at the capabilities");
        return now[0].permitted | (uint64_t)now[1].permitted << 32;
}

static void drop_capabilities(uint64_t granted) {
        struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
        uint64_t kept = granted & get_permitted();
        struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };
        /* NOROOT locked: without it a file capability or uid 0 would bring rights back at exec.
         * With something kept, a change to another uid must take it off, as programs expect. */
        unsigned long bits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                             SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

        if (kept == 0)
                bits |= SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED |
                        SECBIT_KEEP_CAPS_LOCKED;
        drop_bounding(kept);
        if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
                die(errno, "cannot drop the ambient capabilities");
        /* Inheritable first: ambient is never more than it; the rest is needed for the securebits.
         */
        for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
                sets[i].inheritable = (uint32_t)(kept >> (32 * i));
                sets[i].permitted = sets[i].inheritable | (i == 0 ? 1u << CAP_SETPCAP : 0);
                sets[i].effective = sets[i].permitted;
        }
        if (syscall(SYS_capset, &head, sets) < 0)
                die(errno, "cannot drop the capabilities");
        raise_ambient(kept);
        if (prctl(PR_SET_SECUREBITS, bits, 0, 0, 0) < 0)
                die(errno, "cannot lock the securebits");
        for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
                sets[i].permitted = sets[i].effective = sets[i].inheritable;
        if (syscall(SYS_capset, &head, sets) < 0)
                die(errno, "cannot drop the last capability");
}

void confinement_drop_capabilities(void) {
        drop_capabilities(0);
}

/* ── seccomp ── */

static void load_program(int file, uint64_t first, uint64_t count, unsigned flags) {
        struct stat status;
        int seals = fcntl(file, F_GET_SEALS);

        if (seals < 0 || !(seals & F_SEAL_WRITE) || !(seals & F_SEAL_SHRINK) ||
            fstat(file, &status) < 0)
                die(0, "the seccomp program that pawld sent is not sealed");
        uint64_t available = (uint64_t)status.st_size / sizeof(struct sock_filter);
        if (count == 0 || count > BPF_MAXINSNS || first > available || count > available - first)
                die(0, "the seccomp program that pawld sent is too short");
        struct sock_filter *all =
                mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
        if (all == MAP_FAILED)
                die(errno, "cannot map the seccomp program");
        struct sock_fprog program = { .len = (unsigned short)count, .filter = all + first };
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) < 0)
                die(errno, "the kernel refuses the seccomp program");
}

/* ── AppArmor ── */

/* Opened first: what comes after it would be asked whether we may. -1: no label is wanted. */
static int open_label(const Confinement *confinement) {
        int file = -1;

        if (!confinement->label)
                return -1;
        file = open("/proc/self/attr/apparmor/exec", O_WRONLY | O_CLOEXEC);
        if (file < 0 && errno == ENOENT) /* a kernel before 5.8 */
                file = open("/proc/self/attr/exec", O_WRONLY | O_CLOEXEC);
        if (file < 0)
                die(errno, "cannot open what AppArmor's label is written to");
        return file;
}

/* Counts from exec on.  We are unconfined, so no_new_privs is no hindrance. */
static void write_label(int file, const char *label) {
        autofree char *command = string_format("exec %s", label);
        size_t length = strlen(command);

        if (write(file, command, length) == (ssize_t)length)
                return;
        if (errno == ENOENT)
                die(0, "the AppArmor profile %s is not loaded", label);
        die(errno, "AppArmor refuses the label %s", label);
}

static void load_programs(const Confinement *confinement, const Received *received) {
        for (size_t i = 0; i < confinement->program_count; i++) {
                int file = get_sent(received->frame,
                                    received->first_fd + confinement->programs[i].file,
                                    "the seccomp program");

                load_program(file, confinement->programs[i].first, confinement->programs[i].count,
                             confinement->logs_denials ? SECCOMP_FILTER_FLAG_LOG : 0);
        }
}

void confinement_enter(const Confinement *confinement, const Frame *frame, size_t first_fd) {
        const Received received = { frame, first_fd };
        autofd int label = open_label(confinement);

        if (!confinement->may_change_label && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                die(errno, "cannot give up new privileges");
        enter_landlock(confinement, &received);
        trace_note("landlock");
        if (confinement->label)
                write_label(label, confinement->label);
        /* Without no_new_privs a filter needs a capability, and its template allows what follows.
         */
        if (confinement->may_change_label)
                load_programs(confinement, &received);
        drop_capabilities(confinement->capabilities);
        trace_note("capabilities");
        if (!confinement->may_change_label)
                load_programs(confinement, &received);
}
