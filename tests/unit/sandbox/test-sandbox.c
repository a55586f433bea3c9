/* SPDX-License-Identifier: Apache-2.0
 *
 * Each case forks, locks the child in, and looks at how it ended.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/own.h"
#include "sandbox/helper.h"
#include "sandbox/sandbox.h"
#include "sandbox/strict.h"
#include "unit.h"

#define SUCCEEDED  0
#define REFUSED    42
#define NOT_LOCKED 43

static const int OPENERS[] = { __NR_openat, __NR_kill,   __NR_nanosleep, __NR_clock_nanosleep,
                               __NR_fcntl,  __NR_getuid, __NR_socket,    __NR_getppid };

static const SandboxProfile PLAIN = {
        .uid = HELPER_UID_READ,
        .last_fd = 4,
        .memory_max = 256 << 20,
        .cpu_seconds_max = 2,
        .descriptor_max = 16,
};

/* Lets calls through the filter, so that what stands behind it is seen. */
static const SandboxProfile OPEN = {
        .uid = HELPER_UID_READ,
        .last_fd = 4,
        .memory_max = 256 << 20,
        .cpu_seconds_max = 2,
        .descriptor_max = 16,
        .syscalls = OPENERS,
        .syscall_count = ARRAY_COUNT(OPENERS),
};

typedef int (*Attempt)(void);

static int run_locked(const SandboxProfile *profile, Attempt attempt) {
        pid_t pid = fork();
        int status = -1;

        assert_true(pid >= 0);
        if (pid == 0) {
                Error err = ERROR_INIT;
                if (sandbox_enter(profile, &err) < 0) {
                        (void)!write(2, err.message, strlen(err.message));
                        _exit(NOT_LOCKED);
                }
                _exit(attempt());
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return status;
}

static int outcome(bool has_worked) {
        return has_worked ? SUCCEEDED : REFUSED;
}

/* ---- what dies by the filter ---- */

static int try_open(void) {
        return outcome(open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0);
}
static int try_old_open(void) {
#ifdef __NR_open
        return outcome(syscall(__NR_open, "/etc/passwd", O_RDONLY) >= 0);
#else
        return outcome(syscall(__NR_openat2, AT_FDCWD, "/etc/passwd", NULL, 0) >= 0);
#endif
}
static int try_socket(void) {
        return outcome(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0);
}
static int try_fork(void) {
        return outcome(fork() >= 0);
}
static int try_kill(void) {
        return outcome(kill(getpid(), 0) == 0);
}
static int try_ptrace(void) {
        return outcome(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
}
static int try_execve(void) {
        char *const none[] = { NULL };
        return outcome(execve("/bin/true", none, none) == 0);
}
static int try_mount(void) {
        return outcome(mount("none", "/tmp", "tmpfs", 0, NULL) == 0);
}
static int try_unshare(void) {
        return outcome(unshare(CLONE_NEWUSER) == 0);
}
static int try_mmap_exec(void) {
        return outcome(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                            0) != MAP_FAILED);
}
static int try_mprotect_exec(void) {
        void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return outcome(mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0);
}
static int try_stat(void) {
        struct stat st;
        return outcome(stat("/etc/shadow", &st) == 0);
}
static int try_unlink(void) {
        return outcome(unlink("/nonexistent") == 0);
}
static int try_io_uring(void) {
        return outcome(syscall(__NR_io_uring_setup, 1, NULL) >= 0);
}
static int try_bpf(void) {
        return outcome(syscall(__NR_bpf, 0, NULL, 0) >= 0);
}
static int try_keyctl(void) {
        return outcome(syscall(__NR_keyctl, 0, 0) >= 0);
}
static int try_process_vm_readv(void) {
        return outcome(syscall(__NR_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0) >= 0);
}
static int try_setrlimit(void) {
        struct rlimit limit = { 0, 0 };
        return outcome(setrlimit(RLIMIT_CPU, &limit) == 0);
}
static int try_prctl(void) {
        return outcome(prctl(PR_SET_DUMPABLE, 1) == 0);
}
static int try_setuid(void) {
        return outcome(setresuid(0, 0, 0) == 0);
}
static int try_ioctl(void) {
        return outcome(syscall(__NR_ioctl, 0, 0x5412 /* TIOCSTI */, "x") == 0);
}
static int try_unknown_number(void) {
        return outcome(syscall(9999) >= 0);
}
#ifdef __x86_64__
static int try_x32(void) {
        return outcome(syscall(0x40000000 | __NR_getpid) >= 0);
}
/* The 32-bit gate: number 20 is getpid there, writev here. */
static int try_int80(void) {
        long result;
        __asm__ volatile("int $0x80" : "=a"(result) : "a"(20L) : "memory");
        return outcome(result >= 0);
}
#endif

static const struct {
        const char *name;
        Attempt attempt;
} KILLED[] = {
        { "openat", try_open },
        { "open", try_old_open },
        { "socket", try_socket },
        { "fork", try_fork },
        { "kill", try_kill },
        { "ptrace", try_ptrace },
        { "execve", try_execve },
        { "mount", try_mount },
        { "unshare", try_unshare },
        { "executable mmap", try_mmap_exec },
        { "executable mprotect", try_mprotect_exec },
        { "stat by name", try_stat },
        { "unlink", try_unlink },
        { "io_uring", try_io_uring },
        { "bpf", try_bpf },
        { "keyctl", try_keyctl },
        { "process_vm_readv", try_process_vm_readv },
        { "setrlimit", try_setrlimit },
        { "prctl", try_prctl },
        { "setresuid", try_setuid },
        { "ioctl", try_ioctl },
        { "an unknown number", try_unknown_number },
#ifdef __x86_64__
        { "x32", try_x32 },
        { "int 0x80", try_int80 },
#endif
};

static void everything_not_listed_kills(void **state) {
        (void)state;
        if (strict_is_relaxed())
                skip();
        for (size_t i = 0; i < ARRAY_COUNT(KILLED); i++) {
                int status = run_locked(&PLAIN, KILLED[i].attempt);
                if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
                        fail_msg("%s was not killed: status %#x", KILLED[i].name, (unsigned)status);
        }
}

/* ---- what must go on working ---- */

static int compare_numbers(const void *left, const void *right) {
        const int *l = left, *r = right;

        return (*l > *r) - (*l < *r);
}

/* More than 1 KiB: the C library then wants to know how much memory there is. */
static bool can_sort(void) {
        int many[5000];

        for (int i = 0; i < (int)ARRAY_COUNT(many); i++)
                many[i] = (i * 7919) % 5000;
        qsort(many, ARRAY_COUNT(many), sizeof(*many), compare_numbers);
        for (int i = 1; i < (int)ARRAY_COUNT(many); i++)
                if (many[i - 1] > many[i])
                        return false;
        return true;
}

static int use_libc(void) {
        char text[64];
        struct stat st;

        for (size_t size = 16; size < (8u << 20); size *= 2) {
                char *bytes = malloc(size);
                if (!bytes)
                        return 1;
                memset(bytes, 1, size);
                bytes = realloc(bytes, size * 2);
                free(bytes);
        }
        FILE *out = fdopen(3, "w");
        if (!out || fprintf(out, "%d %s\n", 42, "words") < 0 || fflush(out) != 0)
                return 2;
        if (fstat(3, &st) < 0 || snprintf(text, sizeof(text), "%g", 1.5) != 3)
                return 3;
        if (!can_sort())
                return 5;
        return time(NULL) > 0 ? 0 : 4;
}

static void libc_works_inside(void **state) {
        static const int FDOPEN[] = { __NR_fcntl };
        SandboxProfile profile = PLAIN;
        int pipes[2];
        char text[32] = { 0 };

        (void)state;
        profile.syscalls = FDOPEN;
        profile.syscall_count = 1;
        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (pid == 0) {
                Error err = ERROR_INIT;
                (void)dup2(pipes[1], 3);
                if (sandbox_enter(&profile, &err) < 0)
                        _exit(NOT_LOCKED);
                exit(use_libc());
        }
        int status = -1;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_int_equal(read(pipes[0], text, sizeof(text) - 1), 9);
        assert_string_equal(text, "42 words\n");
        close(pipes[0]);
        close(pipes[1]);
}

/* ---- what stands behind the filter ---- */

static int open_behind_filter(void) {
        if (open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0)
                return SUCCEEDED;
        return errno == EACCES ? REFUSED : NOT_LOCKED;
}

static void landlock_refuses_files_behind_the_filter(void **state) {
        (void)state;
        if (syscall(__NR_landlock_create_ruleset, NULL, 0, 1) < 1)
                skip();
        assert_int_equal(WEXITSTATUS(run_locked(&OPEN, open_behind_filter)), REFUSED);
}

/* /etc is the directory at descriptor 3: what lies beneath is read, and nothing else is anything.
 */
static int open_beside_directory(void) {
        if (openat(3, "passwd", O_RDONLY | O_CLOEXEC) < 0 ||
            openat(3, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0)
                return NOT_LOCKED;
        if (openat(3, "../usr/bin/env", O_RDONLY | O_CLOEXEC) >= 0 ||
            open("/usr/bin", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0 ||
            openat(3, "passwd", O_WRONLY | O_CLOEXEC) >= 0)
                return SUCCEEDED;
        return REFUSED;
}

static void landlock_leaves_one_directory_readable(void **state) {
        SandboxProfile profile = OPEN;

        (void)state;
        if (syscall(__NR_landlock_create_ruleset, NULL, 0, 1) < 1)
                skip();
        profile.readable_directory = 3;
        int before = fcntl(3, F_DUPFD_CLOEXEC, 10);
        autofd int etc = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(dup3(etc, 3, O_CLOEXEC) == 3 || etc == 3);
        assert_int_equal(WEXITSTATUS(run_locked(&profile, open_beside_directory)), REFUSED);
        if (before >= 0 && etc != 3) {
                (void)dup3(before, 3, O_CLOEXEC);
                (void)close(before);
        }
}

static pid_t equal;

static int kill_equal(void) {
        return outcome(kill(equal, SIGTERM) == 0 || errno != EPERM);
}

/* A locked-in process of the same uid, which waits to be killed; told by `ready`. */
static pid_t start_equal(void) {
        int pipes[2];
        char byte;

        assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
        pid_t pid = fork();
        if (pid == 0) {
                Error err = ERROR_INIT;
                (void)dup2(pipes[1], 4);
                if (sandbox_enter(&OPEN, &err) < 0)
                        _exit(NOT_LOCKED);
                (void)!write(4, "", 1);
                (void)nanosleep(&(struct timespec){ .tv_sec = 600 }, NULL);
                _exit(0);
        }
        close(pipes[1]);
        assert_int_equal(read(pipes[0], &byte, 1), 1);
        close(pipes[0]);
        return pid;
}

static void stop_equal(void) {
        kill(equal, SIGKILL);
        assert_int_equal(waitpid(equal, NULL, 0), equal);
}

static void an_equal_cannot_be_signalled(void **state) {
        (void)state;
        if (geteuid() != 0 || syscall(__NR_landlock_create_ruleset, NULL, 0, 1) < 6)
                skip();
        equal = start_equal();
        assert_int_equal(WEXITSTATUS(run_locked(&OPEN, kill_equal)), REFUSED);
        assert_int_equal(waitpid(equal, NULL, WNOHANG), 0);
        stop_equal();
}

static void an_equal_cannot_be_traced(void **state) {
        int status = -1;

        (void)state;
        if (geteuid() != 0)
                skip();
        equal = start_equal();
        /* The tracer is not locked in at all; it only has the same uid. */
        pid_t tracer = fork();
        if (tracer == 0) {
                if (setgroups(0, NULL) < 0 ||
                    setresgid(HELPER_UID_READ, HELPER_UID_READ, HELPER_UID_READ) < 0 ||
                    setresuid(HELPER_UID_READ, HELPER_UID_READ, HELPER_UID_READ) < 0)
                        _exit(NOT_LOCKED);
                long result = ptrace(PTRACE_ATTACH, equal, NULL, NULL);
                _exit(outcome(result == 0 || errno != EPERM));
        }
        assert_int_equal(waitpid(tracer, &status, 0), tracer);
        assert_int_equal(WEXITSTATUS(status), REFUSED);
        stop_equal();
}

static int look_at_identity(void) {
        return outcome(getuid() != HELPER_UID_READ);
}

static void root_becomes_nobody(void **state) {
        (void)state;
        if (geteuid() != 0)
                skip();
        assert_int_equal(WEXITSTATUS(run_locked(&OPEN, look_at_identity)), REFUSED);
}

static void root_without_a_uid_is_refused(void **state) {
        SandboxProfile profile = PLAIN;

        (void)state;
        if (geteuid() != 0)
                skip();
        profile.uid = 0;
        assert_int_equal(WEXITSTATUS(run_locked(&profile, use_libc)), NOT_LOCKED);
}

static int look_for_descriptors(void) {
        for (int fd = 5; fd < 64; fd++) {
                if (fcntl(fd, F_GETFD) >= 0)
                        return SUCCEEDED;
        }
        return REFUSED;
}

static void higher_descriptors_are_closed(void **state) {
        (void)state;
        int extra = fcntl(0, F_DUPFD_CLOEXEC, 20);
        assert_true(extra >= 20);
        assert_int_equal(WEXITSTATUS(run_locked(&OPEN, look_for_descriptors)), REFUSED);
        close(extra);
}

static int take_memory(void) {
        /* Volatile, or the compiler knows better and asks for nothing. */
        void *volatile bytes = malloc(300u << 20);

        return outcome(bytes != NULL);
}

static int take_time(void) {
        for (volatile unsigned long i = 0;; i++) {
        }
        return SUCCEEDED;
}

static void memory_is_limited(void **state) {
        (void)state;
        if (strict_is_relaxed())
                skip();
        assert_int_equal(WEXITSTATUS(run_locked(&PLAIN, take_memory)), REFUSED);
}

static void time_is_limited(void **state) {
        SandboxProfile profile = PLAIN;

        (void)state;
        profile.cpu_seconds_max = 1;
        int status = run_locked(&profile, take_time);
        assert_true(WIFSIGNALED(status));
        /* Soft and hard limit are equal, so either signal may come first. */
        assert_true(WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGXCPU);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(everything_not_listed_kills),
                cmocka_unit_test(libc_works_inside),
                cmocka_unit_test(landlock_refuses_files_behind_the_filter),
                cmocka_unit_test(landlock_leaves_one_directory_readable),
                cmocka_unit_test(an_equal_cannot_be_signalled),
                cmocka_unit_test(an_equal_cannot_be_traced),
                cmocka_unit_test(root_becomes_nobody),
                cmocka_unit_test(root_without_a_uid_is_refused),
                cmocka_unit_test(higher_descriptors_are_closed),
                cmocka_unit_test(memory_is_limited),
                cmocka_unit_test(time_is_limited),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
