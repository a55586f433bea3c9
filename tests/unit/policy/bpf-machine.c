/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf-machine.h"

#include <string.h>

#define CODE_LOAD (BPF_LD | BPF_W | BPF_ABS)
#define CODE_AND  (BPF_ALU | BPF_AND | BPF_K)
#define CODE_RET  (BPF_RET | BPF_K)
#define CODE_JA   (BPF_JMP | BPF_JA)

static bool is_compare(unsigned code) {
        return code == (BPF_JMP | BPF_K | BPF_JEQ) || code == (BPF_JMP | BPF_K | BPF_JGE) ||
               code == (BPF_JMP | BPF_K | BPF_JGT) || code == (BPF_JMP | BPF_K | BPF_JSET);
}

static const char *check_one(const struct sock_filter *one, size_t left) {
        if (one->code == CODE_LOAD)
                return one->k % 4 == 0 && one->k < sizeof(struct seccomp_data)
                               ? NULL
                               : "a load from outside of the data";
        if (one->code == CODE_JA)
                return one->k < left ? NULL : "a jump out of the program";
        if (is_compare(one->code))
                return one->jt < left && one->jf < left ? NULL : "a branch out of the program";
        return one->code == CODE_AND || one->code == CODE_RET ? NULL : "another instruction";
}

const char *bpf_check(BpfProgram program) {
        if (program.count == 0 || program.count > BPF_MAXINSNS)
                return "too short or too long";
        for (size_t at = 0; at < program.count; at++) {
                const char *wrong = check_one(&program.code[at], program.count - at - 1);
                if (wrong)
                        return wrong;
        }
        return program.code[program.count - 1].code == CODE_RET ? NULL : "it does not end";
}

static bool compare(const struct sock_filter *one, uint32_t accumulator) {
        switch (BPF_OP(one->code)) {
        case BPF_JEQ:
                return accumulator == one->k;
        case BPF_JGE:
                return accumulator >= one->k;
        case BPF_JGT:
                return accumulator > one->k;
        default:
                return (accumulator & one->k) != 0;
        }
}

uint32_t bpf_run(BpfProgram program, const struct seccomp_data *data, size_t *steps) {
        uint32_t accumulator = 0;

        for (size_t at = 0;; at++) {
                const struct sock_filter *one = &program.code[at];
                if (steps)
                        (*steps)++;
                if (one->code == CODE_RET)
                        return one->k;
                if (one->code == CODE_LOAD)
                        memcpy(&accumulator, (const char *)data + one->k, sizeof(accumulator));
                else if (one->code == CODE_AND)
                        accumulator &= one->k;
                else if (one->code == CODE_JA)
                        at += one->k;
                else
                        at += compare(one, accumulator) ? one->jt : one->jf;
        }
}

uint32_t bpf_run_all(const BpfProgram *programs, size_t count, const struct seccomp_data *data,
                     size_t *steps) {
        uint32_t answer = SECCOMP_RET_ALLOW;

        for (size_t i = count; i > 0; i--) {
                uint32_t one = bpf_run(programs[i - 1], data, steps);
                if ((int32_t)(one & SECCOMP_RET_ACTION_FULL) <
                    (int32_t)(answer & SECCOMP_RET_ACTION_FULL))
                        answer = one;
        }
        return answer;
}

bool bpf_is_always_allowed(BpfProgram program, uint32_t architecture, uint32_t number) {
        uint32_t accumulator = 0;

        for (size_t at = 0; at < program.count; at++) {
                const struct sock_filter *one = &program.code[at];
                if (one->code == CODE_RET)
                        return one->k == SECCOMP_RET_ALLOW;
                if (one->code == CODE_LOAD && one->k == offsetof(struct seccomp_data, nr))
                        accumulator = number;
                else if (one->code == CODE_LOAD && one->k == offsetof(struct seccomp_data, arch))
                        accumulator = architecture;
                else if (one->code == CODE_LOAD)
                        return false;
                else if (one->code == CODE_AND)
                        accumulator &= one->k;
                else if (one->code == CODE_JA)
                        at += one->k;
                else
                        at += compare(one, accumulator) ? one->jt : one->jf;
        }
        return false;
}
