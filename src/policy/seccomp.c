/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/text.h"
#include "policy/generator-digest.h"
#include "policy/seccomp-account.h"
#include "policy/seccomp-tree.h"

void seccomp_done(Seccomp *seccomp) {
        free(seccomp->instructions);
        *seccomp = SECCOMP_INIT;
}

/* What the running kernel answers once: a child that is locked in cannot ask. */
static bool can_log(void) {
        static enum {
                UNKNOWN,
                YES,
                NO
        } answer = UNKNOWN;
        uint32_t action = SECCOMP_RET_LOG;

        if (answer == UNKNOWN)
                answer = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 ? YES : NO;
        return answer == YES;
}

void seccomp_prepare(void) {
        seccomp_load_calls();
        (void)can_log();
}

/* The answer to what no rule speaks of. */
static uint32_t choose_default(SeccompRuleKind mode) {
        if (mode == SECCOMP_RULE_UNRESTRICTED)
                return SECCOMP_RET_ALLOW;
        if (mode != SECCOMP_RULE_COMPLAIN)
                return SECCOMP_RET_ERRNO | EPERM;
        return can_log() ? SECCOMP_RET_LOG : SECCOMP_RET_ALLOW;
}

int seccomp_compile(const char *rules, Seccomp *ret, Error *err) {
        return seccomp_compile_after(NULL, rules, ret, err);
}

int seccomp_compile_after(const SeccompStart *start, const char *rules, Seccomp *ret, Error *err) {
        autofree BpfAssembler *program = NULL;
        autoseccomplist list = { 0 };

        if (seccomp_list_parse_after(start, rules, &list, err) < 0)
                return -1;
        program = memory_new(sizeof(*program));
        seccomp_tree_write(&list, choose_default(list.mode), program);
        if (program->is_full)
                return error_set(
                        err, ERROR_TOO_LARGE,
                        "%zu rules do not fit into the %d instructions that a kernel takes "
                        "as a system call filter: connect fewer interfaces",
                        list.count, SECCOMP_LENGTH_MAX);
        struct sock_filter *instructions = memory_new(program->count * sizeof(*instructions));
        for (size_t i = 0; i < program->count; i++)
                instructions[i] = program->code[program->count - 1 - i];
        *ret = (Seccomp){ .instructions = instructions, .count = program->count };
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

static void describe_account(const char *word, Text *ret) {
        Error unused = ERROR_INIT;
        uint32_t number = ACCOUNT_NONE;
        char name[33] = "";
        bool is_user = *word == 'u';

        /* At most 32 bytes: longer ones name no account. */
        (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, " \t\n"), word + 2);
        if (is_user)
                (void)account_find_user(name, &number, &unused);
        else
                (void)account_find_group(name, &number, &unused);
        text_append_format(ret, "%s %s %u\n", is_user ? "user" : "group", name, number);
}

/* Whoever a name stands for today decides, not the name.  One too many is told rather than one that
 * the compiler, which may not ask, then lacks: behind a blank or a comparison. */
void seccomp_describe_accounts(const char *rules, Text *ret) {
        const char *colon = rules;

        /* A colon is rarer than letters are. */
        for (; (colon = strchr(colon, ':')); colon++)
                if (colon >= rules + 2 && (colon[-1] == 'u' || colon[-1] == 'g') &&
                    strchr(" \t!<>=|", colon[-2]))
                        describe_account(colon - 1, ret);
}

char *seccomp_describe_inputs(const char *rules) {
        const struct scmp_version *version = seccomp_version();
        static char *actions; /* do not change while the kernel runs */
        struct utsname machine = { 0 };
        autotext accounts = TEXT_INIT;

        if (!actions)
                actions = read_kernel_actions();
        (void)uname(&machine);
        seccomp_describe_accounts(rules, &accounts);
        return string_format("generator %s\nlibseccomp %u.%u.%u\nmachine %s\nactions %s%s%s",
                             GENERATOR_DIGEST, version->major, version->minor, version->micro,
                             machine.machine, actions, accounts.bytes ? accounts.bytes : "", rules);
}
