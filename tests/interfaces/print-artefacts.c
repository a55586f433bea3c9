/* SPDX-License-Identifier: Apache-2.0
 *
 * print-artefacts INTERFACE plug|slot [PLUG-ATTRIBUTES [SLOT-ATTRIBUTES]]: what a connection of
 * this interface grants, as the launch and the backends are told, for what cannot be tried on a
 * machine without the hardware or service.
 */
#include <stdio.h>
#include <string.h>

#include "backend/backend.h"
#include "interface/grant.h"

static void print_rows(const GrantSet *set) {
        static const char *const names[GRANT_KIND_COUNT] = {
                [GRANT_FILE] = "file",
                [GRANT_DEVICE] = "device",
                [GRANT_SOCKET] = "socket",
                [GRANT_MOUNT] = "mount",
                [GRANT_BUS] = "bus",
                [GRANT_VARIABLE] = "variable",
                [GRANT_UNIX_SOCKET] = "unix-socket",
                [GRANT_ABSTRACT_SOCKET] = "abstract-socket",
                [GRANT_SYSTEM_CALL] = "system-call",
                [GRANT_KERNEL_MODULE] = "kernel-module",
                [GRANT_APPARMOR] = "apparmor",
                [GRANT_UDEV] = "udev",
                [GRANT_MODULE_RULE] = "module-rule",
                [GRANT_PIN] = "pin",
                [GRANT_POLKIT_ACTION] = "polkit-action",
                [GRANT_QUEUE] = "queue",
        };

        for (size_t i = 0; i < set->row_count; i++)
                (void)printf("%s %s%s%s%s%s%s\n", names[set->rows[i].kind],
                             set->rows[i].text ? set->rows[i].text : "-",
                             set->rows[i].access & INTERFACE_ACCESS_READ ? " r" : "",
                             set->rows[i].access & INTERFACE_ACCESS_WRITE ? " w" : "",
                             set->rows[i].access & INTERFACE_ACCESS_EXECUTE ? " x" : "",
                             set->rows[i].second ? " " : "",
                             set->rows[i].second ? set->rows[i].second : "");
        (void)printf("flags %#x\ncapabilities %#llx\n", set->flags,
                     (unsigned long long)set->capabilities);
}

static void print_files(const GrantSet *set) {
        const BackendProgram program = { "snap.x.app", set };
        const BackendInput input = { "x", "x", false, &program, 1 };

        for (const Backend *const *backend = backends; *backend; backend++) {
                autoartefacts artefacts = { 0 };
                (*backend)->compile(&input, &artefacts);
                for (size_t i = 0; i < artefacts.count; i++)
                        if (artefacts.items[i].text)
                                (void)printf("--- %s/%s\n%s", artefacts.items[i].directory,
                                             artefacts.items[i].name, artefacts.items[i].text);
        }
}

int main(int argc, char **argv) {
        __attribute__((cleanup(grant_set_done))) GrantSet set = { 0 };
        Error err = ERROR_INIT;
        autojson plug = NULL;
        autojson slot = NULL;
        autotext rules = TEXT_INIT;

        const InterfaceKind *kind = argc < 3 ? NULL : interface_kind_find(argv[1]);
        if (!kind) {
                (void)fprintf(stderr, "no such interface\n");
                return 64;
        }
        bool is_plug = strcmp(argv[2], "plug") == 0;
        if ((argc > 3 && json_parse(argv[3], strlen(argv[3]), &plug, &err) < 0) ||
            (argc > 4 && json_parse(argv[4], strlen(argv[4]), &slot, &err) < 0) ||
            (plug && endpoint_check(true, argv[1], plug, &err) < 0) ||
            (slot && endpoint_check(false, argv[1], slot, &err) < 0) ||
            grant_set_add_example(&set,
                                  &(GrantExample){ .kind = kind,
                                                   .is_plug = is_plug,
                                                   .instance = "x",
                                                   .name = "x",
                                                   .peer = slot ? "y" : "",
                                                   .plug_attributes = plug,
                                                   .slot_attributes = slot },
                                  &err) < 0) {
                (void)printf("refused: %s\n", err.message);
                return 1;
        }
        print_rows(&set);
        grant_set_append_seccomp(&set, &rules);
        (void)printf("--- seccomp\n%s", rules.bytes ? rules.bytes : "");
        print_files(&set);
        return 0;
}
