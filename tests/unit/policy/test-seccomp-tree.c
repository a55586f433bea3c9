/* SPDX-License-Identifier: Apache-2.0
 *
 * Our programs beside what the rules say when taken literally, beside libseccomp's, and beside the
 * kernel's.
 */
#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/own.h"
#include "base/text.h"
#include "interface/interface-kind.h"
#include "library-filter.h"
#include "policy/seccomp-template.h"
#include "policy/seccomp.h"
#include "unit.h"

#define RANDOM_SET_COUNT  4000
#define KERNEL_SET_COUNT  60
#define KERNEL_CALL_COUNT 200
#define NUMBER_END        600

/* --- chance, the same in each run --- */

static uint64_t chance = 20261122;

static uint32_t draw(uint32_t end) {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        return (uint32_t)(chance >> 20) % end;
}

#define DRAW_ROW(table) ((table)[draw(ARRAY_COUNT(table))])

/* --- one text of rules --- */

typedef struct Case {
        const char *text;
        Seccomp ours;
        RuleMeaning meaning;
        LibraryFilter library;
        size_t tried, contested;       /* inputs */
        size_t beyond;                 /* for libseccomp */
        size_t our_steps, their_steps; /* for calls whose arguments matter, or that are refused */
        size_t counted;
} Case;

static Case open_case(const char *text) {
        Case case_ = { .text = text, .ours = SECCOMP_INIT, .meaning = meaning_read(text) };
        Error err = ERROR_INIT;

        if (seccomp_compile(text, &case_.ours, &err) < 0)
                fail_msg("%s\n%s", err.message, text);
        const char *wrong = bpf_check((BpfProgram){ case_.ours.instructions, case_.ours.count });
        if (wrong)
                fail_msg("%s\n%s", wrong, text);
        library_compile(&case_.meaning, &case_.library);
        return case_;
}

static void close_case(Case *case_) {
        seccomp_done(&case_->ours);
        meaning_done(&case_->meaning);
        library_done(&case_->library);
}

/* False where it should be the same and is not. */
static bool compare_with_library(Case *case_, const struct seccomp_data *data, uint32_t theirs,
                                 uint32_t ours) {
        uint32_t number = (uint32_t)data->nr;

        if (meaning_is_beyond_library(&case_->meaning, number)) {
                case_->beyond++;
                return true;
        }
        if (theirs == ours)
                return true;
        /* Which of two refusals is said first is ours to choose; that it is one is not. */
        case_->contested++;
        return meaning_is_contested(&case_->meaning, number) &&
               (theirs & SECCOMP_RET_ACTION_FULL) == (ours & SECCOMP_RET_ACTION_FULL);
}

static void try_call(Case *case_, const struct seccomp_data *data) {
        const BpfProgram program = { case_->ours.instructions, case_->ours.count };
        size_t our_steps = 0, their_steps = 0;
        uint32_t wanted = meaning_answer(&case_->meaning, data);
        uint32_t ours = bpf_run(program, data, &our_steps);
        uint32_t theirs = bpf_run_all(case_->library.programs, 2, data, &their_steps);

        if (data->arch != seccomp_arch_native())
                wanted = SECCOMP_RET_KILL_PROCESS;
        if (ours != wanted || !compare_with_library(case_, data, theirs, ours))
                fail_msg("arch %x call %d (%llx, %llx, %llx, %llx, %llx, %llx): ours %x, rules %x, "
                         "libseccomp %x\n%s",
                         data->arch, data->nr, data->args[0], data->args[1], data->args[2],
                         data->args[3], data->args[4], data->args[5], ours, wanted, theirs,
                         case_->text);
        case_->tried++;
        if (meaning_is_always_allowed(&case_->meaning, (uint32_t)data->nr))
                return;
        case_->our_steps += our_steps;
        case_->their_steps += their_steps;
        case_->counted++;
}

static uint64_t bend(uint64_t value) {
        static const uint64_t HIGH[] = { 0, 0, 0, 0, 1, UINT32_MAX };

        value += draw(3);
        value -= 1;
        if (draw(8) == 0)
                return (uint64_t)(int64_t)(int32_t)value;
        return (value & UINT32_MAX) | DRAW_ROW(HIGH) << 32;
}

/* Each argument near a value that some rule of this call names, most often one for that argument.
 */
static void bend_arguments(const RuleMeaning *meaning, struct seccomp_data *data,
                           const MeaningRule *rule) {
        for (size_t i = 0; i < 6; i++)
                data->args[i] = draw(2) ? bend(0) : (uint64_t)draw(UINT32_MAX) << draw(33);
        for (size_t i = 0; i < rule->count; i++) {
                const MeaningCondition *condition = &rule->conditions[i];
                const MeaningRule *other = &meaning->rules[draw((uint32_t)meaning->count)];
                uint64_t noise = (uint64_t)draw(UINT32_MAX) << draw(33);
                uint64_t value = condition->value;
                if (condition->compare == SECCOMP_COMPARE_COUNT && draw(2))
                        value = (value & condition->mask) | (noise & ~condition->mask);
                else if (condition->compare == SECCOMP_COMPARE_BITS && draw(2))
                        value |= noise;
                else if (draw(2))
                        value = bend(value);
                if (draw(8) == 0 && other->count > 0)
                        value = other->conditions[draw((uint32_t)other->count)].value;
                data->args[condition->argument] = value;
        }
}

static void try_rules(Case *case_, size_t samples) {
        for (size_t i = 0; i < case_->meaning.count; i++) {
                const MeaningRule *rule = &case_->meaning.rules[i];
                struct seccomp_data data = { .nr = (int)rule->number,
                                             .arch = seccomp_arch_native() };

                for (size_t k = 0; k < samples; k++) {
                        bend_arguments(&case_->meaning, &data, rule);
                        try_call(case_, &data);
                }
        }
}

static void try_numbers(Case *case_) {
        static const uint32_t EDGES[] = { 0x3fffffff, 0x40000000, 0x40000001, 0x40000010,
                                          0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
        static const uint32_t ARCHITECTURES[] = { AUDIT_ARCH_I386,    AUDIT_ARCH_ARM,
                                                  AUDIT_ARCH_AARCH64, AUDIT_ARCH_X86_64,
                                                  AUDIT_ARCH_S390X,   0,
                                                  EM_X86_64,          UINT32_MAX };
        const BpfProgram program = { case_->ours.instructions, case_->ours.count };

        for (uint32_t i = 0; i < NUMBER_END + ARRAY_COUNT(EDGES); i++) {
                uint32_t number = i < NUMBER_END ? i : EDGES[i - NUMBER_END];
                struct seccomp_data data = { .nr = (int)number, .arch = seccomp_arch_native() };

                try_call(case_, &data);
                if (number < NUMBER_END &&
                    bpf_is_always_allowed(program, data.arch, number) !=
                            meaning_is_always_allowed(&case_->meaning, number))
                        fail_msg("the kernel does not see of call %u what it is\n%s", number,
                                 case_->text);
                memset(data.args, -1, sizeof(data.args));
                try_call(case_, &data);
                data.arch = DRAW_ROW(ARCHITECTURES);
                try_call(case_, &data);
        }
}

/* --- what is there --- */

static void append_interface(const InterfaceSide *side, Text *rules) {
        for (const InterfaceBlock *block = side->blocks; block && block->grants; block++) {
                const char *const *line = block->grants->lists[INTERFACE_LIST_SYSTEM_CALLS];
                for (; line && *line; line++)
                        if (!strchr(*line, '$') && **line != '@')
                                text_append_format(rules, "rule %s\n", *line);
        }
}

static void say(const char *what, const Case *case_) {
        print_message("# %s: %zu rules, %zu instructions (libseccomp %zu + %zu), %zu inputs, %.1f "
                      "instructions a call that is not always allowed (libseccomp %.1f)\n",
                      what, case_->meaning.count, case_->ours.count,
                      case_->library.programs[0].count, case_->library.programs[1].count,
                      case_->tried, (double)case_->our_steps / (double)case_->counted,
                      (double)case_->their_steps / (double)case_->counted);
}

static void the_template_is_what_it_says(void **state) {
        autotext rules = TEXT_INIT;
        (void)state;

        seccomp_template_append(&rules);
        Case case_ = open_case(rules.bytes);
        try_numbers(&case_);
        try_rules(&case_, 200);
        say("template", &case_);
        assert_int_equal(case_.contested + case_.beyond, 0);
        assert_true(case_.our_steps < case_.their_steps);
        assert_true(case_.ours.count < 300);
        close_case(&case_);
}

static void every_interface_is_what_it_says(void **state) {
        autotext all = TEXT_INIT;
        size_t count = 0;
        (void)state;

        seccomp_template_append(&all);
        for (size_t i = 0; i < interface_kind_count; i++) {
                autotext rules = TEXT_INIT;

                append_interface(&interface_kinds[i].plug, &rules);
                append_interface(&interface_kinds[i].slot, &rules);
                if (!rules.bytes)
                        continue;
                Case case_ = open_case(rules.bytes);
                try_numbers(&case_);
                try_rules(&case_, 50);
                close_case(&case_);
                text_append(&all, rules.bytes);
                count++;
        }
        Case case_ = open_case(all.bytes);
        try_numbers(&case_);
        try_rules(&case_, 100);
        say("template and all interfaces", &case_);
        close_case(&case_);
        assert_in_range(count, 15, interface_kind_count);
}

/* --- whatever there may be --- */

static const char *const NAMES[] = { "read",        "getppid", "ioctl",  "socket",
                                     "mknod",       "prctl",   "setuid", "fchown",
                                     "setpriority", "kcmp",    "mseal",  "copy_file_range" };
static const char *const KERNEL_NAMES[] = { "getppid", "getuid", "geteuid", "getgid" };
static const uint32_t VALUES[] = {
        0, 1, 2, 3, 4, 7, 16, 255, 256, 0x5412, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff
};

static void append_own(Text *text, const char *name, bool may_be_absent) {
        static const char *const VERBS[] = { "allow", "allow", "allow", "refuse", "absent" };
        unsigned used = 0;

        text_append_format(text, "%s %s", VERBS[draw(may_be_absent ? 5 : 4)], name);
        for (uint32_t left = draw(4); left > 0; left--) {
                uint32_t argument = draw(6), mask = DRAW_ROW(VALUES), value = DRAW_ROW(VALUES);

                /* libseccomp takes one for each argument. */
                if (used & 1U << argument)
                        continue;
                used |= 1U << argument;
                if (draw(4) == 0)
                        mask = UINT32_MAX;
                text_append_format(text, " %u&%#x=%u", argument, mask, value & mask);
        }
        text_append(text, "\n");
}

static void append_foreign(Text *text, const char *name) {
        static const char *const OPERATORS[] = { "", "", "", ">=", "<=", "!", "<", ">", "|" };
        bool is_signed = string_equal(name, "setuid") || string_equal(name, "fchown") ||
                         string_equal(name, "copy_file_range");

        text_append_format(text, "rule %s%s", draw(4) ? "" : "~", name);
        for (uint32_t left = draw(6); left > 0; left--) {
                if (draw(3) == 0)
                        text_append(text, " -");
                else if (is_signed && draw(3) == 0)
                        text_append_format(text, " -%u", 1 + draw(3));
                else
                        text_append_format(text, " %s%u", is_signed ? "" : DRAW_ROW(OPERATORS),
                                           DRAW_ROW(VALUES));
        }
        text_append(text, "\n");
}

/* "absent" and "allow" of one call: libseccomp drops rules then; so at most one of them. */
static char *draw_rules(const char *const *names, size_t name_count, bool is_for_kernel) {
        autotext text = TEXT_INIT;
        uint32_t absent = draw((uint32_t)name_count);

        text_append(&text, "allow exit_group\n");
        for (uint32_t left = 1 + draw(draw(8) ? 12 : 60); left > 0; left--) {
                uint32_t row = draw((uint32_t)name_count);
                if (row == absent && draw(2))
                        text_append_format(&text, "absent %s\n", names[row]);
                else if (row == absent)
                        append_foreign(&text, "getpgrp");
                else if (draw(2))
                        append_own(&text, names[row], false);
                else
                        append_foreign(&text, names[row]);
        }
        if (!is_for_kernel && draw(20) == 0)
                text_append(&text, draw(2) ? "rule @complain\n" : "rule @unrestricted\n");
        return text_take(&text);
}

static void random_rules_are_what_they_say(void **state) {
        size_t tried = 0, contested = 0, beyond = 0, rules = 0, ours = 0, theirs = 0, longest = 0;
        uint64_t seed = chance;
        (void)state;

        for (size_t i = 0; i < RANDOM_SET_COUNT; i++) {
                autofree char *text = draw_rules(NAMES, ARRAY_COUNT(NAMES), false);
                Case case_ = open_case(text);

                try_rules(&case_, 8);
                if (i % 16 == 0)
                        try_numbers(&case_);
                tried += case_.tried;
                contested += case_.contested;
                beyond += case_.beyond;
                rules += case_.meaning.count;
                ours += case_.ours.count;
                theirs += case_.library.programs[0].count + case_.library.programs[1].count;
                longest = case_.ours.count > longest ? case_.ours.count : longest;
                close_case(&case_);
        }
        print_message("# seed %llu: %d sets, %zu rules, %zu inputs, of which libseccomp refuses "
                      "%zu with another number and %zu are beyond it; %zu instructions "
                      "(libseccomp, without the latter, %zu), longest %zu\n",
                      (unsigned long long)seed, RANDOM_SET_COUNT, rules, tried, contested, beyond,
                      ours, theirs, longest);
        assert_true(tried > 20 * (size_t)RANDOM_SET_COUNT);
        assert_true(contested < tried / 20 && beyond < tried / 2);
}

/* --- the kernel --- */

typedef struct KernelCall {
        struct seccomp_data data;
        int answer; /* errno, or 0 */
} KernelCall;

/* Calls that look at none of their arguments: whatever they are given, nothing happens. */
static void run_in_kernel(const Seccomp *seccomp, KernelCall *calls) {
        struct sock_fprog program = { .len = (unsigned short)seccomp->count,
                                      .filter = seccomp->instructions };
        int status = 0;
        pid_t pid = fork();

        if (pid == 0) {
                (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
                if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
                        (void)syscall(SYS_exit_group, 1);
                for (size_t i = 0; i < KERNEL_CALL_COUNT; i++) {
                        const __u64 *a = calls[i].data.args;
                        errno = 0;
                        (void)syscall(calls[i].data.nr, a[0], a[1], a[2], a[3], a[4], a[5]);
                        calls[i].answer = errno;
                }
                (void)syscall(SYS_exit_group, 0);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
}

static void the_kernel_answers_as_the_rules_say(void **state) {
        size_t size = KERNEL_CALL_COUNT * sizeof(KernelCall), refused = 0;
        KernelCall *calls =
                mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        (void)state;

        assert_ptr_not_equal(calls, MAP_FAILED);
        for (size_t i = 0; i < KERNEL_SET_COUNT; i++) {
                autofree char *text = draw_rules(KERNEL_NAMES, ARRAY_COUNT(KERNEL_NAMES), true);
                Case case_ = open_case(text);
                for (size_t k = 0; k < KERNEL_CALL_COUNT; k++) {
                        const MeaningRule *rule =
                                &case_.meaning.rules[draw((uint32_t)case_.meaning.count)];
                        /* Not exit_group. */
                        if (rule == case_.meaning.rules)
                                rule += case_.meaning.count > 1;
                        calls[k].data.nr =
                                rule == case_.meaning.rules ? SYS_getppid : (int)rule->number;
                        bend_arguments(&case_.meaning, &calls[k].data, rule);
                }
                run_in_kernel(&case_.ours, calls);
                for (size_t k = 0; k < KERNEL_CALL_COUNT; k++) {
                        uint32_t wanted = meaning_answer(&case_.meaning, &calls[k].data);
                        int expected =
                                wanted == SECCOMP_RET_ALLOW ? 0 : (int)(wanted & SECCOMP_RET_DATA);
                        if (calls[k].answer != expected)
                                fail_msg("call %d: the kernel answers %d, not %d\n%s",
                                         calls[k].data.nr, calls[k].answer, expected, text);
                        refused += expected != 0;
                }
                close_case(&case_);
        }
        (void)munmap(calls, size);
        print_message("# kernel: %d calls, %zu of them refused\n",
                      KERNEL_SET_COUNT * KERNEL_CALL_COUNT, refused);
        assert_in_range(refused, 1000, KERNEL_SET_COUNT * KERNEL_CALL_COUNT - 1000);
}

/* --- by hand --- */

/* A leaf so long that whoever jumps over it needs more than 255. */
static void a_long_program_is_right_and_loads(void **state) {
        autotext rules = TEXT_INIT;
        (void)state;

        text_append(&rules, "rule exit_group\n");
        for (int i = 0; i < 900; i++)
                text_append_format(&rules, "rule socket %d\nrule getppid %d - %d\n", 2 * i, i % 30,
                                   3 * i);
        text_append(&rules, "rule write\nrule close\nrule kcmp - - 4\n");
        Case case_ = open_case(rules.bytes);
        assert_in_range(case_.ours.count, 1500, SECCOMP_LENGTH_MAX);
        try_numbers(&case_);
        for (unsigned i = 0; i < 2000; i++)
                try_call(&case_, &(struct seccomp_data){ .nr = SYS_socket,
                                                         .arch = seccomp_arch_native(),
                                                         .args = { i } });
        try_rules(&case_, 1);
        KernelCall *calls = mmap(NULL, KERNEL_CALL_COUNT * sizeof(*calls), PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        for (size_t i = 0; i < KERNEL_CALL_COUNT; i++)
                calls[i].data = (struct seccomp_data){ .nr = SYS_getppid,
                                                       .args = { i % 30, 0, 3 * i + i % 2 } };
        run_in_kernel(&case_.ours, calls);
        for (size_t i = 0; i < KERNEL_CALL_COUNT; i++)
                assert_int_equal(calls[i].answer, i % 2 ? EPERM : 0);
        (void)munmap(calls, KERNEL_CALL_COUNT * sizeof(*calls));
        say("long", &case_);
        close_case(&case_);
}

static void a_program_that_is_too_long_is_refused(void **state) {
        autotext rules = TEXT_INIT;
        Error err = ERROR_INIT;
        Seccomp seccomp = SECCOMP_INIT;
        (void)state;

        for (int i = 0; i < 3000; i++)
                text_append_format(&rules, "rule socket %d - %d\n", i, 2 * i);
        assert_int_equal(seccomp_compile(rules.bytes, &seccomp, &err), -1);
        assert_string_equal(err.message,
                            "3000 rules do not fit into the 4096 instructions that a kernel takes "
                            "as a system call filter: connect fewer interfaces");
        assert_null(seccomp.instructions);
        for (int i = 0; i < 32768; i++)
                text_append(&rules, "rule socket 1\n");
        assert_int_equal(seccomp_compile(rules.bytes, &seccomp, &err), -1);
        assert_non_null(strstr(err.message, "at most 32768 are read"));
}

/* Whatever the order of the lines: refusals first, then the first that holds. */
static void the_first_rule_that_holds_decides(void **state) {
        static const struct {
                const char *rules;
                uint64_t argument;
                uint32_t answer;
                int number; /* 0: getppid */
        } CASES[] = {
                { "absent getppid\nrule getppid", 0, SECCOMP_RET_ERRNO | ENOSYS },
                { "rule getppid\nabsent getppid", 0, SECCOMP_RET_ALLOW },
                { "rule getppid 1\nabsent getppid", 1, SECCOMP_RET_ALLOW },
                { "rule getppid 1\nabsent getppid", 2, SECCOMP_RET_ERRNO | ENOSYS },
                { "absent getppid\nrule ~getppid 2", 2, SECCOMP_RET_ERRNO | EACCES },
                { "absent getppid\nrule ~getppid 2", 1, SECCOMP_RET_ERRNO | ENOSYS },
                { "rule getppid\nrefuse getppid\nrule ~getppid", 0, SECCOMP_RET_ERRNO | EPERM },
                { "rule getppid\nrule ~getppid\nrefuse getppid", 0, SECCOMP_RET_ERRNO | EACCES },
                { "rule @complain\nrule getppid 1", 2, SECCOMP_RET_LOG },
                { "rule @complain\nrule ~getppid 1", 1, SECCOMP_RET_ERRNO | EACCES },
                { "rule @complain\nrule @unrestricted\nrule ~getppid", 1, SECCOMP_RET_ALLOW },
                { "rule getppid <0", 0, SECCOMP_RET_ERRNO | EPERM },
                { "rule getppid >=0", UINT64_MAX, SECCOMP_RET_ALLOW },
                { "allow getppid 0&0xff=256", 0, SECCOMP_RET_ERRNO | EPERM },
                { "allow getppid 0&0=0", 77, SECCOMP_RET_ALLOW },
                /* Numbers beside each other with the same rules, among others that differ. */
                { "rule getppid 1\nrule getpgrp 1", 1, SECCOMP_RET_ALLOW, SYS_getppid },
                { "rule getppid 1\nrule getpgrp 1", 1, SECCOMP_RET_ALLOW, SYS_getpgrp },
                { "rule getppid 1\nrule getpgrp 1", 2, SECCOMP_RET_ERRNO | EPERM, SYS_getpgrp },
        };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(CASES); i++) {
                const struct seccomp_data data = { .nr = CASES[i].number ? CASES[i].number
                                                                         : SYS_getppid,
                                                   .arch = seccomp_arch_native(),
                                                   .args = { CASES[i].argument } };
                Error err = ERROR_INIT;
                autoseccomp seccomp = SECCOMP_INIT;

                assert_int_equal(seccomp_compile(CASES[i].rules, &seccomp, &err), 0);
                uint32_t answer =
                        bpf_run((BpfProgram){ seccomp.instructions, seccomp.count }, &data, NULL);
                if (answer != CASES[i].answer)
                        fail_msg("%s: %x", CASES[i].rules, answer);
        }
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(the_template_is_what_it_says),
                cmocka_unit_test(every_interface_is_what_it_says),
                cmocka_unit_test(random_rules_are_what_they_say),
                cmocka_unit_test(the_kernel_answers_as_the_rules_say),
                cmocka_unit_test(a_long_program_is_right_and_loads),
                cmocka_unit_test(a_program_that_is_too_long_is_refused),
                cmocka_unit_test(the_first_rule_that_holds_decides),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
