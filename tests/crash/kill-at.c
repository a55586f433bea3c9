/* SPDX-License-Identifier: Apache-2.0
 *
 * kill-at: counts the system calls of a daemon, or of its workers, and at the n-th kills the
 * process that is about to make it, or lets that one call fail.
 *
 *      kill-at [OPTION...] --pid PID          a daemon that runs already
 *      kill-at [OPTION...] -- COMMAND ...     one that is started here, counted from its exec
 *
 *      --who daemon|worker|helper|any|all
 *                                whose calls count (daemon); with `any` daemon and workers die at
 * once; helpers are other children of the daemon, until they exec
 *      --at N                    which one; 0 (default): only count
 *      --all                     every call counts, not only those that change something
 *      --fail ERRNO              the call fails with this number, nobody dies
 *      --only write|sync|name|mount    only calls of this class count
 *      --after                         it dies when the call has happened, not before
 *      --spoil N                 (twice at most) the daemon's N-th write, sync or name on a disk
 *                                fails with ENOSPC, whatever else is asked for
 *      --hold N                  the N-th worker is held at its first instruction until somebody
 *                                kills it; "held PID" says so
 *      --tally                   at the end also says how many calls each kind of point has
 *
 * It prints "ready", then at most one "hit N CALL PID", and at the end "total N"; a hit ends it,
 * and all others go on untraced, as the orphans that they then are.
 *
 * Without --all a call counts when something outside the process can tell that it happened: it
 * writes, names, syncs, mounts, locks, signals, starts or ends.  A kill before any other call
 * leaves the same world as a kill before the next one that counts, since a read, a poll or a close
 * leaves nothing that the end of the process does not leave too.  The kill happens at the entry,
 * before the call has any effect; "after the n-th" is "before the n+1-th".
 *
 * Daemon and workers are told apart by how the kernel reports the child: workers are made by clone3
 * without an exit signal (PTRACE_EVENT_CLONE), helpers by fork (PTRACE_EVENT_FORK); these are let
 * go at once, or, where they are asked for, when they become another program.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#        error "kill-at sets registers of x86-64; add the other machine's in fail_call"
#endif

#define TRACEE_MAX   64
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

typedef enum Class {
        CLASS_NONE,
        CLASS_WRITE,
        CLASS_SYNC,
        CLASS_NAME,
        CLASS_MOUNT,
        CLASS_PROCESS, /* starts, ends, signals, locks, sends: kills only */
        CLASS_COUNT,
} Class;

static const char *const CLASS_NAMES[CLASS_COUNT] = { "none", "write", "sync",
                                                      "name", "mount", "process" };

typedef struct Call {
        long number;
        const char *name;
        Class class;
        int flags_at; /* counts only where this argument has O_CREAT; -1: always */
} Call;

#define CALL(name, class) \
        { SYS_##name, #name, class, -1 }

static const Call CALLS[] = {
        CALL(write, CLASS_WRITE),
        CALL(pwrite64, CLASS_WRITE),
        CALL(writev, CLASS_WRITE),
        CALL(pwritev, CLASS_WRITE),
        CALL(pwritev2, CLASS_WRITE),
        CALL(sendfile, CLASS_WRITE),
        CALL(copy_file_range, CLASS_WRITE),
        CALL(ftruncate, CLASS_WRITE),
        CALL(fallocate, CLASS_WRITE),
        CALL(fsync, CLASS_SYNC),
        CALL(fdatasync, CLASS_SYNC),
        CALL(syncfs, CLASS_SYNC),
        CALL(rename, CLASS_NAME),
        CALL(renameat, CLASS_NAME),
        CALL(renameat2, CLASS_NAME),
        CALL(unlink, CLASS_NAME),
        CALL(unlinkat, CLASS_NAME),
        CALL(rmdir, CLASS_NAME),
        CALL(link, CLASS_NAME),
        CALL(linkat, CLASS_NAME),
        CALL(symlink, CLASS_NAME),
        CALL(symlinkat, CLASS_NAME),
        CALL(mkdir, CLASS_NAME),
        CALL(mkdirat, CLASS_NAME),
        CALL(mknodat, CLASS_NAME),
        CALL(fchmod, CLASS_NAME),
        CALL(fchmodat, CLASS_NAME),
        CALL(fchown, CLASS_NAME),
        CALL(fchownat, CLASS_NAME),
        CALL(utimensat, CLASS_NAME),
        CALL(fsetxattr, CLASS_NAME),
        { SYS_open, "open", CLASS_NAME, 1 },
        { SYS_openat, "openat", CLASS_NAME, 2 },
        CALL(mount, CLASS_MOUNT),
        CALL(umount2, CLASS_MOUNT),
        CALL(fsopen, CLASS_MOUNT),
        CALL(fsconfig, CLASS_MOUNT),
        CALL(fsmount, CLASS_MOUNT),
        CALL(move_mount, CLASS_MOUNT),
        CALL(open_tree, CLASS_MOUNT),
        { SYS_ioctl, "ioctl", CLASS_MOUNT, -1 },
        CALL(unshare, CLASS_PROCESS),
        CALL(setns, CLASS_PROCESS),
        CALL(clone, CLASS_PROCESS),
        CALL(clone3, CLASS_PROCESS),
        CALL(fork, CLASS_PROCESS),
        CALL(vfork, CLASS_PROCESS),
        CALL(execve, CLASS_PROCESS),
        CALL(execveat, CLASS_PROCESS),
        CALL(kill, CLASS_PROCESS),
        CALL(pidfd_send_signal, CLASS_PROCESS),
        CALL(prctl, CLASS_PROCESS),
        CALL(setpgid, CLASS_PROCESS),
        CALL(flock, CLASS_PROCESS),
        CALL(fcntl, CLASS_PROCESS),
        CALL(sendmsg, CLASS_PROCESS),
        CALL(sendto, CLASS_PROCESS),
        CALL(socketpair, CLASS_PROCESS),
        CALL(bind, CLASS_PROCESS),
        CALL(listen, CLASS_PROCESS),
        CALL(accept4, CLASS_PROCESS),
        CALL(exit_group, CLASS_PROCESS),
};

typedef enum Who {
        WHO_DAEMON = 1,
        WHO_WORKER = 2,
        WHO_ANY = 3,
        WHO_HELPER = 4,
        WHO_ALL = 7,
} Who;

static const struct {
        const char *name;
        Who who;
} WHOS[] = {
        { "daemon", WHO_DAEMON }, { "worker", WHO_WORKER }, { "any", WHO_ANY },
        { "helper", WHO_HELPER }, { "all", WHO_ALL },
};

typedef struct Tracee {
        pid_t pid;
        Who who;
        long call;
        bool must_die; /* when this call has happened */
        int must_fail; /* and then this call returns this error */
} Tracee;

static struct {
        Who who;
        long at, count;
        bool counts_all, is_after;
        int fail;
        Class only;
        long spoil[2], spoil_count;
        long hold, worker_count;
        pid_t held;
        bool is_tallied;
        pid_t daemon;
        Tracee tracees[TRACEE_MAX];
        size_t tracee_count;
        pid_t early[TRACEE_MAX]; /* stopped before their parent's event said what they are */
        size_t early_count;
} state = { .who = WHO_DAEMON };

static void die(const char *what) {
        fprintf(stderr, "kill-at: %s: %s\n", what, strerror(errno));
        exit(1);
}

/* --- the traced --- */

static Tracee *find(pid_t pid) {
        for (size_t i = 0; i < state.tracee_count; i++)
                if (state.tracees[i].pid == pid)
                        return &state.tracees[i];
        return NULL;
}

static Tracee *add(pid_t pid, Who who) {
        if (state.tracee_count == TRACEE_MAX)
                die("too many processes");
        state.tracees[state.tracee_count] = (Tracee){ .pid = pid, .who = who };
        return &state.tracees[state.tracee_count++];
}

static void forget(pid_t pid) {
        Tracee *tracee = find(pid);

        if (tracee)
                *tracee = state.tracees[--state.tracee_count];
}

/* --- which calls count --- */

/* A file that a disk stands behind; a pipe or socket does not run full or wear out. */
static bool is_on_disk(pid_t pid, uint64_t fd) {
        char link[64], target[4096];

        (void)snprintf(link, sizeof(link), "/proc/%d/fd/%d", (int)pid, (int)fd);
        ssize_t length = readlink(link, target, sizeof(target) - 1);
        if (length <= 0)
                return false;
        target[length] = '\0';
        return target[0] == '/' && strncmp(target, "/proc/", 6) != 0 &&
               strncmp(target, "/sys/", 5) != 0 && strncmp(target, "/dev/null", 9) != 0;
}

static const Call *find_call(long number) {
        for (size_t i = 0; i < COUNT(CALLS); i++)
                if (CALLS[i].number == number)
                        return &CALLS[i];
        return NULL;
}

/* Only what changes the disk or a mount can fail like a disk; the rest would be another test. */
static bool can_fail(pid_t pid, const Call *call, const uint64_t *arguments) {
        if (!call || (state.only != CLASS_NONE && call->class != state.only))
                return false;
        if (call->class == CLASS_WRITE || call->class == CLASS_SYNC)
                return is_on_disk(pid, arguments[0]);
        return call->class == CLASS_NAME || call->class == CLASS_MOUNT;
}

/* Of the calls with many purposes only what others can see: a loop device, a lock, the death
 * signal. */
static bool is_seen(const Call *call, const uint64_t *arguments) {
        if (call->number == SYS_ioctl)
                return (arguments[1] & 0xff00) == 0x4c00;
        if (call->number == SYS_fcntl)
                return arguments[1] == F_SETLK || arguments[1] == F_SETLKW ||
                       arguments[1] == F_OFD_SETLK || arguments[1] == F_ADD_SEALS ||
                       arguments[1] == F_SETLEASE;
        if (call->number == SYS_prctl)
                return arguments[0] == 1 || arguments[0] == 36; /* death signal, subreaper */
        return call->flags_at < 0 || (arguments[call->flags_at] & O_CREAT);
}

static bool counts(const Tracee *tracee, const Call *call, const uint64_t *arguments) {
        if (!(tracee->who & state.who))
                return false;
        if (state.fail)
                return can_fail(tracee->pid, call, arguments) && is_seen(call, arguments);
        if (state.only != CLASS_NONE && (!call || call->class != state.only))
                return false;
        return state.counts_all || (call && is_seen(call, arguments));
}

/* Of one undisturbed run: how many points each way of killing or failing has. */
static struct Tally {
        const char *name;
        Who who;
        Class only;
        bool is_failure;
        long count;
} tallies[] = {
        { "daemon", WHO_DAEMON, CLASS_NONE, false, 0 },
        { "worker", WHO_WORKER, CLASS_NONE, false, 0 },
        { "helper", WHO_HELPER, CLASS_NONE, false, 0 },
        { "any", WHO_ANY, CLASS_NONE, false, 0 },
        { "synced", WHO_ANY, CLASS_SYNC, false, 0 },
        { "io", WHO_ALL, CLASS_NONE, true, 0 },
};

static void tally(const Tracee *tracee, const Call *call, const uint64_t *arguments) {
        if (!state.is_tallied || !call || !is_seen(call, arguments))
                return;
        bool is_failure = can_fail(tracee->pid, call, arguments);
        for (size_t i = 0; i < COUNT(tallies); i++)
                tallies[i].count +=
                        (tracee->who & tallies[i].who) &&
                        (tallies[i].only == CLASS_NONE || tallies[i].only == call->class) &&
                        (!tallies[i].is_failure || is_failure);
}

static void report_total(void) {
        for (size_t i = 0; state.is_tallied && i < COUNT(tallies); i++)
                printf("tally %s %ld\n", tallies[i].name, tallies[i].count);
        printf("total %ld\n", state.count);
}

/* --- the hit --- */

static void report_hit(long number, pid_t pid) {
        const Call *call = find_call(number);

        if (call)
                printf("hit %ld %s %d\n", state.count, call->name, (int)pid);
        else
                printf("hit %ld %ld %d\n", state.count, number, (int)pid);
        (void)fflush(stdout);
}

static void kill_and_leave(const Tracee *tracee, long number) {
        pid_t victims[TRACEE_MAX];
        size_t count = 0;

        for (size_t i = 0; i < state.tracee_count; i++)
                if (state.tracees[i].pid == tracee->pid || state.who == WHO_ANY)
                        victims[count++] = state.tracees[i].pid;
        pid_t caller = tracee->pid;
        for (size_t i = 0; i < count; i++) {
                (void)kill(victims[i], SIGKILL);
                forget(victims[i]);
        }
        report_hit(number, caller);
        report_total();
        /* The kernel lets go of all that are left. */
        exit(0);
}

/* The call becomes none, and its exit says the error. */
static void fail_call(Tracee *tracee, int error) {
        struct user_regs_struct registers;

        if (ptrace(PTRACE_GETREGS, tracee->pid, 0, &registers) < 0)
                return;
        registers.orig_rax = (unsigned long long)-1;
        (void)ptrace(PTRACE_SETREGS, tracee->pid, 0, &registers);
        tracee->must_fail = error;
}

static void leave_failed(Tracee *tracee) {
        struct user_regs_struct registers;

        if (ptrace(PTRACE_GETREGS, tracee->pid, 0, &registers) == 0) {
                registers.rax = (unsigned long long)-tracee->must_fail;
                (void)ptrace(PTRACE_SETREGS, tracee->pid, 0, &registers);
        }
        tracee->must_fail = 0;
}

/* What the operation is to meet besides the point itself: a full disk, twice. */
static bool is_spoiled(const Tracee *tracee, const Call *call, const uint64_t *arguments) {
        if (!state.spoil[0] || tracee->who != WHO_DAEMON || !call || call->class == CLASS_MOUNT ||
            !is_seen(call, arguments) || !can_fail(tracee->pid, call, arguments))
                return false;
        state.spoil_count++;
        return state.spoil_count == state.spoil[0] || state.spoil_count == state.spoil[1];
}

static void meet_call(Tracee *tracee) {
        struct __ptrace_syscall_info info;

        if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->pid, sizeof(info), &info) <= 0)
                return;
        if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
                if (tracee->must_fail)
                        leave_failed(tracee);
                if (tracee->must_die)
                        kill_and_leave(tracee, tracee->call);
                return;
        }
        if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
                return;
        uint64_t arguments[6];
        memcpy(arguments, (const char *)&info + offsetof(struct __ptrace_syscall_info, entry.args),
               sizeof(arguments));
        const Call *call = find_call((long)info.entry.nr);
        tally(tracee, call, arguments);
        if (is_spoiled(tracee, call, arguments))
                fail_call(tracee, ENOSPC);
        if (!counts(tracee, call, arguments) || ++state.count != state.at)
                return;
        tracee->call = (long)info.entry.nr;
        tracee->must_die = state.is_after;
        if (state.fail) {
                fail_call(tracee, state.fail);
                report_hit(tracee->call, tracee->pid);
        } else if (!state.is_after) {
                kill_and_leave(tracee, tracee->call);
        }
}

/* --- stops --- */

static bool take_early(pid_t pid) {
        for (size_t i = 0; i < state.early_count; i++) {
                if (state.early[i] != pid)
                        continue;
                state.early[i] = state.early[--state.early_count];
                return true;
        }
        return false;
}

/* Stops at calls cost: only of those whose calls still matter. */
static bool wants_calls(const Tracee *tracee) {
        if (tracee->must_fail || tracee->must_die || state.is_tallied)
                return true;
        if (state.spoil[0] && tracee->who == WHO_DAEMON)
                return true;
        return (tracee->who & state.who) && !(state.fail && state.count >= state.at && state.at);
}

/* What a new child is, is said by its parent's event, which may come before or after its own first
 * stop; until then it waits. */
static void meet_child(const Tracee *parent, int event) {
        unsigned long child = 0;
        int status;

        if (ptrace(PTRACE_GETEVENTMSG, parent->pid, 0, &child) < 0)
                return;
        if (!take_early((pid_t)child) &&
            (waitpid((pid_t)child, &status, __WALL) < 0 || !WIFSTOPPED(status)))
                return;
        bool is_helper =
                event == PTRACE_EVENT_FORK && (state.is_tallied || (state.who & WHO_HELPER));
        if (parent->who != WHO_DAEMON || (event != PTRACE_EVENT_CLONE && !is_helper)) {
                (void)ptrace(PTRACE_DETACH, child, 0, 0);
                return;
        }
        (void)add((pid_t)child, is_helper ? WHO_HELPER : WHO_WORKER);
        if (!is_helper && ++state.worker_count == state.hold) {
                printf("held %lu\n", child);
                (void)fflush(stdout);
                state.held = (pid_t)child;
                return;
        }
        (void)ptrace(wants_calls(find((pid_t)child)) ? PTRACE_SYSCALL : PTRACE_CONT, child, 0, 0);
}

static void resume(pid_t pid, unsigned long signal_number) {
        const Tracee *tracee = find(pid);

        (void)ptrace(tracee && !wants_calls(tracee) ? PTRACE_CONT : PTRACE_SYSCALL, pid, 0,
                     signal_number);
}

static void meet_stop(pid_t pid, int status) {
        Tracee *tracee = find(pid);
        int signal_number = WSTOPSIG(status), event = status >> 16;
        unsigned long pass_on = 0;

        if (!tracee) {
                if (state.early_count < TRACEE_MAX)
                        state.early[state.early_count++] = pid;
                return;
        }
        if (signal_number == (SIGTRAP | 0x80))
                meet_call(tracee);
        else if (event == PTRACE_EVENT_CLONE || event == PTRACE_EVENT_FORK ||
                 event == PTRACE_EVENT_VFORK)
                meet_child(tracee, event);
        else if (event == 0)
                pass_on = (unsigned long)signal_number;
        if (event == PTRACE_EVENT_EXEC && tracee->who == WHO_HELPER) {
                forget(pid);
                (void)ptrace(PTRACE_DETACH, pid, 0, 0);
                return;
        }
        resume(pid, pass_on);
}

/* One that was held finds the daemon gone by itself. */
static void meet_end(pid_t pid) {
        forget(pid);
        if (pid == state.daemon && state.held)
                (void)ptrace(PTRACE_SYSCALL, state.held, 0, 0);
}

static void trace(void) {
        int status;

        while (state.tracee_count) {
                pid_t pid = waitpid(-1, &status, __WALL);
                if (pid < 0 && errno == EINTR)
                        continue;
                if (pid < 0)
                        break;
                if (WIFSTOPPED(status))
                        meet_stop(pid, status);
                else
                        meet_end(pid);
        }
        report_total();
}

/* --- start --- */

static const long TRACE_OPTIONS = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
                                  PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC;

/* The first stop may be another than the one that is asked for (it was about to fork), which then
 * does not come any more. */
static void seize(pid_t pid) {
        int status = 0;

        if (ptrace(PTRACE_SEIZE, pid, 0, TRACE_OPTIONS) < 0)
                die("cannot trace");
        (void)add(pid, WHO_DAEMON);
        if (ptrace(PTRACE_INTERRUPT, pid, 0, 0) < 0)
                die("cannot stop it");
        if (waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
                die("it has ended");
        meet_stop(pid, status);
}

/* Waits for a byte, so that it is traced from its very exec. */
static pid_t start(char *argv[]) {
        int gate[2];
        char byte;

        if (pipe2(gate, O_CLOEXEC) < 0)
                die("pipe");
        pid_t pid = fork();
        if (pid < 0)
                die("fork");
        if (pid == 0) {
                (void)close(gate[1]);
                while (read(gate[0], &byte, 1) < 0)
                        ;
                (void)execv(argv[0], argv);
                _exit(127);
        }
        seize(pid);
        (void)close(gate[1]);
        (void)close(gate[0]);
        return pid;
}

static Class parse_class(const char *name) {
        for (size_t i = 0; i < CLASS_COUNT; i++)
                if (strcmp(CLASS_NAMES[i], name) == 0)
                        return (Class)i;
        errno = EINVAL;
        die(name);
        return CLASS_NONE;
}

static Who parse_who(const char *name) {
        for (size_t i = 0; i < COUNT(WHOS); i++)
                if (strcmp(WHOS[i].name, name) == 0)
                        return WHOS[i].who;
        errno = EINVAL;
        die(name);
        return WHO_DAEMON;
}

static const struct option OPTIONS[] = {
        { "pid", required_argument, NULL, 'p' },
        { "who", required_argument, NULL, 'w' },
        { "at", required_argument, NULL, 'n' },
        { "all", no_argument, NULL, 'a' },
        { "fail", required_argument, NULL, 'f' },
        { "only", required_argument, NULL, 'o' },
        { "after", no_argument, NULL, 'A' },
        { "spoil", required_argument, NULL, 's' },
        { "hold", required_argument, NULL, 'h' },
        { "tally", no_argument, NULL, 't' },
        { NULL, 0, NULL, 0 },
};

static void apply(int letter) {
        switch (letter) {
        case 'p':
                state.daemon = (pid_t)strtol(optarg, NULL, 10);
                break;
        case 'w':
                state.who = parse_who(optarg);
                break;
        case 'n':
                state.at = strtol(optarg, NULL, 10);
                break;
        case 'a':
                state.counts_all = true;
                break;
        case 'A':
                state.is_after = true;
                break;
        case 'f':
                state.fail = (int)strtol(optarg, NULL, 10);
                break;
        case 'o':
                state.only = parse_class(optarg);
                break;
        case 's':
                state.spoil[state.spoil[0] != 0] = strtol(optarg, NULL, 10);
                break;
        case 'h':
                state.hold = strtol(optarg, NULL, 10);
                break;
        case 't':
                state.is_tallied = true;
                break;
        default:
                exit(64);
        }
}

int main(int argc, char *argv[]) {
        int letter;

        while ((letter = getopt_long(argc, argv, "+", OPTIONS, NULL)) != -1)
                apply(letter);
        if (state.daemon)
                seize(state.daemon);
        else if (optind < argc)
                state.daemon = start(argv + optind);
        else
                return 64;
        printf("ready %d\n", (int)state.daemon);
        (void)fflush(stdout);
        trace();
        return 0;
}
