/* SPDX-License-Identifier: Apache-2.0 */
#include "rule-meaning.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/text.h"

void meaning_done(RuleMeaning *meaning) {
        free(meaning->rules);
        *meaning = (RuleMeaning){ 0 };
}

static void read_own(const char *line, MeaningRule *rule, char name[SECCOMP_NAME_SIZE]) {
        char verb[8] = "";
        int used = 0;

        (void)sscanf(line, "%7s %39s%n", verb, name, &used);
        rule->is_refusal = string_equal(verb, "refuse");
        rule->action = rule->is_refusal               ? SECCOMP_RET_ERRNO | EPERM
                       : string_equal(verb, "absent") ? SECCOMP_RET_ERRNO | ENOSYS
                                                      : SECCOMP_RET_ALLOW;
        for (line += used; *line; line += used) {
                unsigned argument, mask, value;

                /* As the one who compiles reads it. NOLINTNEXTLINE(cert-err34-c) */
                if (sscanf(line, " %1u&%x=%u%n", &argument, &mask, &value, &used) != 3)
                        return;
                rule->conditions[rule->count++] =
                        (MeaningCondition){ argument, SECCOMP_COMPARE_COUNT, mask, value };
        }
}

/* The mode of everything, or NONE. */
static SeccompRuleKind read_foreign(const char *line, MeaningRule *rule,
                                    char name[SECCOMP_NAME_SIZE]) {
        SeccompRule parsed;
        Error err = ERROR_INIT;

        /* Only beside @unrestricted, where nothing else is read. */
        if (seccomp_rule_parse(line, &parsed, &err) < 0)
                return SECCOMP_RULE_NONE;
        memcpy(name, parsed.name, SECCOMP_NAME_SIZE);
        rule->is_refusal = parsed.kind == SECCOMP_RULE_REFUSE;
        rule->action = rule->is_refusal ? SECCOMP_RET_ERRNO | EACCES : SECCOMP_RET_ALLOW;
        rule->count = parsed.argument_count;
        for (size_t i = 0; i < parsed.argument_count; i++)
                rule->conditions[i] =
                        (MeaningCondition){ parsed.arguments[i].number, parsed.arguments[i].compare,
                                            0, parsed.arguments[i].value };
        return parsed.kind == SECCOMP_RULE_COMPLAIN || parsed.kind == SECCOMP_RULE_UNRESTRICTED
                       ? parsed.kind
                       : SECCOMP_RULE_NONE;
}

RuleMeaning meaning_read(const char *text) {
        RuleMeaning meaning = { .otherwise = SECCOMP_RET_ERRNO | EPERM };
        autofree char *copy = string_copy(text);
        bool is_unrestricted = false;
        char *rest = NULL;

        meaning.rules = memory_new((strlen(text) / 2 + 1) * sizeof(MeaningRule));
        for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                MeaningRule rule = { 0 };
                char name[SECCOMP_NAME_SIZE] = "";
                SeccompRuleKind mode = SECCOMP_RULE_NONE;

                if (string_has_prefix(line, "rule "))
                        mode = read_foreign(line + strlen("rule "), &rule, name);
                else
                        read_own(line, &rule, name);
                is_unrestricted |= mode == SECCOMP_RULE_UNRESTRICTED;
                if (mode == SECCOMP_RULE_COMPLAIN)
                        meaning.otherwise = SECCOMP_RET_LOG;
                int number = *name ? seccomp_resolve_call(name) : -1;
                rule.number = (uint32_t)number;
                if (number >= 0)
                        meaning.rules[meaning.count++] = rule;
        }
        if (is_unrestricted) {
                meaning.count = 0;
                meaning.otherwise = SECCOMP_RET_ALLOW;
        }
        return meaning;
}

static bool holds(const MeaningCondition *condition, uint64_t argument) {
        switch (condition->compare) {
        case SECCOMP_COMPARE_EQUAL:
                return argument == condition->value;
        case SECCOMP_COMPARE_LOW_EQUAL:
                return (argument & UINT32_MAX) == condition->value;
        case SECCOMP_COMPARE_NOT_EQUAL:
                return argument != condition->value;
        case SECCOMP_COMPARE_LESS:
                return argument < condition->value;
        case SECCOMP_COMPARE_LESS_EQUAL:
                return argument <= condition->value;
        case SECCOMP_COMPARE_MORE:
                return argument > condition->value;
        case SECCOMP_COMPARE_MORE_EQUAL:
                return argument >= condition->value;
        case SECCOMP_COMPARE_BITS:
                return (argument & condition->value) == condition->value;
        default:
                return (argument & condition->mask) == condition->value;
        }
}

static const MeaningRule *find_rule(const RuleMeaning *meaning, const struct seccomp_data *data,
                                    bool is_refusal) {
        for (size_t i = 0; i < meaning->count; i++) {
                const MeaningRule *rule = &meaning->rules[i];
                size_t held = 0;

                if (rule->number != (uint32_t)data->nr || rule->is_refusal != is_refusal)
                        continue;
                while (held < rule->count &&
                       holds(&rule->conditions[held], data->args[rule->conditions[held].argument]))
                        held++;
                if (held == rule->count)
                        return rule;
        }
        return NULL;
}

uint32_t meaning_answer(const RuleMeaning *meaning, const struct seccomp_data *data) {
        const MeaningRule *rule = find_rule(meaning, data, true);

#ifdef __x86_64__
        /* x32; -1 is a call that a tracer has it skip. */
        if ((uint32_t)data->nr >= 0x40000000u && data->nr != -1)
                return SECCOMP_RET_KILL_PROCESS;
#endif
        if (!rule)
                rule = find_rule(meaning, data, false);
        return rule ? rule->action : meaning->otherwise;
}

bool meaning_is_contested(const RuleMeaning *meaning, uint32_t number) {
        uint32_t actions[2] = { 0, 0 };
        bool is_contested = false;

        for (size_t i = 0; i < meaning->count; i++) {
                const MeaningRule *rule = &meaning->rules[i];
                uint32_t *action = &actions[rule->is_refusal];
                if (rule->number != number)
                        continue;
                is_contested |= *action && *action != rule->action;
                *action = rule->action;
        }
        return is_contested;
}

bool meaning_is_beyond_library(const RuleMeaning *meaning, uint32_t number) {
        size_t rules = 0, unequal = 0;

        for (size_t i = 0; i < meaning->count; i++) {
                const MeaningRule *rule = &meaning->rules[i];
                if (rule->number != number)
                        continue;
                rules++;
                for (size_t k = 0; k < rule->count; k++)
                        unequal += rule->conditions[k].compare >= SECCOMP_COMPARE_NOT_EQUAL &&
                                   rule->conditions[k].compare <= SECCOMP_COMPARE_MORE_EQUAL;
        }
        return rules > 1 && unequal > 0;
}

bool meaning_is_always_allowed(const RuleMeaning *meaning, uint32_t number) {
        bool is_allowed = meaning->otherwise == SECCOMP_RET_ALLOW;

        for (size_t i = 0; i < meaning->count; i++) {
                const MeaningRule *rule = &meaning->rules[i];
                if (rule->number == number && rule->action != SECCOMP_RET_ALLOW)
                        return false;
                is_allowed |= rule->number == number && rule->count == 0;
        }
        return is_allowed;
}
