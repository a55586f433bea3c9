/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/seccomp-tree.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>

#include "base/own.h"
#include "base/text.h"
#include "policy/seccomp-decision.h"

/* Numbers of another architecture than the one that the kernel names. */
#ifdef __x86_64__
#        define HAS_X32 true
#else
#        define HAS_X32 false
#endif
#define X32_FIRST   0x40000000u
#define NUMBER_NONE UINT32_MAX /* of a call that a tracer has it skip: not x32's */

/* Where the filter is run for its arguments each time, a comparison less is one that counts: calls
 * that are always allowed are the kernel's to remember. */
#define WEIGHT_CHECKED 16
#define WEIGHT_OTHER   1

/* Numbers from `first` to that of the next range. */
typedef struct Range {
        uint32_t first;
        uint32_t action; /* where there is no decision */
        const SeccompDecision *decision;
        unsigned weight;
} Range;

/* What was written once is jumped to by all that want the same. */
typedef struct Written {
        const SeccompDecision *decision;
        size_t label;
} Written;

typedef struct Builder {
        BpfAssembler *out;
        uint32_t otherwise;
        Written *written;
        size_t written_count;
} Builder;

static size_t write_answer(Builder *builder, const Range *range) {
        if (!range->decision)
                return bpf_add_answer(builder->out, range->action);
        for (size_t i = 0; i < builder->written_count; i++)
                if (seccomp_decision_equal(builder->written[i].decision, range->decision))
                        return builder->written[i].label;
        size_t label = seccomp_decision_write(range->decision, builder->otherwise, builder->out);
        builder->written[builder->written_count++] = (Written){ range->decision, label };
        return label;
}

static bool range_is_alike(const Range *a, const Range *b) {
        if (a->decision && b->decision)
                return seccomp_decision_equal(a->decision, b->decision);
        return !a->decision && !b->decision && a->action == b->action;
}

static unsigned sum_weights(const Range *ranges, size_t count) {
        unsigned sum = 0;

        for (size_t i = 0; i < count; i++)
                sum += ranges[i].weight;
        return sum;
}

/* One number that weighs as much as all others together is asked for by itself. */
static size_t find_heavy(const Range *ranges, size_t count, unsigned sum) {
        for (size_t i = 1; i + 1 < count; i++)
                if (ranges[i].weight * 2 >= sum && ranges[i + 1].first == ranges[i].first + 1)
                        return i;
        return 0;
}

/* Where to divide them, at least one to each side. */
static size_t find_middle(const Range *ranges, size_t count, unsigned sum) {
        unsigned before = ranges[0].weight;
        size_t at = 1;

        /* The one that lies across goes to the side with which it is nearer to a half. */
        while (at + 1 < count && before * 2 + ranges[at].weight <= sum)
                before += ranges[at++].weight;
        return at;
}

static size_t write_ranges(Builder *builder, const Range *ranges, size_t count);

static size_t write_heavy(Builder *builder, const Range *ranges, size_t count, size_t heavy) {
        bool are_joined = range_is_alike(&ranges[heavy - 1], &ranges[heavy + 1]);
        autofree Range *others = memory_new(count * sizeof(*others));
        size_t skipped = are_joined ? 2 : 1;

        memcpy(others, ranges, heavy * sizeof(*ranges));
        memcpy(others + heavy, ranges + heavy + skipped,
               (count - heavy - skipped) * sizeof(*ranges));
        /* Its number belongs to whichever is beside it: nobody comes there with it. */
        size_t rest = write_ranges(builder, others, count - skipped);
        size_t answer = write_answer(builder, &ranges[heavy]);
        return bpf_add_jump(builder->out, BPF_JEQ, ranges[heavy].first, answer, rest);
}

static size_t write_ranges(Builder *builder, const Range *ranges, size_t count) {
        unsigned sum = sum_weights(ranges, count);

        if (count == 1)
                return write_answer(builder, ranges);
        size_t heavy = find_heavy(ranges, count, sum);
        if (heavy)
                return write_heavy(builder, ranges, count, heavy);
        size_t middle = find_middle(ranges, count, sum);
        size_t right = write_ranges(builder, ranges + middle, count - middle);
        size_t left = write_ranges(builder, ranges, middle);
        return bpf_add_jump(builder->out, BPF_JGE, ranges[middle].first, right, left);
}

/* --- from rules to ranges --- */

typedef struct Ranges {
        Range *rows;
        size_t count;
} Ranges;

static void add_range(Ranges *ranges, Range range) {
        range.weight = range.decision ? WEIGHT_CHECKED : WEIGHT_OTHER;
        if (ranges->count > 0 && ranges->rows[ranges->count - 1].first == range.first)
                ranges->count--;
        if (ranges->count == 0 || !range_is_alike(&ranges->rows[ranges->count - 1], &range))
                ranges->rows[ranges->count++] = range;
}

/* A range for the call, and one for the numbers after it. */
static void add_call(Ranges *ranges, const SeccompDecision *decision, uint32_t otherwise) {
        Range range = { .first = decision->entries[0].number };

        if (!seccomp_decision_is_constant(decision, otherwise, &range.action))
                range.decision = decision;
        add_range(ranges, range);
        add_range(ranges, (Range){ .first = range.first + 1, .action = otherwise });
}

static void add_calls(const SeccompList *list, uint32_t otherwise, SeccompDecision *decisions,
                      Ranges *ranges) {
        size_t decision_count = 0;

        add_range(ranges, (Range){ .first = 0, .action = otherwise });
        for (size_t first = 0, end; first < list->count; first = end) {
                SeccompDecision *decision = &decisions[decision_count++];
                end = first + 1;
                while (end < list->count &&
                       list->entries[end].number == list->entries[first].number)
                        end++;
                *decision = (SeccompDecision){ list->entries + first, end - first };
                add_call(ranges, decision, otherwise);
        }
        if (HAS_X32) {
                add_range(ranges,
                          (Range){ .first = X32_FIRST, .action = SECCOMP_RET_KILL_PROCESS });
                add_range(ranges, (Range){ .first = NUMBER_NONE, .action = otherwise });
        }
}

void seccomp_tree_write(const SeccompList *list, uint32_t otherwise, BpfAssembler *out) {
        autofree SeccompDecision *decisions = memory_new((list->count + 1) * sizeof(*decisions));
        autofree Written *written = memory_new((list->count + 1) * sizeof(*written));
        /* Two for each call, the one before all, and x32's. */
        autofree Range *rows = memory_new((2 * list->count + 3) * sizeof(*rows));
        Ranges ranges = { rows, 0 };
        Builder builder = { .out = out, .otherwise = otherwise, .written = written };

        add_calls(list, otherwise, decisions, &ranges);
        bpf_continue_at(out, write_ranges(&builder, rows, ranges.count));
        size_t search = bpf_add(out, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
        size_t kill = bpf_add_answer(out, SECCOMP_RET_KILL_PROCESS);
        (void)bpf_add_jump(out, BPF_JEQ, seccomp_arch_native(), search, kill);
        (void)bpf_add(out, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
}
