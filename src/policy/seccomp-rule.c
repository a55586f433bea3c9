/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/seccomp-rule.h"

#include <string.h>

#include "base/own.h"
#include "base/text.h"
#include "policy/seccomp-account.h"

/* Calls whose arguments are owners, -1 among them. */
static const char *const SIGNED_CALLS[] = {
        "chown",      "chown32",     "fchown",      "fchown32", "fchownat",
        "lchown",     "lchown32",    "setgid",      "setgid32", "setregid",
        "setregid32", "setresgid",   "setresgid32", "setreuid", "setreuid32",
        "setresuid",  "setresuid32", "setuid",      "setuid32", "copy_file_range",
};

/* Longer ones first. */
static const struct {
        const char *prefix;
        SeccompCompare compare;
} OPERATORS[] = {
        { ">=", SECCOMP_COMPARE_MORE_EQUAL }, { "<=", SECCOMP_COMPARE_LESS_EQUAL },
        { "!", SECCOMP_COMPARE_NOT_EQUAL },   { "<", SECCOMP_COMPARE_LESS },
        { ">", SECCOMP_COMPARE_MORE },        { "|", SECCOMP_COMPARE_BITS },
};

static bool is_signed_call(const char *name) {
        for (size_t i = 0; i < ARRAY_COUNT(SIGNED_CALLS); i++)
                if (string_equal(SIGNED_CALLS[i], name))
                        return true;
        return false;
}

static bool is_call_name(const char *word) {
        size_t length =
                strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

        return length > 0 && !word[length] && length < SECCOMP_NAME_SIZE;
}

static int parse_account(const char *word, uint32_t *ret, Error *err) {
        if (!account_name_is_right(word + 2))
                return error_set(err, ERROR_BAD_REQUEST, "\"%.60s\" names no account", word);
        int found = word[0] == 'u' ? account_find_user(word + 2, ret, err)
                                   : account_find_group(word + 2, ret, err);
        return found == 0 ? error_set(err, ERROR_BAD_REQUEST, "there is no %s \"%s\" here",
                                      word[0] == 'u' ? "user" : "group", word + 2)
                          : found;
}

/* A number, a constant or an account. */
static int parse_value(const char *word, bool is_signed, uint32_t *ret, Error *err) {
        Error unused = ERROR_INIT;
        uint64_t number = 0;
        int64_t negative = 0;

        if ((word[0] == 'u' || word[0] == 'g') && word[1] == ':')
                return parse_account(word, ret, err);
        /* No constant begins with a small letter, a digit or a sign. */
        if (word[0] >= 'A' && word[0] <= 'Z' && seccomp_find_constant(word, ret))
                return 0;
        if (string_parse_u64(word, UINT32_MAX, &number, &unused) >= 0) {
                *ret = (uint32_t)number;
                return 0;
        }
        if (word[0] != '-' || string_parse_i64(word, &negative, &unused) < 0 ||
            negative < INT32_MIN || negative >= 0)
                return error_set(err, ERROR_BAD_REQUEST, "\"%.60s\" is no number and no constant",
                                 word);
        if (!is_signed)
                return error_set(err, ERROR_BAD_REQUEST, "\"%.60s\" must not be negative", word);
        *ret = (uint32_t)(int32_t)negative;
        return 0;
}

static int parse_argument(const char *word, bool is_signed, SeccompArgument *ret, Error *err) {
        ret->compare = is_signed ? SECCOMP_COMPARE_LOW_EQUAL : SECCOMP_COMPARE_EQUAL;
        for (size_t i = 0; i < ARRAY_COUNT(OPERATORS); i++) {
                if (!string_has_prefix(word, OPERATORS[i].prefix))
                        continue;
                if (is_signed)
                        return error_set(err, ERROR_BAD_REQUEST, "unsupported comparison \"%.60s\"",
                                         word);
                ret->compare = OPERATORS[i].compare;
                word += strlen(OPERATORS[i].prefix);
                break;
        }
        return parse_value(word, is_signed, &ret->value, err);
}

/* A refusal must hold for every value that the kernel takes for the same: it looks at 32 bits. */
static void harden(SeccompRule *rule) {
        for (size_t i = 0; i < rule->argument_count; i++)
                if (rule->arguments[i].compare == SECCOMP_COMPARE_EQUAL)
                        rule->arguments[i].compare = SECCOMP_COMPARE_LOW_EQUAL;
}

static int parse_arguments(char *rest, const char *line, SeccompRule *rule, Error *err) {
        bool is_signed = is_signed_call(rule->name);
        unsigned number = 0;

        for (const char *word; (word = strtok_r(NULL, " \t", &rest)); number++) {
                if (number == SECCOMP_ARGUMENT_COUNT_MAX)
                        return error_set(err, ERROR_BAD_REQUEST,
                                         "too many arguments specified for syscall '%s' in line "
                                         "\"%.100s\"",
                                         rule->name, line);
                if (string_equal(word, "-"))
                        continue;
                SeccompArgument *argument = &rule->arguments[rule->argument_count];
                if (parse_argument(word, is_signed, argument, err) < 0)
                        return error_prefix(err, "line \"%.100s\"", line);
                argument->number = number;
                rule->argument_count++;
        }
        if (rule->kind == SECCOMP_RULE_REFUSE)
                harden(rule);
        return 0;
}

int seccomp_rule_parse(const char *line, SeccompRule *ret, Error *err) {
        SeccompRule rule = { .kind = SECCOMP_RULE_ALLOW };
        autofree char *copy = string_copy(line);
        char *rest = NULL;

        *ret = (SeccompRule){ 0 };
        if (*line == '#')
                return 0;
        if (strlen(line) > SECCOMP_LINE_SIZE_MAX || !string_is_clean_utf8(line, strlen(line)))
                return error_set(err, ERROR_BAD_REQUEST, "a line is too long, or no text");
        char *word = strtok_r(copy, " \t", &rest);
        if (!word)
                return 0;
        if (*word == '@') {
                ret->kind = string_equal(word, "@unrestricted") ? SECCOMP_RULE_UNRESTRICTED
                            : string_equal(word, "@complain")   ? SECCOMP_RULE_COMPLAIN
                                                                : SECCOMP_RULE_NONE;
                bool is_alone = !strtok_r(NULL, " \t", &rest);
                return ret->kind != SECCOMP_RULE_NONE && is_alone
                               ? 0
                               : error_set(err, ERROR_BAD_REQUEST, "unknown directive \"%.60s\"",
                                           line);
        }
        if (*word == '~') {
                rule.kind = SECCOMP_RULE_REFUSE;
                word++;
        }
        if (!is_call_name(word))
                return error_set(err, ERROR_BAD_REQUEST, "\"%.60s\" is no name of a system call",
                                 word);
        memcpy(rule.name, word, strlen(word) + 1);
        if (parse_arguments(rest, line, &rule, err) < 0)
                return -1;
        *ret = rule;
        return 0;
}
