/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/policy-compiler.h"

#include <string.h>
#include <sys/syscall.h>

#include "launch/policies.h"
#include "policy/seccomp-account.h"
#include "policy/seccomp.h"
#include "sandbox/helper.h"
#include "sandbox/sandbox.h"

#define MEMORY_MAX (256u << 20)

/* Between the accounts and the rules: neither has a line without a letter. */
#define SEPARATOR "\n\n"

int policy_compiler_enter(Error *err) {
        static const int CALLS[] = { __NR_recvmsg, __NR_sendmsg, __NR_fcntl };
        const SandboxProfile profile = { .uid = HELPER_UID_COMPILE,
                                         .syscalls = CALLS,
                                         .syscall_count = ARRAY_COUNT(CALLS),
                                         .last_fd = SERIES_SOCKET,
                                         .memory_max = MEMORY_MAX,
                                         .descriptor_max = SERIES_SOCKET + 4 };

        return sandbox_enter(&profile, err);
}

/* Nothing would be wrong without: it is only read again each time. */
static const SeccompStart *find_start(void) {
        static SeccompStart *start;
        autotext template = TEXT_INIT;
        Error unused = ERROR_INIT;

        if (start)
                return start;
        policies_write_template(&template);
        (void)seccomp_start_new(template.bytes, &start, &unused);
        return start;
}

int policy_compiler_work(const char *input, size_t length, Text *ret, Error *err) {
        autofree char *text = string_copy_length(input, length);
        autoseccomp seccomp = SECCOMP_INIT;
        char *rules = strstr(text, SEPARATOR);

        if (!rules)
                return error_set(err, ERROR_CORRUPT, "rules without a list of accounts");
        rules[1] = '\0';
        account_use_rows(text);
        int outcome = seccomp_compile_after(find_start(), rules + strlen(SEPARATOR), &seccomp, err);
        account_use_rows("");
        if (outcome < 0)
                return -1;
        text_append_bytes(ret, seccomp.instructions, seccomp.count * sizeof(*seccomp.instructions));
        return 0;
}

void policy_compiler_describe(const char *rules, Text *ret) {
        text_append(ret, "accounts\n");
        seccomp_describe_accounts(rules, ret);
        text_append(ret, &SEPARATOR[1]);
        text_append(ret, rules);
}
