/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/seccomp-template.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/own.h"

#ifndef CLONE_NEWTIME
#        define CLONE_NEWTIME 0x00000080
#endif

#define LOW_32 0xffffffffu
#define NEW_NAMESPACES                                                                 \
        (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
         CLONE_NEWPID | CLONE_NEWNET)
#define TIOCLINUX_REQUEST 0x541Cu
#define SET_ID            (S_ISUID | S_ISGID)
/* Only then has open a mode; without, the argument is whatever the register held. */
#define MAKES_FILE (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))

/* Allowed with any argument. */
static const char *const GROUPS[] = {
        /* starting, ending and waiting for one's own processes; clone is below, clone3 hides its
         * arguments */
        "fork vfork execve execveat exit exit_group wait4 waitid waitpid set_tid_address gettid "
        "getpid getppid getpgid getpgrp getsid setpgid setsid arch_prctl prctl set_robust_list "
        "get_robust_list rseq restart_syscall set_thread_area get_thread_area set_tls get_tls "
        "personality membarrier pidfd_open pidfd_send_signal",
        /* memory */
        "brk mmap mmap2 munmap mremap mprotect madvise msync mincore mlock mlock2 mlockall munlock "
        "munlockall memfd_create memfd_secret pkey_alloc pkey_free pkey_mprotect mbind "
        "get_mempolicy set_mempolicy mseal map_shadow_stack",
        /* opening files and moving bytes */
        "close close_range read readv pread64 preadv preadv2 write writev "
        "pwrite64 pwritev pwritev2 lseek _llseek sendfile sendfile64 splice tee vmsplice "
        "copy_file_range readahead fadvise64 fadvise64_64 sync fsync fdatasync syncfs "
        "sync_file_range fallocate truncate truncate64 ftruncate ftruncate64 flock fcntl fcntl64 "
        "dup dup2 dup3 pipe pipe2 cachestat",
        /* names, directories and what the system knows about a file */
        "access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 newfstatat fstatat64 "
        "statx statfs statfs64 fstatfs fstatfs64 ustat getcwd chdir fchdir getdents getdents64 "
        "readlink readlinkat mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link "
        "linkat symlink symlinkat chown chown32 fchown fchown32 "
        "lchown lchown32 fchownat umask utime utimes utimensat futimesat getxattr lgetxattr "
        "fgetxattr setxattr lsetxattr fsetxattr listxattr llistxattr flistxattr removexattr "
        "lremovexattr fremovexattr",
        /* waiting for events */
        "select _newselect pselect6 poll ppoll epoll_create epoll_create1 epoll_ctl epoll_wait "
        "epoll_pwait epoll_pwait2 eventfd eventfd2 signalfd signalfd4 inotify_init inotify_init1 "
        "inotify_add_watch inotify_rm_watch io_setup io_destroy io_submit io_cancel io_getevents "
        "io_pgetevents",
        /* signals; the receiver is bounded by the PID namespace or Landlock, not here */
        "rt_sigaction rt_sigprocmask rt_sigpending rt_sigsuspend rt_sigtimedwait rt_sigqueueinfo "
        "rt_tgsigqueueinfo rt_sigreturn sigreturn sigaltstack pause kill tkill tgkill",
        /* time */
        "time gettimeofday clock_gettime clock_getres clock_nanosleep nanosleep times alarm "
        "getitimer setitimer timer_create timer_settime timer_gettime timer_getoverrun "
        "timer_delete timerfd_create timerfd_settime timerfd_gettime",
        /* locks between threads and processes */
        "futex futex_waitv futex_wait futex_wake futex_requeue semget semop semtimedop semctl "
        "shmget shmat shmdt shmctl msgget msgsnd msgrcv msgctl",
        /* sockets that exist already; which families may be made is below */
        "connect bind listen accept accept4 getsockname getpeername getsockopt setsockopt shutdown "
        "sendto sendmsg sendmmsg recvfrom recvmsg recvmmsg",
        /* who am I, and becoming less: the kernel refuses more without capabilities */
        "getuid getuid32 geteuid geteuid32 getgid getgid32 getegid getegid32 getresuid getresuid32 "
        "getresgid getresgid32 getgroups getgroups32 setuid setuid32 setgid setgid32 setreuid "
        "setreuid32 setregid setregid32 setresuid setresuid32 setresgid setresgid32 capget capset",
        /* the machine, limits and scheduling as seen by oneself */
        "uname sysinfo getrusage getrlimit ugetrlimit setrlimit getcpu getrandom getpriority "
        "sched_yield sched_getaffinity sched_getscheduler sched_getparam sched_getattr "
        "sched_get_priority_max sched_get_priority_min sched_rr_get_interval ioprio_get",
        /* locking oneself in further */
        "seccomp landlock_create_ruleset landlock_add_rule landlock_restrict_self",
};

/* Allowed where every condition holds: (argument & mask) == value. */
typedef struct Condition {
        unsigned argument;
        unsigned mask;
        unsigned value;
} Condition;

typedef struct GuardedCall {
        const char *name;
        Condition conditions[3]; /* mask 0 ends them */
} GuardedCall;

static const GuardedCall GUARDED[] = {
        /* No setuid and no setgid bits: the view is mounted nosuid, but the same file lies on the
         * host, where another user could start it and be, unconfined, whom this program runs as. */
        { "open", { { 1, MAKES_FILE, 0 } } },
        { "open", { { 2, SET_ID, 0 } } },
        { "openat", { { 2, MAKES_FILE, 0 } } },
        { "openat", { { 3, SET_ID, 0 } } },
        { "creat", { { 1, SET_ID, 0 } } },
        { "chmod", { { 1, SET_ID, 0 } } },
        { "fchmod", { { 1, SET_ID, 0 } } },
        { "fchmodat", { { 2, SET_ID, 0 } } },
        { "fchmodat2", { { 2, SET_ID, 0 } } },
        { "clone", { { 0, NEW_NAMESPACES, 0 } } },
        { "socket", { { 0, LOW_32, AF_UNIX } } },
        { "socketpair", { { 0, LOW_32, AF_UNIX } } },
        { "mknod", { { 1, S_IFMT | SET_ID, S_IFREG } } },
        { "mknod", { { 1, S_IFMT | SET_ID, S_IFIFO } } },
        { "mknod", { { 1, S_IFMT | SET_ID, S_IFSOCK } } },
        { "mknodat", { { 2, S_IFMT | SET_ID, S_IFREG } } },
        { "mknodat", { { 2, S_IFMT | SET_ID, S_IFIFO } } },
        { "mknodat", { { 2, S_IFMT | SET_ID, S_IFSOCK } } },
        /* Pid 0 is oneself: as root there may be no PID namespace, and uid 0 is uid 0. */
        { "prlimit64", { { 0, LOW_32, 0 } } },
        { "setpriority", { { 0, LOW_32, 0 }, { 1, LOW_32, 0 } } },
        { "ioprio_set", { { 0, LOW_32, 1 }, { 1, LOW_32, 0 } } },
        { "sched_setaffinity", { { 0, LOW_32, 0 } } },
        { "sched_setscheduler", { { 0, LOW_32, 0 } } },
        { "sched_setparam", { { 0, LOW_32, 0 } } },
};

/* Answered with ENOSYS, so that a C library falls back to a call whose arguments can be seen. */
static const char *const ABSENT[] = { "clone3", "openat2" };

/* Refused in a program of its own that allows all else: the low 32 bits decide, as in the kernel.
 */
static const GuardedCall REFUSED[] = {
        { "ioctl", { { 1, LOW_32, TIOCSTI } } },
        { "ioctl", { { 1, LOW_32, TIOCLINUX_REQUEST } } },
};

static void append_each(Text *text, const char *names) {
        while (*names) {
                size_t length = strcspn(names, " ");

                text_append_format(text, "allow %.*s\n", (int)length, names);
                names += length + (names[length] == ' ');
        }
}

static void append_guarded(Text *text, const char *verb, const GuardedCall *call) {
        text_append_format(text, "%s %s", verb, call->name);
        for (size_t i = 0; i < ARRAY_COUNT(call->conditions) && call->conditions[i].mask; i++)
                text_append_format(text, " %u&%#x=%u", call->conditions[i].argument,
                                   call->conditions[i].mask, call->conditions[i].value);
        text_append(text, "\n");
}

void seccomp_template_append(Text *text) {
        for (size_t i = 0; i < ARRAY_COUNT(GROUPS); i++)
                append_each(text, GROUPS[i]);
        text_append(text, "allow ioctl\n");
        for (size_t i = 0; i < ARRAY_COUNT(GUARDED); i++)
                append_guarded(text, "allow", &GUARDED[i]);
        for (size_t i = 0; i < ARRAY_COUNT(ABSENT); i++)
                text_append_format(text, "absent %s\n", ABSENT[i]);
        for (size_t i = 0; i < ARRAY_COUNT(REFUSED); i++)
                append_guarded(text, "refuse", &REFUSED[i]);
}
