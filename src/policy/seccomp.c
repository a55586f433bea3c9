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

/* Calls younger than the names of libseccomp 2.5.4; one number on every architecture. */
static const struct {
        const char *name;
        int number;
} YOUNG[] = {
        { "memfd_secret", 447 }, { "futex_waitv", 449 },      { "cachestat", 451 },
        { "fchmodat2", 452 },    { "map_shadow_stack", 453 }, { "futex_wake", 454 },
        { "futex_wait", 455 },   { "futex_requeue", 456 },    { "mseal", 462 },
};

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

static int resolve_name(const char *name) {
        int number = seccomp_syscall_resolve_name(name);

        for (size_t i = 0; number == __NR_SCMP_ERROR && i < ARRAY_COUNT(YOUNG); i++)
                if (string_equal(YOUNG[i].name, name))
                        return YOUNG[i].number;
        return number;
}

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
        int number = resolve_name(name);
        if (number < 0)
                return 0;
        int status = seccomp_rule_add_array(contexts[VERBS[row].program], VERBS[row].action, number,
                                            count, conditions);
        return status < 0 && status != -EEXIST
                       ? error_set_errno(err, -status, "libseccomp refuses the rule for %s", name)
                       : 0;
}

static int open_context(size_t program, scmp_filter_ctx *ret, Error *err) {
        autocontext context = seccomp_init(program == 0 ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW);

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

        if (open_context(0, &allow, err) < 0 || open_context(1, &refuse, err) < 0)
                return -1;
        for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                if (add_rule((scmp_filter_ctx[]){ allow, refuse }, line, err) < 0)
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

char *seccomp_describe_inputs(const char *rules) {
        const struct scmp_version *version = seccomp_version();
        autofree char *actions = read_kernel_actions();
        struct utsname machine = { 0 };

        (void)uname(&machine);
        return string_format("generator %s\nlibseccomp %u.%u.%u\nmachine %s\nactions %s%s",
                             GENERATOR_DIGEST, version->major, version->minor, version->micro,
                             machine.machine, actions, rules);
}
