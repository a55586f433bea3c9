/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/text.h"
#include "policy/generator-digest.h"
#include "policy/seccomp-account.h"
#include "policy/seccomp-rule.h"

static const struct {
        const char *name;
        size_t program;
        uint32_t action;
} VERBS[] = {
        { "allow", 0, SCMP_ACT_ALLOW },
        { "absent", 0, SCMP_ACT_ERRNO(ENOSYS) },
        { "refuse", 1, SCMP_ACT_ERRNO(EPERM) },
};

void seccomp_done(Seccomp *seccomp) {
        for (size_t i = 0; i < SECCOMP_PROGRAM_COUNT; i++)
                free(seccomp->programs[i].instructions);
        *seccomp = SECCOMP_INIT;
}

static void release_context(scmp_filter_ctx *context) {
        if (*context)
                seccomp_release(*context);
}
#define autocontext __attribute__((cleanup(release_context))) scmp_filter_ctx

/* "0&0xff=3" */
static int parse_condition(const char *word, struct scmp_arg_cmp *ret, Error *err) {
        unsigned argument, mask, value;
        int used = 0;

        /* The template is ours. NOLINTNEXTLINE(cert-err34-c) */
        if (sscanf(word, "%1u&%x=%u%n", &argument, &mask, &value, &used) != 3 || word[used] ||
            argument > 5)
                return error_set(err, ERROR_CORRUPT, "bad seccomp condition \"%s\"", word);
        *ret = SCMP_CMP(argument, SCMP_CMP_MASKED_EQ, mask, value);
        return 0;
}

/* One rule for libseccomp. */
typedef struct Addition {
        size_t program;
        uint32_t action;
        unsigned count;
        const struct scmp_arg_cmp *conditions;
} Addition;

static int add_call(scmp_filter_ctx *contexts, const char *name, const Addition *addition,
                    Error *err) {
        int number = seccomp_resolve_call(name);

        if (number < 0)
                return 0;
        int status = seccomp_rule_add_array(contexts[addition->program], addition->action, number,
                                            addition->count, addition->conditions);
        /* EACCES: what is to be done is done with every call. */
        return status < 0 && status != -EEXIST && status != -EACCES
                       ? error_set_errno(err, -status, "libseccomp refuses the rule for %s", name)
                       : 0;
}

/* One line; a name that this architecture lacks is no error, a name that nobody knows neither. */
static int add_rule(scmp_filter_ctx *contexts, char *line, Error *err) {
        struct scmp_arg_cmp conditions[3];
        unsigned count = 0;
        char *rest = NULL;
        const char *verb = strtok_r(line, " ", &rest);
        const char *name = strtok_r(NULL, " ", &rest);
        size_t row = 0;

        while (row < ARRAY_COUNT(VERBS) && verb && !string_equal(VERBS[row].name, verb))
                row++;
        if (!name || row == ARRAY_COUNT(VERBS))
                return error_set(err, ERROR_CORRUPT, "bad seccomp rule \"%s\"", line);
        for (const char *word; (word = strtok_r(NULL, " ", &rest)); count++) {
                if (count == ARRAY_COUNT(conditions))
                        return error_set(err, ERROR_CORRUPT, "too many conditions for %s", name);
                if (parse_condition(word, &conditions[count], err) < 0)
                        return -1;
        }
        const Addition addition = { VERBS[row].program, VERBS[row].action, count, conditions };
        return add_call(contexts, name, &addition, err);
}

/* --- rules as interfaces write them --- */

static struct scmp_arg_cmp to_condition(const SeccompArgument *argument) {
        static const enum scmp_compare compares[SECCOMP_COMPARE_COUNT] = {
                [SECCOMP_COMPARE_EQUAL] = SCMP_CMP_EQ,
                [SECCOMP_COMPARE_LOW_EQUAL] = SCMP_CMP_MASKED_EQ,
                [SECCOMP_COMPARE_NOT_EQUAL] = SCMP_CMP_NE,
                [SECCOMP_COMPARE_LESS] = SCMP_CMP_LT,
                [SECCOMP_COMPARE_LESS_EQUAL] = SCMP_CMP_LE,
                [SECCOMP_COMPARE_MORE] = SCMP_CMP_GT,
                [SECCOMP_COMPARE_MORE_EQUAL] = SCMP_CMP_GE,
                [SECCOMP_COMPARE_BITS] = SCMP_CMP_MASKED_EQ,
        };
        struct scmp_arg_cmp condition = { .arg = argument->number,
                                          .op = compares[argument->compare],
                                          .datum_a = argument->value };

        if (argument->compare == SECCOMP_COMPARE_LOW_EQUAL)
                condition.datum_a = UINT32_MAX;
        if (condition.op == SCMP_CMP_MASKED_EQ)
                condition.datum_b = argument->value;
        return condition;
}

static int add_foreign(scmp_filter_ctx *contexts, const char *line, Error *err) {
        struct scmp_arg_cmp conditions[SECCOMP_ARGUMENT_COUNT_MAX];
        SeccompRule rule;

        if (seccomp_rule_parse(line, &rule, err) < 0)
                return -1;
        if (rule.kind != SECCOMP_RULE_ALLOW && rule.kind != SECCOMP_RULE_REFUSE)
                return 0;
        for (size_t i = 0; i < rule.argument_count; i++)
                conditions[i] = to_condition(&rule.arguments[i]);
        const Addition allow = { 0, SCMP_ACT_ALLOW, (unsigned)rule.argument_count, conditions };
        const Addition refuse = { 1, SCMP_ACT_ERRNO(EACCES), allow.count, conditions };
        return add_call(contexts, rule.name, rule.kind == SECCOMP_RULE_ALLOW ? &allow : &refuse,
                        err);
}

/* Refused or logged or nothing: what the whole text says of calls that no rule allows. */
static SeccompRuleKind find_mode(const char *rules) {
        SeccompRuleKind mode = SECCOMP_RULE_NONE;

        for (const char *line = rules; line; line = strchr(line, '\n')) {
                line += *line == '\n';
                if (string_has_prefix(line, "rule @unrestricted"))
                        return SECCOMP_RULE_UNRESTRICTED;
                if (string_has_prefix(line, "rule @complain"))
                        mode = SECCOMP_RULE_COMPLAIN;
        }
        return mode;
}

static uint32_t choose_default(SeccompRuleKind mode) {
        if (mode != SECCOMP_RULE_COMPLAIN)
                return SCMP_ACT_ERRNO(EPERM);
        return seccomp_api_get() >= 3 ? SCMP_ACT_LOG : SCMP_ACT_ALLOW;
}

static int add_line(scmp_filter_ctx *contexts, char *line, Error *err) {
        return string_has_prefix(line, "rule ") ? add_foreign(contexts, line + strlen("rule "), err)
                                                : add_rule(contexts, line, err);
}

static int open_context(uint32_t otherwise, scmp_filter_ctx *ret, Error *err) {
        autocontext context = seccomp_init(otherwise);

        if (!context)
                return error_set(err, ERROR_FAILED, "cannot start libseccomp");
        if (seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) < 0 ||
            seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
                return error_set(err, ERROR_FAILED, "this libseccomp is too old: 2.5 is needed");
        *ret = take(context);
        return 0;
}

static int export_program(scmp_filter_ctx context, SeccompProgram *ret, Error *err) {
        Error unused = ERROR_INIT;
        autofd int file = memfd_create("seccomp", MFD_CLOEXEC);
        char *bytes = NULL;
        size_t length = 0;

        if (file < 0)
                return error_set_errno(err, errno, "cannot make a memory file");
        int status = seccomp_export_bpf(context, file);
        if (status < 0)
                return error_set_errno(err, -status, "libseccomp cannot compile");
        if (lseek(file, 0, SEEK_SET) < 0 ||
            file_read_all(file, SECCOMP_LENGTH_MAX * sizeof(struct sock_filter), &bytes, &length,
                          &unused) < 0 ||
            length == 0 || length % sizeof(struct sock_filter) != 0) {
                free(bytes);
                return error_set(err, ERROR_FAILED, "a seccomp program of a size out of bounds");
        }
        ret->instructions = (struct sock_filter *)(void *)bytes;
        ret->count = length / sizeof(struct sock_filter);
        return 0;
}

int seccomp_compile(const char *rules, Seccomp *ret, Error *err) {
        autoseccomp seccomp = SECCOMP_INIT;
        autocontext allow = NULL;
        autocontext refuse = NULL;
        autofree char *copy = string_copy(rules);
        char *rest = NULL;

        SeccompRuleKind mode = find_mode(rules);
        bool is_unrestricted = mode == SECCOMP_RULE_UNRESTRICTED;
        if (open_context(is_unrestricted ? SCMP_ACT_ALLOW : choose_default(mode), &allow, err) <
                    0 ||
            open_context(SCMP_ACT_ALLOW, &refuse, err) < 0)
                return -1;
        char *line = is_unrestricted ? NULL : strtok_r(copy, "\n", &rest);
        for (; line; line = strtok_r(NULL, "\n", &rest))
                if (add_line((scmp_filter_ctx[]){ allow, refuse }, line, err) < 0)
                        return -1;
        if (export_program(allow, &seccomp.programs[0], err) < 0 ||
            export_program(refuse, &seccomp.programs[1], err) < 0)
                return -1;
        *ret = seccomp;
        seccomp = SECCOMP_INIT;
        return 0;
}

static char *read_kernel_actions(void) {
        Error unused = ERROR_INIT;
        autofd int file = open("/proc/sys/kernel/seccomp/actions_avail", O_RDONLY | O_CLOEXEC);
        char *text = NULL;
        size_t length = 0;

        if (file < 0 || file_read_all(file, 4096, &text, &length, &unused) < 0)
                return string_copy("-\n");
        return text;
}

/* Whoever a name stands for today decides, not the name. */
static void describe_accounts(const char *rules, Text *ret) {
        Error unused = ERROR_INIT;
        const char *word = rules;

        while ((word = strpbrk(word, "ug"))) {
                char name[33] = "";
                uint32_t number = UINT32_MAX;
                bool is_user = *word++ == 'u';
                if (*word != ':' || word < rules + 2 || word[-2] != ' ')
                        continue;
                /* At most 32 bytes: longer ones name no account. */
                (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 1, " \n"), word + 1);
                if (is_user)
                        (void)account_find_user(name, &number, &unused);
                else
                        (void)account_find_group(name, &number, &unused);
                text_append_format(ret, "%s %s %u\n", is_user ? "user" : "group", name, number);
        }
}

char *seccomp_describe_inputs(const char *rules) {
        const struct scmp_version *version = seccomp_version();
        autofree char *actions = read_kernel_actions();
        struct utsname machine = { 0 };
        autotext accounts = TEXT_INIT;

        (void)uname(&machine);
        describe_accounts(rules, &accounts);
        return string_format("generator %s\nlibseccomp %u.%u.%u\nmachine %s\nactions %s%s%s",
                             GENERATOR_DIGEST, version->major, version->minor, version->micro,
                             machine.machine, actions, accounts.bytes ? accounts.bytes : "", rules);
}
