/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/devices.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "launcher/die.h"
#include "launcher/kernel.h"

/* ── the rules ── */

static void add_rule(DeviceFilter *filter, DeviceRule rule) {
        if (filter->count == DEVICE_RULE_COUNT_MAX)
                die(0, "more than %d devices for one program", DEVICE_RULE_COUNT_MAX);
        filter->rules[filter->count++] = rule;
}

/* What each program has: null, zero, full, random, urandom, the terminals. */
static void add_usual(DeviceFilter *filter) {
        static const uint32_t usual[][2] = { { 1, 3 }, { 1, 5 }, { 1, 7 }, { 1, 8 },
                                             { 1, 9 }, { 5, 0 }, { 5, 1 }, { 5, 2 } };

        for (size_t i = 0; i < ARRAY_COUNT(usual); i++)
                add_rule(filter, (DeviceRule){ false, true, true, usual[i][0], usual[i][1] });
        for (uint32_t pty = 136; pty <= 143; pty++)
                add_rule(filter, (DeviceRule){ false, true, true, pty, DEVICE_ANY });
}

void device_filter_apply(DeviceFilter *filter, const LaunchStep *step) {
        if (step->op == LAUNCH_OP_DEVICE_RULE)
                add_rule(filter, (DeviceRule){ .is_block = string_equal(step->words[0], "block"),
                                               .is_read = launch_list_has(step->words[3], "ro") ||
                                                          launch_list_has(step->words[3], "rw"),
                                               .is_written = launch_list_has(step->words[3], "rw"),
                                               .major = (uint32_t)step->numbers[1],
                                               .minor = (uint32_t)step->numbers[2] });
        if (step->op == LAUNCH_OP_DEVICE_FILTER) {
                filter->is_wanted = true;
                add_usual(filter);
        }
}

void device_filter_add_node(DeviceFilter *filter, mode_t mode, dev_t number, const char *flags) {
        if (S_ISCHR(mode) || S_ISBLK(mode))
                add_rule(filter, (DeviceRule){ .is_block = S_ISBLK(mode),
                                               .is_read = true,
                                               .is_written = launch_list_has(flags, "rw"),
                                               .major = major(number),
                                               .minor = minor(number) });
}

/* ── the program ──
 * Called with r1 = { access << 16 | type, major, minor }; 0 refuses. */

typedef struct Writer {
        struct bpf_insn *at;
        struct bpf_insn *start;
} Writer;

static void put(Writer *writer, struct bpf_insn instruction) {
        *writer->at++ = instruction;
}

static struct bpf_insn load(uint8_t to, int16_t offset) {
        return (struct bpf_insn){
                .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = to, .src_reg = 1, .off = offset
        };
}

static struct bpf_insn compute(uint8_t what, uint8_t reg, int32_t value) {
        return (struct bpf_insn){ .code = (uint8_t)(BPF_ALU | what | BPF_K),
                                  .dst_reg = reg,
                                  .imm = value };
}

static struct bpf_insn unless(uint8_t reg, uint32_t value, int16_t skip) {
        return (struct bpf_insn){ .code = BPF_JMP32 | BPF_JNE | BPF_K,
                                  .dst_reg = reg,
                                  .off = skip,
                                  .imm = (int32_t)value };
}

static const struct bpf_insn END = { .code = BPF_JMP | BPF_EXIT };

/* r0 = what is asked for and not allowed; r2 type, r3 access, r4 major, r5 minor. */
static void put_rule(Writer *writer, const DeviceRule *rule) {
        bool has_major = rule->major != DEVICE_ANY, has_minor = rule->minor != DEVICE_ANY;
        int32_t refused = BPF_DEVCG_ACC_MKNOD | (rule->is_read ? 0 : BPF_DEVCG_ACC_READ) |
                          (rule->is_written ? 0 : BPF_DEVCG_ACC_WRITE);
        int16_t left = (int16_t)(5 + has_major + has_minor);

        put(writer, unless(2, rule->is_block ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, left--));
        if (has_major)
                put(writer, unless(4, rule->major, left--));
        if (has_minor)
                put(writer, unless(5, rule->minor, left--));
        put(writer,
            (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = 0, .src_reg = 3 });
        put(writer, compute(BPF_AND, 0, refused));
        put(writer, unless(0, 0, 2));
        put(writer, compute(BPF_MOV, 0, 1));
        put(writer, END);
}

size_t device_filter_compile(const DeviceFilter *filter, struct bpf_insn *ret) {
        Writer writer = { ret, ret };

        put(&writer, load(2, 0));
        put(&writer, load(3, 0));
        put(&writer, load(4, 4));
        put(&writer, load(5, 8));
        put(&writer, compute(BPF_AND, 2, 0xffff));
        put(&writer, compute(BPF_RSH, 3, 16));
        for (size_t i = 0; i < filter->count; i++)
                put_rule(&writer, &filter->rules[i]);
        put(&writer, compute(BPF_MOV, 0, 0));
        put(&writer, END);
        return (size_t)(writer.at - writer.start);
}

static int load_program(const DeviceFilter *filter) {
        autofree struct bpf_insn *program =
                memory_new(DEVICE_INSTRUCTION_COUNT_MAX * sizeof(*program));
        union bpf_attr attributes = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE };

        attributes.insn_cnt = (uint32_t)device_filter_compile(filter, program);
        attributes.insns = (uintptr_t)program;
        attributes.license = (uintptr_t) "Apache-2.0";
        return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));
}

/* ── the cgroup ── */

/* Ours in the one hierarchy of version 2, which older systems have beside the others. */
static int open_own_cgroup(void) {
        static const char *const tops[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
        FILE *list = fopen("/proc/self/cgroup", "re");
        char line[PATH_MAX], path[PATH_MAX + 64] = "";
        int found = -1;

        while (list && fgets(line, sizeof(line), list))
                if (strncmp(line, "0::", 3) == 0)
                        (void)snprintf(path, sizeof(path), "%.*s", (int)strcspn(line + 3, "\n"),
                                       line + 3);
        if (list)
                (void)fclose(list);
        for (size_t i = 0; *path && found < 0 && i < ARRAY_COUNT(tops); i++) {
                autofree char *place = string_format("%s%s", tops[i], path);
                autofd int cgroup = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                autofd int processes =
                        cgroup < 0 ? -1 : openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
                if (processes >= 0)
                        found = take_fd(cgroup);
        }
        return found;
}

static int move_into(int cgroup) {
        autofd int file = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);

        return file < 0 || write(file, "0", 1) != 1 ? -1 : 0;
}

void device_filter_enter(DeviceFilter *filter) {
        if (!filter->is_wanted)
                return;
        autofd int program = load_program(filter);
        autofd int parent = program < 0 ? -1 : open_own_cgroup();
        if (parent < 0) {
                trace_note("no cgroup v2: no device filter");
                return;
        }
        (void)snprintf(filter->name, sizeof(filter->name), "pawl-run.%d", (int)getpid());
        if (mkdirat(parent, filter->name, 0755) < 0 && errno != EEXIST)
                return;
        autofd int own = openat(parent, filter->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        union bpf_attr attach = { .target_fd = (uint32_t)own,
                                  .attach_bpf_fd = (uint32_t)program,
                                  .attach_type = BPF_CGROUP_DEVICE,
                                  .attach_flags = BPF_F_ALLOW_MULTI };
        if (own < 0 || syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach)) < 0 ||
            move_into(own) < 0) {
                (void)unlinkat(parent, filter->name, AT_REMOVEDIR);
                die(errno, "cannot put the program behind its device filter");
        }
        filter->parent = take_fd(parent);
}

void device_filter_leave(DeviceFilter *filter) {
        if (filter->parent < 0)
                return;
        if (move_into(filter->parent) == 0)
                (void)unlinkat(filter->parent, filter->name, AT_REMOVEDIR);
        (void)close(filter->parent);
        filter->parent = -1;
}
