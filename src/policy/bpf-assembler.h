/* SPDX-License-Identifier: Apache-2.0
 *
 * BpfAssembler: a classic BPF program, written from its end to its beginning.  What is jumped to is
 * there before the jump, because BPF jumps forward only; so a jump knows its distance when it is
 * written, and one that is too far (over 255) gets an unconditional one beside it.
 *
 * A label is the number of an instruction counted from the end.
 */
#pragma once

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BPF_LENGTH_MAX       4096 /* instructions: the kernel's BPF_MAXINSNS */
#define BPF_ANSWER_COUNT_MAX 8

typedef struct BpfAnswer {
        uint32_t value;
        size_t label;
} BpfAnswer;

typedef struct BpfAssembler {
        struct sock_filter code[BPF_LENGTH_MAX]; /* the last one first */
        size_t count;
        bool is_full; /* something did not fit: worth nothing */
        BpfAnswer answers[BPF_ANSWER_COUNT_MAX];
        size_t answer_count;
} BpfAssembler;

/* A statement; after it comes what was written before it. */
size_t bpf_add(BpfAssembler *out, unsigned code, uint32_t operand);
/* Compares the accumulator: one of BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JSET. */
size_t bpf_add_jump(BpfAssembler *out, unsigned compare, uint32_t operand, size_t yes, size_t no);
/* Where the program ends with this answer: an earlier place that is near, or a new one. */
size_t bpf_add_answer(BpfAssembler *out, uint32_t value);
/* Makes what is written next continue at `label`. */
void bpf_continue_at(BpfAssembler *out, size_t label);
