/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/seccomp-decision.h"

#include "base/own.h"
#include "base/text.h"

#define NONE SIZE_MAX

/* What is asked at some point; beside it what is asked when the answer was no. */
typedef struct Node {
        SeccompTest test;
        bool is_end;       /* nothing more is asked */
        size_t last_child; /* in the order of asking; NONE */
        size_t previous;   /* NONE: it is asked first */
} Node;

typedef struct Tree {
        Node *nodes; /* the first is the root, which asks nothing */
        size_t count;
} Tree;

bool seccomp_decision_is_constant(const SeccompDecision *decision, uint32_t otherwise,
                                  uint32_t *ret_action) {
        uint32_t action = decision->count ? decision->entries[0].action : otherwise;

        *ret_action = action;
        for (size_t i = 0; i < decision->count && decision->entries[i].action == action; i++)
                if (decision->entries[i].test_count == 0)
                        return true;
        for (size_t i = 0; i < decision->count; i++)
                if (decision->entries[i].action != action)
                        return false;
        return action == otherwise;
}

bool seccomp_decision_equal(const SeccompDecision *a, const SeccompDecision *b) {
        if (a->count != b->count)
                return false;
        for (size_t i = 0; i < a->count; i++)
                if (!seccomp_entry_equal(&a->entries[i], &b->entries[i]))
                        return false;
        return true;
}

/* --- the tree --- */

static size_t find_child(const Tree *tree, size_t node, const SeccompTest *test) {
        size_t child = tree->nodes[node].last_child;

        while (child != NONE && !seccomp_test_equal(&tree->nodes[child].test, test))
                child = tree->nodes[child].previous;
        return child;
}

static size_t add_child(Tree *tree, size_t node, const SeccompTest *test) {
        size_t child = tree->count++;

        tree->nodes[child] = (Node){ .test = *test,
                                     .last_child = NONE,
                                     .previous = tree->nodes[node].last_child };
        tree->nodes[node].last_child = child;
        return child;
}

static void add_entry(Tree *tree, const SeccompEntry *entry) {
        size_t node = 0;

        for (size_t i = 0; i < entry->test_count; i++) {
                if (tree->nodes[node].is_end)
                        return;
                size_t child = find_child(tree, node, &entry->tests[i]);
                node = child != NONE ? child : add_child(tree, node, &entry->tests[i]);
        }
        /* What asks for more than this one has nothing to add. */
        tree->nodes[node].is_end = true;
        tree->nodes[node].last_child = NONE;
}

/* --- as code --- */

typedef struct Writing {
        const Tree *tree;
        BpfAssembler *out;
        SeccompPlace match;
} Writing;

static SeccompPlace make_answer(uint32_t action) {
        return (SeccompPlace){ .is_answer = true, .answer = action };
}

/* Everybody who comes to `node` has just asked the one before it in vain: not from deeper within.
 */
static SeccompWord find_held(const Tree *tree, const Node *node) {
        const Node *before = node->previous != NONE ? &tree->nodes[node->previous] : NULL;

        return before && before->is_end ? seccomp_test_get_word(&before->test) : (SeccompWord){ 0 };
}

/* As deep as a rule has tests. */
static SeccompPlace write_children(const Writing *writing, const Node *parent,
                                   const SeccompPlace *otherwise) {
        SeccompPlace next = *otherwise;

        for (size_t at = parent->last_child; at != NONE; at = writing->tree->nodes[at].previous) {
                const Node *node = &writing->tree->nodes[at];
                SeccompWord held = find_held(writing->tree, node);
                const SeccompPlace ways[2] = {
                        next, node->is_end ? writing->match : write_children(writing, node, &next)
                };
                next = seccomp_test_write(&node->test, writing->out, ways, &held);
        }
        return next;
}

/* Rules with one answer. */
static SeccompPlace write_run(const SeccompDecision *run, const SeccompPlace *otherwise,
                              BpfAssembler *out) {
        size_t size = 1;

        for (size_t i = 0; i < run->count; i++)
                size += run->entries[i].test_count;
        autofree Node *nodes = memory_new(size * sizeof(*nodes));
        Tree tree = { nodes, 1 };
        nodes[0] = (Node){ .last_child = NONE, .previous = NONE };
        for (size_t i = 0; i < run->count; i++)
                add_entry(&tree, &run->entries[i]);
        const Writing writing = { &tree, out, make_answer(run->entries[0].action) };
        return nodes[0].is_end ? writing.match : write_children(&writing, &nodes[0], otherwise);
}

size_t seccomp_decision_write(const SeccompDecision *decision, uint32_t otherwise,
                              BpfAssembler *out) {
        SeccompPlace place = make_answer(otherwise);
        size_t end = decision->count;

        while (end > 0) {
                size_t first = end - 1;
                while (first > 0 &&
                       decision->entries[first - 1].action == decision->entries[first].action)
                        first--;
                const SeccompDecision run = { decision->entries + first, end - first };
                place = write_run(&run, &place, out);
                end = first;
        }
        return place.is_answer ? bpf_add_answer(out, place.answer) : place.entry;
}
