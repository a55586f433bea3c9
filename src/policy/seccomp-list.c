/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/seccomp-list.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/text.h"

#define RULE_VERB "rule "
/* The template's own lines; more is an error. */
#define CONDITION_COUNT_MAX 3

#define ACTION_ERRNO(number) (SECCOMP_RET_ERRNO | (number))

static const struct {
        const char *name;
        bool is_refusal;
        uint32_t action;
} VERBS[] = {
        { "allow", false, SECCOMP_RET_ALLOW },
        { "absent", false, ACTION_ERRNO(ENOSYS) },
        { "refuse", true, ACTION_ERRNO(EPERM) },
};

void seccomp_list_done(SeccompList *list) {
        free(list->entries);
        *list = (SeccompList){ 0 };
}

bool seccomp_entry_equal(const SeccompEntry *a, const SeccompEntry *b) {
        if (a->action != b->action || a->test_count != b->test_count)
                return false;
        for (size_t i = 0; i < a->test_count; i++)
                if (!seccomp_test_equal(&a->tests[i], &b->tests[i]))
                        return false;
        return true;
}

/* Keeps them by argument: rules that begin alike share their beginning. */
static void add_test(SeccompEntry *entry, SeccompTest test) {
        size_t at = entry->test_count++;

        for (; at > 0 && entry->tests[at - 1].argument > test.argument; at--)
                entry->tests[at] = entry->tests[at - 1];
        entry->tests[at] = test;
}

/* --- lines of the template --- */

/* "0&0xff=3" */
static int parse_condition(const char *word, SeccompEntry *entry, Error *err) {
        unsigned argument, mask, value;
        int used = 0;

        /* The template is ours. NOLINTNEXTLINE(cert-err34-c) */
        if (sscanf(word, "%1u&%x=%u%n", &argument, &mask, &value, &used) != 3 || word[used] ||
            argument >= SECCOMP_ARGUMENT_COUNT_MAX)
                return error_set(err, ERROR_CORRUPT, "bad seccomp condition \"%s\"", word);
        add_test(entry, (SeccompTest){ .argument = (uint8_t)argument,
                                       .kind = SECCOMP_TEST_LOW_EQUAL,
                                       .mask = mask,
                                       .value = value });
        return 0;
}

/* 1 it is an entry, 0 there is no such call. */
static int parse_own(char *line, SeccompEntry *entry, Error *err) {
        char *rest = NULL;
        const char *verb = strtok_r(line, " ", &rest);
        const char *name = strtok_r(NULL, " ", &rest);
        size_t row = 0;

        while (row < ARRAY_COUNT(VERBS) && verb && !string_equal(VERBS[row].name, verb))
                row++;
        if (!name || row == ARRAY_COUNT(VERBS))
                return error_set(err, ERROR_CORRUPT, "bad seccomp rule \"%s\"", line);
        for (const char *word; (word = strtok_r(NULL, " ", &rest));) {
                if (entry->test_count == CONDITION_COUNT_MAX)
                        return error_set(err, ERROR_CORRUPT, "too many conditions for %s", name);
                if (parse_condition(word, entry, err) < 0)
                        return -1;
        }
        int number = seccomp_resolve_call(name);
        entry->number = (uint32_t)number;
        entry->action = VERBS[row].action;
        entry->is_refusal = VERBS[row].is_refusal;
        return number >= 0;
}

/* --- lines as interfaces write them --- */

static void add_argument(SeccompEntry *entry, const SeccompArgument *argument) {
        static const struct {
                SeccompTestKind kind;
                bool is_small; /* its high word must be zero */
        } compares[SECCOMP_COMPARE_COUNT] = {
                [SECCOMP_COMPARE_EQUAL] = { SECCOMP_TEST_LOW_EQUAL, true },
                [SECCOMP_COMPARE_LOW_EQUAL] = { SECCOMP_TEST_LOW_EQUAL, false },
                [SECCOMP_COMPARE_NOT_EQUAL] = { SECCOMP_TEST_NOT_EQUAL, false },
                [SECCOMP_COMPARE_LESS] = { SECCOMP_TEST_LOW_LESS, true },
                [SECCOMP_COMPARE_LESS_EQUAL] = { SECCOMP_TEST_LOW_LESS_EQUAL, true },
                [SECCOMP_COMPARE_MORE] = { SECCOMP_TEST_MORE, false },
                [SECCOMP_COMPARE_MORE_EQUAL] = { SECCOMP_TEST_MORE_EQUAL, false },
                [SECCOMP_COMPARE_BITS] = { SECCOMP_TEST_LOW_EQUAL, false },
        };
        SeccompTest test = { .argument = (uint8_t)argument->number,
                             .kind = (uint8_t)compares[argument->compare].kind,
                             .value = argument->value };

        if (compares[argument->compare].is_small)
                add_test(entry, (SeccompTest){ .argument = test.argument,
                                               .kind = SECCOMP_TEST_HIGH_ZERO });
        if (test.kind == SECCOMP_TEST_LOW_EQUAL)
                test.mask = argument->compare == SECCOMP_COMPARE_BITS ? test.value : UINT32_MAX;
        add_test(entry, test);
}

static int parse_foreign(const char *line, SeccompEntry *entry, Error *err) {
        SeccompRule rule;

        if (seccomp_rule_parse(line, &rule, err) < 0)
                return -1;
        if (rule.kind != SECCOMP_RULE_ALLOW && rule.kind != SECCOMP_RULE_REFUSE)
                return 0;
        for (size_t i = 0; i < rule.argument_count; i++)
                add_argument(entry, &rule.arguments[i]);
        int number = seccomp_resolve_call(rule.name);
        entry->number = (uint32_t)number;
        entry->is_refusal = rule.kind == SECCOMP_RULE_REFUSE;
        entry->action = entry->is_refusal ? ACTION_ERRNO(EACCES) : SECCOMP_RET_ALLOW;
        return number >= 0;
}

/* --- the whole --- */

static int compare_entries(const void *left, const void *right) {
        const SeccompEntry *a = left, *b = right;

        if (a->number != b->number)
                return a->number < b->number ? -1 : 1;
        if (a->is_refusal != b->is_refusal)
                return a->is_refusal ? -1 : 1;
        return a->line < b->line ? -1 : a->line > b->line;
}

/* What the text says of calls that no rule speaks of; and how many lines it has. */
static int find_mode(const char *rules, SeccompRuleKind *ret, size_t *ret_lines, Error *err) {
        SeccompRuleKind mode = SECCOMP_RULE_NONE;
        size_t lines = 0;

        for (const char *line = rules, *next; *line; line = next, lines++) {
                next = strchrnul(line, '\n');
                const char *word = line + strlen(RULE_VERB);
                if (string_has_prefix(line, RULE_VERB) && word[strspn(word, " \t")] == '@') {
                        autofree char *copy = string_copy_length(word, (size_t)(next - word));
                        SeccompRule rule;
                        if (seccomp_rule_parse(copy, &rule, err) < 0)
                                return -1;
                        if (mode != SECCOMP_RULE_UNRESTRICTED)
                                mode = rule.kind;
                }
                next += *next == '\n';
        }
        *ret = mode;
        *ret_lines = lines;
        return 0;
}

/* `number` is that of the first line. */
static int parse_lines(char *text, uint32_t number, SeccompList *list, Error *err) {
        char *rest = NULL;

        for (char *line = strtok_r(text, "\n", &rest); line;
             line = strtok_r(NULL, "\n", &rest), number++) {
                SeccompEntry *entry = &list->entries[list->count];
                bool is_foreign = string_has_prefix(line, RULE_VERB);
                int is_entry = is_foreign ? parse_foreign(line + strlen(RULE_VERB), entry, err)
                                          : parse_own(line, entry, err);
                if (is_entry < 0)
                        return -1;
                entry->line = number;
                if (is_entry == 0)
                        *entry = (SeccompEntry){ 0 };
                list->count += (size_t)is_entry;
        }
        return 0;
}

/* Room for one more than there are, so that an empty one is no special case. */
static void make_room(SeccompList *list, size_t count) {
        list->entries = memory_new((count + 1) * sizeof(*list->entries));
}

static int parse_sorted(const char *rules, size_t lines, uint32_t first_line, SeccompList *list,
                        Error *err) {
        autofree char *copy = string_copy(rules);

        make_room(list, lines);
        if (parse_lines(copy, first_line, list, err) < 0)
                return -1;
        qsort(list->entries, list->count, sizeof(*list->entries), compare_entries);
        return 0;
}

/* --- what many begin with --- */

struct SeccompStart {
        char *text;
        size_t length, line_count;
        SeccompList list;
};

static const SeccompStart NO_START = { .text = (char[]){ "" } };

static void free_start(SeccompStart *start) {
        seccomp_list_done(&start->list);
        free(start->text);
        free(start);
}

/* Whole lines, so that what follows begins with one. */
int seccomp_start_new(const char *rules, SeccompStart **ret, Error *err) {
        SeccompStart *start = memory_new(sizeof(*start));

        *start = (SeccompStart){ .text = string_copy(rules), .length = strlen(rules) };
        if (find_mode(rules, &start->list.mode, &start->line_count, err) < 0 ||
            parse_sorted(rules, start->line_count, 0, &start->list, err) < 0) {
                free_start(start);
                return -1;
        }
        if (start->list.mode != SECCOMP_RULE_NONE || start->length == 0 ||
            rules[start->length - 1] != '\n') {
                free_start(start);
                return error_set(err, ERROR_BAD_REQUEST, "no text that others begin with");
        }
        *ret = start;
        return 0;
}

/* Both in order; of equal calls those of the start have the smaller lines. */
static void merge(const SeccompList *start, const SeccompList *rest, SeccompList *ret) {
        size_t left = 0, right = 0;

        make_room(ret, start->count + rest->count);
        while (left < start->count || right < rest->count) {
                bool is_left = right == rest->count ||
                               (left < start->count &&
                                compare_entries(&start->entries[left], &rest->entries[right]) < 0);
                ret->entries[ret->count++] =
                        is_left ? start->entries[left++] : rest->entries[right++];
        }
}

int seccomp_list_parse_after(const SeccompStart *start, const char *rules, SeccompList *ret,
                             Error *err) {
        autoseccomplist rest = { 0 };
        size_t lines = 0;

        if (!start || !string_has_prefix(rules, start->text))
                start = &NO_START;
        rules += start->length;
        if (find_mode(rules, &rest.mode, &lines, err) < 0)
                return -1;
        if (start->line_count + lines > SECCOMP_ENTRY_COUNT_MAX)
                return error_set(err, ERROR_TOO_LARGE,
                                 "a system call filter of %zu rules: at most %d are read",
                                 start->line_count + lines, SECCOMP_ENTRY_COUNT_MAX);
        if (rest.mode == SECCOMP_RULE_UNRESTRICTED) {
                *ret = (SeccompList){ .mode = rest.mode };
                return 0;
        }
        if (parse_sorted(rules, lines, (uint32_t)start->line_count, &rest, err) < 0)
                return -1;
        SeccompList list = { .mode = rest.mode };
        merge(&start->list, &rest, &list);
        *ret = list;
        return 0;
}
