/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/bpf-assembler.h"

#include <assert.h>

/* What a conditional jump reaches, less the unconditional one that may come between. */
#define REACH 254
/* An answer that is further than this is written again: most who want it next are some jumps on. */
#define ANSWER_REACH 200

size_t bpf_add(BpfAssembler *out, unsigned code, uint32_t operand) {
        if (out->count == BPF_LENGTH_MAX) {
                out->is_full = true;
                return 0;
        }
        out->code[out->count] = (struct sock_filter)BPF_STMT((uint16_t)code, operand);
        return out->count++;
}

static size_t bring_near(BpfAssembler *out, size_t label) {
        size_t distance = out->count - label - 1;

        return distance <= REACH ? label : bpf_add(out, BPF_JMP | BPF_JA, (uint32_t)distance);
}

size_t bpf_add_jump(BpfAssembler *out, unsigned compare, uint32_t operand, size_t yes, size_t no) {
        yes = bring_near(out, yes);
        no = bring_near(out, no);
        size_t label = bpf_add(out, BPF_JMP | BPF_K | compare, operand);
        if (out->is_full)
                return 0;
        assert(label - yes - 1 <= UINT8_MAX && label - no - 1 <= UINT8_MAX);
        out->code[label].jt = (uint8_t)(label - yes - 1);
        out->code[label].jf = (uint8_t)(label - no - 1);
        return label;
}

size_t bpf_add_answer(BpfAssembler *out, uint32_t value) {
        size_t i = 0;

        while (i < out->answer_count && out->answers[i].value != value)
                i++;
        if (i < out->answer_count && out->count - out->answers[i].label <= ANSWER_REACH)
                return out->answers[i].label;
        assert(i < BPF_ANSWER_COUNT_MAX);
        out->answers[i] = (BpfAnswer){ value, bpf_add(out, BPF_RET | BPF_K, value) };
        out->answer_count += i == out->answer_count;
        return out->answers[i].label;
}

void bpf_continue_at(BpfAssembler *out, size_t label) {
        if (label + 1 != out->count)
                (void)bpf_add(out, BPF_JMP | BPF_JA, (uint32_t)(out->count - label - 1));
}
