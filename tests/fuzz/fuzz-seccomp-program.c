/* SPDX-License-Identifier: Apache-2.0
 *
 * Texts of rules → programs (policy/seccomp.h): what comes out is right for the kernel, and answers
 * as the rules say when they are taken literally.  One in sixteen is loaded by a child as well.
 */
#include <errno.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "base/text.h"
#include "bpf-machine.h"
#include "fuzz.h"
#include "policy/seccomp-tree.h"
#include "policy/seccomp.h"
#include "rule-meaning.h"

#define CALL_COUNT_MAX 256

/* It ends by touching a forbidden page: a call might be refused, and before a trap or an exit a
 * sanitizer makes some. */
static void load_in_child(const struct sock_fprog *program) {
        volatile char *forbidden = mmap(NULL, 1, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        (void)signal(SIGSEGV, SIG_DFL);
        (void)signal(SIGABRT, SIG_DFL);
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
        (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) == 0)
                *forbidden = 0;
        abort();
}

/* The kernel's own checker. */
static void load(const Seccomp *seccomp) {
        const struct sock_fprog program = { .len = (unsigned short)seccomp->count,
                                            .filter = seccomp->instructions };
        int status = 0;
        pid_t pid = fork();

        if (pid == 0)
                load_in_child(&program);
        if (pid < 0)
                return;
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ;
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSEGV)
                abort();
}

static void try_call(const Seccomp *seccomp, const RuleMeaning *meaning,
                     const struct seccomp_data *data) {
        const BpfProgram program = { seccomp->instructions, seccomp->count };

        if (bpf_run(program, data, NULL) != meaning_answer(meaning, data))
                abort();
}

/* Arguments from what the rules name, and beside it. */
static void try_rule(const Seccomp *seccomp, const RuleMeaning *meaning, size_t at) {
        const MeaningRule *rule = &meaning->rules[at];
        struct seccomp_data data = { .nr = (int)rule->number, .arch = seccomp_arch_native() };

        for (unsigned variant = 0; variant < 12; variant++) {
                for (size_t i = 0; i < rule->count; i++) {
                        const MeaningCondition *condition = &rule->conditions[i];
                        uint64_t high = variant / 3 % 2 && variant % 2 == i % 2 ? 1ULL << 32 : 0;
                        uint64_t step = variant / 6 == i % 2 ? variant % 3 : 1;
                        data.args[condition->argument] = (condition->value + step - 1) | high;
                }
                try_call(seccomp, meaning, &data);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        autofree char *text =
                string_copy_length((const char *)bytes, strnlen((const char *)bytes, length));
        autoseccomp seccomp = SECCOMP_INIT;
        Error err = ERROR_INIT;
        unsigned sum = 0;

        if (seccomp_compile(text, &seccomp, &err) < 0) {
                if (!*err.message)
                        abort();
                return 0;
        }
        if (bpf_check((BpfProgram){ seccomp.instructions, seccomp.count }))
                abort();
        /* Blanks that only a reader of rules, or only the one who takes them literally, skips. */
        if (strpbrk(text, "\t\r\v\f"))
                return 0;
        RuleMeaning meaning = meaning_read(text);
        for (size_t i = 0; i < meaning.count && i < CALL_COUNT_MAX; i++)
                try_rule(&seccomp, &meaning, i);
        for (int number = -2; number < 500; number += 7)
                try_call(&seccomp, &meaning,
                         &(struct seccomp_data){ .nr = number, .arch = seccomp_arch_native() });
        meaning_done(&meaning);
        for (size_t i = 0; i < length; i++)
                sum += bytes[i];
        if (sum % 16 == 0)
                load(&seccomp);
        return 0;
}
