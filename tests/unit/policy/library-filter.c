/* SPDX-License-Identifier: Apache-2.0 */
#include "library-filter.h"

#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"

static struct scmp_arg_cmp to_library(const MeaningCondition *condition) {
        static const enum scmp_compare COMPARES[] = {
                [SECCOMP_COMPARE_EQUAL] = SCMP_CMP_EQ,
                [SECCOMP_COMPARE_LOW_EQUAL] = SCMP_CMP_MASKED_EQ,
                [SECCOMP_COMPARE_NOT_EQUAL] = SCMP_CMP_NE,
                [SECCOMP_COMPARE_LESS] = SCMP_CMP_LT,
                [SECCOMP_COMPARE_LESS_EQUAL] = SCMP_CMP_LE,
                [SECCOMP_COMPARE_MORE] = SCMP_CMP_GT,
                [SECCOMP_COMPARE_MORE_EQUAL] = SCMP_CMP_GE,
                [SECCOMP_COMPARE_BITS] = SCMP_CMP_MASKED_EQ,
                [SECCOMP_COMPARE_COUNT] = SCMP_CMP_MASKED_EQ,
        };
        struct scmp_arg_cmp compare = { .arg = condition->argument,
                                        .op = COMPARES[condition->compare],
                                        .datum_a = condition->value };

        if (compare.op == SCMP_CMP_MASKED_EQ) {
                compare.datum_b = condition->value;
                if (condition->compare == SECCOMP_COMPARE_LOW_EQUAL)
                        compare.datum_a = UINT32_MAX;
                if (condition->compare == SECCOMP_COMPARE_COUNT)
                        compare.datum_a = condition->mask;
        }
        return compare;
}

/* For LeakSanitizer: the library loses some rules that it refuses or merges, which random sets have
 * now and then. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:libseccomp.so";
}
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static void give_up(const char *what, int status) {
        (void)fprintf(stderr, "libseccomp: %s: %d\n", what, status);
        abort();
}

static void export_program(scmp_filter_ctx context, BpfProgram *ret) {
        int file = memfd_create("library", MFD_CLOEXEC);
        Error err = ERROR_INIT;
        char *bytes = NULL;
        size_t length = 0;

        if (seccomp_export_bpf(context, file) < 0 || lseek(file, 0, SEEK_SET) < 0 ||
            file_read_all(file, 1 << 20, &bytes, &length, &err) < 0)
                give_up("export", 0);
        (void)close(file);
        *ret = (BpfProgram){ (const struct sock_filter *)(void *)bytes,
                             length / sizeof(struct sock_filter) };
}

static void add_rule(scmp_filter_ctx context, const MeaningRule *rule) {
        struct scmp_arg_cmp conditions[SECCOMP_ARGUMENT_COUNT_MAX];

        for (size_t i = 0; i < rule->count; i++)
                conditions[i] = to_library(&rule->conditions[i]);
        int status = seccomp_rule_add_array(context, rule->action, (int)rule->number,
                                            (unsigned)rule->count, conditions);
        /* There is one like it; or it asks for what is done with every call. */
        if (status < 0 && status != -EEXIST && status != -EACCES)
                give_up("rule", status);
}

void library_compile(const RuleMeaning *meaning, LibraryFilter *ret) {
        for (size_t program = 0; program < 2; program++) {
                scmp_filter_ctx context =
                        seccomp_init(program == 0 ? meaning->otherwise : SCMP_ACT_ALLOW);

                if (!context ||
                    seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) < 0 ||
                    seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
                        give_up("start", 0);
                for (size_t i = 0; i < meaning->count; i++)
                        if (meaning->rules[i].is_refusal == (program == 1) &&
                            !meaning_is_beyond_library(meaning, meaning->rules[i].number))
                                add_rule(context, &meaning->rules[i]);
                export_program(context, &ret->programs[program]);
                seccomp_release(context);
        }
}

void library_done(LibraryFilter *filter) {
        for (size_t i = 0; i < 2; i++)
                free((void *)(uintptr_t)filter->programs[i].code);
}
