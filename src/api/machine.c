/* SPDX-License-Identifier: Apache-2.0 */
#include "api/machine.h"

#include <ctype.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/own.h"
#include "base/text.h"

#define SMALL_FILE_SIZE 4096

/* The first bytes of a file, NUL-terminated; "" when it cannot be read. */
static void read_start(const char *path, char buffer[SMALL_FILE_SIZE]) {
        autofd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        ssize_t length = fd < 0 ? 0 : read(fd, buffer, SMALL_FILE_SIZE - 1);

        buffer[length < 0 ? 0 : length] = '\0';
}

/* The value of KEY= in a file of shell assignments, unquoted; untouched when absent. */
static void find_assignment(const char *text, const char *key, char value[MACHINE_TEXT_SIZE]) {
        size_t key_length = strlen(key);

        for (const char *line = text; *line; line += *line == '\n') {
                size_t length = strcspn(line, "\n");
                if (length > key_length && strncmp(line, key, key_length) == 0 &&
                    line[key_length] == '=') {
                        const char *start = line + key_length + 1;
                        size_t quote = strspn(start, "\"'");
                        size_t size = strcspn(start + quote, "\"'\n");
                        (void)snprintf(value, MACHINE_TEXT_SIZE, "%.*s", (int)size, start + quote);
                        return;
                }
                line += length;
        }
}

static void read_os_release(Machine *machine) {
        char text[SMALL_FILE_SIZE];

        read_start("/etc/os-release", text);
        if (!*text)
                read_start("/usr/lib/os-release", text);
        (void)snprintf(machine->os_id, sizeof(machine->os_id), "linux");
        find_assignment(text, "ID", machine->os_id);
        find_assignment(text, "VERSION_ID", machine->os_version_id);
        for (char *c = machine->os_id; *c; c++)
                *c = (char)tolower((unsigned char)*c);
}

/* Firmware vendors and products of virtual machines, by how their text starts. */
static const struct {
        const char *prefix, *name;
} FIRMWARES[] = {
        { "KVM", "kvm" },           { "QEMU", "qemu" },           { "VMware", "vmware" },
        { "VirtualBox", "oracle" }, { "innotek", "oracle" },      { "Xen", "xen" },
        { "Bochs", "bochs" },       { "Parallels", "parallels" }, { "BHYVE", "bhyve" },
        { "Amazon EC2", "amazon" }, { "Google", "google" },       { "Microsoft", "microsoft" },
};

static const char *const FIRMWARE_FILES[] = { "/sys/class/dmi/id/product_name",
                                              "/sys/class/dmi/id/sys_vendor",
                                              "/sys/class/dmi/id/bios_vendor" };

static void read_virtualization(Machine *machine) {
        char text[SMALL_FILE_SIZE];

        /* Written by systemd where PID 1 was told that it is in a container. */
        read_start("/run/systemd/container", text);
        text[strcspn(text, "\n")] = '\0';
        (void)snprintf(machine->virtualization, sizeof(machine->virtualization), "%.60s", text);
        for (size_t i = 0; i < ARRAY_COUNT(FIRMWARE_FILES) && !*machine->virtualization; i++) {
                read_start(FIRMWARE_FILES[i], text);
                for (size_t j = 0; j < ARRAY_COUNT(FIRMWARES); j++)
                        if (string_has_prefix(text, FIRMWARES[j].prefix))
                                (void)snprintf(machine->virtualization,
                                               sizeof(machine->virtualization), "%s",
                                               FIRMWARES[j].name);
        }
}

static int compare_words(const void *a, const void *b) {
        return strcmp(a, b);
}

/* Sorted, as clients show them. */
static void read_seccomp_actions(Machine *machine) {
        char text[SMALL_FILE_SIZE];

        read_start("/proc/sys/kernel/seccomp/actions_avail", text);
        for (const char *word = text + strspn(text, " \n");
             *word && machine->seccomp_action_count < MACHINE_SECCOMP_ACTION_MAX;
             word += strspn(word, " \n")) {
                size_t length = strcspn(word, " \n");
                (void)snprintf(machine->seccomp_actions[machine->seccomp_action_count++],
                               MACHINE_TEXT_SIZE, "%.*s", (int)length, word);
                word += length;
        }
        qsort(machine->seccomp_actions, machine->seccomp_action_count, MACHINE_TEXT_SIZE,
              compare_words);
}

void machine_read(Machine *ret) {
        *ret = (Machine){ 0 };
        long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

        ret->landlock_abi = abi > 0 ? (int)abi : 0;
        read_os_release(ret);
        read_virtualization(ret);
        read_seccomp_actions(ret);
}
