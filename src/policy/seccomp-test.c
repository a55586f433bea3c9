/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/seccomp-test.h"

#include <endian.h>
#include <linux/seccomp.h>

#define ALL UINT32_MAX

/* The other half of an argument is beside it, before or after. */
#if __BYTE_ORDER == __LITTLE_ENDIAN
#        define LOW_AT  0
#        define HIGH_AT 4
#else
#        define LOW_AT  4
#        define HIGH_AT 0
#endif

bool seccomp_test_equal(const SeccompTest *a, const SeccompTest *b) {
        return a->argument == b->argument && a->kind == b->kind && a->mask == b->mask &&
               a->value == b->value;
}

static bool is_of_both(const SeccompTest *test) {
        return test->kind >= SECCOMP_TEST_NOT_EQUAL;
}

/* JSET asks it without masking first. */
static bool is_none_of(const SeccompTest *test) {
        return test->kind == SECCOMP_TEST_LOW_EQUAL && test->mask != ALL && test->value == 0;
}

static bool is_one_bit(const SeccompTest *test) {
        return test->kind == SECCOMP_TEST_LOW_EQUAL && test->mask == test->value && test->mask &&
               !(test->mask & (test->mask - 1));
}

static SeccompWord get_first_word(const SeccompTest *test) {
        bool is_masked =
                test->kind == SECCOMP_TEST_LOW_EQUAL && !is_none_of(test) && !is_one_bit(test);

        return (SeccompWord){ .is_known = true,
                              .argument = test->argument,
                              .is_high = test->kind == SECCOMP_TEST_HIGH_ZERO || is_of_both(test),
                              .mask = is_masked ? test->mask : ALL };
}

SeccompWord seccomp_test_get_word(const SeccompTest *test) {
        SeccompWord word = get_first_word(test);

        word.is_high = word.is_high && !is_of_both(test);
        return word;
}

static bool is_word(const SeccompWord *a, const SeccompWord *b) {
        return a->is_known && b->is_known && a->argument == b->argument &&
               a->is_high == b->is_high && a->mask == b->mask;
}

static size_t find_way(BpfAssembler *out, const SeccompPlace *place, const SeccompWord *held) {
        if (place->is_answer)
                return bpf_add_answer(out, place->answer);
        return is_word(&place->word, held) ? place->loaded : place->entry;
}

static size_t load(BpfAssembler *out, const SeccompWord *word) {
        size_t at = offsetof(struct seccomp_data, args) + sizeof(uint64_t) * word->argument +
                    (word->is_high ? HIGH_AT : LOW_AT);

        if (word->mask != ALL)
                (void)bpf_add(out, BPF_ALU | BPF_AND | BPF_K, word->mask);
        return bpf_add(out, BPF_LD | BPF_W | BPF_ABS, (uint32_t)at);
}

/* The comparison of the low word; `is_no`: a jump that is taken means no. */
typedef struct Compare {
        unsigned code;
        bool is_no;
        uint32_t operand;
} Compare;

static Compare choose_compare(const SeccompTest *test) {
        static const Compare compares[] = {
                [SECCOMP_TEST_HIGH_ZERO] = { BPF_JEQ, false, 0 },
                [SECCOMP_TEST_LOW_EQUAL] = { BPF_JEQ, false, 0 },
                [SECCOMP_TEST_LOW_LESS] = { BPF_JGE, true, 0 },
                [SECCOMP_TEST_LOW_LESS_EQUAL] = { BPF_JGT, true, 0 },
                [SECCOMP_TEST_NOT_EQUAL] = { BPF_JEQ, true, 0 },
                [SECCOMP_TEST_MORE] = { BPF_JGT, false, 0 },
                [SECCOMP_TEST_MORE_EQUAL] = { BPF_JGE, false, 0 },
        };
        Compare compare = compares[test->kind];

        compare.operand = test->value;
        if (is_none_of(test))
                return (Compare){ BPF_JSET, true, test->mask };
        if (is_one_bit(test))
                return (Compare){ BPF_JSET, false, test->mask };
        return compare;
}

static size_t write_compare(BpfAssembler *out, const SeccompTest *test,
                            const SeccompPlace ways[2]) {
        SeccompWord held = seccomp_test_get_word(test);
        Compare compare = choose_compare(test);
        size_t yes = find_way(out, &ways[compare.is_no ? 0 : 1], &held);
        size_t no = find_way(out, &ways[compare.is_no ? 1 : 0], &held);

        return bpf_add_jump(out, compare.code, compare.operand, yes, no);
}

SeccompPlace seccomp_test_write(const SeccompTest *test, BpfAssembler *out,
                                const SeccompPlace ways[2], const SeccompWord *after) {
        SeccompPlace place = { .word = get_first_word(test) };

        place.loaded = write_compare(out, test, ways);
        if (is_of_both(test)) {
                /* All three are true of whatever has something in its high word. */
                SeccompWord low = seccomp_test_get_word(test);
                size_t rest = load(out, &low);
                size_t yes = find_way(out, &ways[1], &place.word);
                place.loaded = bpf_add_jump(out, BPF_JEQ, 0, rest, yes);
        }
        place.entry = is_word(after, &place.word) ? place.loaded : load(out, &place.word);
        return place;
}
