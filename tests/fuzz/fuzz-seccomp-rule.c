/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of a filter as interfaces and profiles write them (policy/seccomp-rule.h).
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "fuzz.h"
#include "policy/seccomp-rule.h"

static void check_rule(const SeccompRule *rule) {
        if (rule->argument_count > SECCOMP_ARGUMENT_COUNT_MAX ||
            strlen(rule->name) >= SECCOMP_NAME_SIZE)
                abort();
        for (size_t i = 0; i < rule->argument_count; i++)
                if (rule->arguments[i].number > 5 ||
                    rule->arguments[i].compare >= SECCOMP_COMPARE_COUNT ||
                    (i > 0 && rule->arguments[i].number <= rule->arguments[i - 1].number))
                        abort();
        /* A refusal that looks at more than the kernel does can be walked around. */
        for (size_t i = 0; rule->kind == SECCOMP_RULE_REFUSE && i < rule->argument_count; i++)
                if (rule->arguments[i].compare == SECCOMP_COMPARE_EQUAL)
                        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length) {
        autofree char *copy = malloc(length + 1);
        char *rest = NULL;

        if (!copy)
                return 0;
        memcpy(copy, bytes, length);
        copy[length] = '\0';
        for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                Error err = ERROR_INIT;
                SeccompRule rule;
                if (seccomp_rule_parse(line, &rule, &err) == 0)
                        check_rule(&rule);
                else if (!*err.message)
                        abort();
        }
        return 0;
}
