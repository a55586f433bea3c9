/* SPDX-License-Identifier: Apache-2.0
 *
 * The filter is written by hand rather than by libseccomp: it is a list, helpers start in a
 * millisecond, and mapping that library costs a good part of one.
 */
#include "sandbox/strict.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#        define FILTER_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#        define FILTER_ARCH AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#        define FILTER_ARCH AUDIT_ARCH_RISCV64
#else
#        error "say which AUDIT_ARCH this machine has"
#endif

/* Numbers from here on are the x32 ABI of x86-64 (the same architecture in the filter's eyes); no
 * other machine uses them. */
#define X32_SYSCALL_BIT 0x40000000u

#define INSTRUCTION_MAX 512

typedef struct Program {
        struct sock_filter code[INSTRUCTION_MAX];
        unsigned short count;
        bool is_full;
} Program;

/* What stdio, malloc and exit of glibc need, for every helper. */
static const int ALWAYS[] = {
        __NR_read,    __NR_write,         __NR_readv,           __NR_writev,
        __NR_pread64, __NR_lseek,         __NR_close,           __NR_fstat,
        __NR_brk,     __NR_munmap,        __NR_mremap,          __NR_madvise,
        __NR_futex,   __NR_clock_gettime, __NR_gettimeofday,    __NR_getrandom,
        __NR_getpid,  __NR_gettid,        __NR_rt_sigprocmask,  __NR_rt_sigreturn,
        __NR_exit,    __NR_exit_group,    __NR_restart_syscall,
};

/* Calls that are let through only while `argument` has none of `forbidden` bits, or all of
 * `required`. The kernel reads ints from the low 32 bits, so only these are looked at. */
typedef struct Checked {
        int number;
        unsigned argument;
        uint32_t forbidden;
        uint32_t required;
} Checked;

static const Checked CHECKED[] = {
        { __NR_mmap, 2, PROT_EXEC, 0 },
        { __NR_mprotect, 2, PROT_EXEC, 0 },
        /* glibc's fstat is this call with "". A path cannot be compared by a filter, so names
         * could be probed with stat; there is nobody to tell but the parent. */
        { __NR_newfstatat, 3, 0, AT_EMPTY_PATH },
};

static void add(Program *program, struct sock_filter instruction) {
        if (program->count == INSTRUCTION_MAX)
                program->is_full = true;
        else
                program->code[program->count++] = instruction;
}

static void add_load(Program *program, size_t offset) {
        add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void add_return(Program *program, uint32_t action) {
        add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* Skips the next `count` instructions unless the accumulator compares true. */
static void add_unless(Program *program, uint16_t comparison, uint32_t value, uint8_t count) {
        add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | comparison | BPF_K, value, 0, count));
}

static void add_checked(Program *program, const Checked *check) {
        size_t low = offsetof(struct seccomp_data, args) + check->argument * sizeof(uint64_t);
        uint32_t mask = check->forbidden | check->required;

        if (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__)
                low += sizeof(uint32_t);
        add_unless(program, BPF_JEQ, (uint32_t)check->number, 5);
        add_load(program, low);
        add(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
        add_unless(program, BPF_JEQ, check->required, 1);
        add_return(program, SECCOMP_RET_ALLOW);
        add_return(program, SECCOMP_RET_KILL_PROCESS);
}

static void add_allowed(Program *program, const int *numbers, size_t count) {
        for (size_t i = 0; i < count; i++) {
                add_unless(program, BPF_JEQ, (uint32_t)numbers[i], 1);
                add_return(program, SECCOMP_RET_ALLOW);
        }
}

bool strict_is_relaxed(void) {
        return false;
}

static int compare_nothing(const void *left, const void *right) {
        (void)left;
        (void)right;
        return 0;
}

/* glibc's qsort asks once how much memory there is, when it first sorts more than 1 KiB: inside,
 * it would die of it.  More than 64 keys in one map are as much. */
void strict_prepare(void) {
        char many[4096] = { 0 };

        qsort(many, sizeof(many) / sizeof(void *), sizeof(void *), compare_nothing);
}

int strict_limit_memory(uint64_t bytes, Error *err) {
        struct rlimit limit = { bytes, bytes };

        if (setrlimit(RLIMIT_AS, &limit) < 0)
                return error_set_errno(err, errno, "cannot limit memory");
        return 0;
}

int strict_install_filter(const SandboxProfile *profile, Error *err) {
        static Program program;

        program = (Program){ 0 };
        add_load(&program, offsetof(struct seccomp_data, arch));
        add(&program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, FILTER_ARCH, 1, 0));
        add_return(&program, SECCOMP_RET_KILL_PROCESS);
        add_load(&program, offsetof(struct seccomp_data, nr));
        add_unless(&program, BPF_JGE, X32_SYSCALL_BIT, 1);
        add_return(&program, SECCOMP_RET_KILL_PROCESS);
        /* The profile first: a call it names is allowed with any argument, checked here or not. */
        add_allowed(&program, profile->syscalls, profile->syscall_count);
        add_allowed(&program, ALWAYS, ARRAY_COUNT(ALWAYS));
        for (size_t i = 0; i < ARRAY_COUNT(CHECKED); i++)
                add_checked(&program, &CHECKED[i]);
        add_return(&program, SECCOMP_RET_KILL_PROCESS);
        if (program.is_full)
                return error_set(err, ERROR_FAILED, "system call list is too long");

        struct sock_fprog filter = { .len = program.count, .filter = program.code };
        if (syscall(__NR_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) < 0)
                return error_set_errno(err, errno, "cannot install the system call filter");
        return 0;
}
