/* SPDX-License-Identifier: Apache-2.0 */
#include "denial/denial-words.h"

#include <string.h>

#include "base/text.h"

/* Landlock's blockers and AppArmor's operations that come without a file, a socket's family or a
 * capability. */
static const struct {
        const char *name, *wish;
} WISHES[] = {
        { "scope.signal", "to send a signal to a process outside" },
        { "scope.abstract_unix_socket", "to connect to an abstract unix socket of the host" },
        { "net.bind_tcp", "to serve a TCP port" },
        { "net.connect_tcp", "to connect to a TCP port" },
        { "ptrace", "to look into another process, or trace it" },
        { "signal", "to send a signal to a process outside" },
        { "mount", "to mount a file system" },
        { "remount", "to change a mount" },
        { "umount", "to unmount a file system" },
        { "pivotroot", "to change its root" },
        { "change_profile", "to change its AppArmor profile" },
        { "change_onexec", "to change its AppArmor profile" },
        { "userns_create", "to make a user namespace" },
        { "fs.change_topology", "to mount a file system" },
        { "mqueue", "to use a POSIX message queue" },
};

static char *format_other(const Denial *denial) {
        for (size_t i = 0; i < ARRAY_COUNT(WISHES); i++) {
                size_t length = strlen(WISHES[i].name);
                if (strncmp(denial->text, WISHES[i].name, length) == 0 &&
                    (!denial->text[length] || denial->text[length] == ','))
                        return string_copy(WISHES[i].wish);
        }
        return string_format("what is called %s", denial->text);
}

static char *format_path(const Denial *denial) {
        static const struct {
                char access;
                const char *verb;
        } verbs[] = { { 'r', "read" }, { 'w', "write" }, { 'x', "run" } };
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < ARRAY_COUNT(verbs); i++)
                if (strchr(denial->access, verbs[i].access))
                        text_append_format(&text, "%s%s", text.length > 0 ? " and " : "to ",
                                           verbs[i].verb);
        text_append_format(&text, "%s %s", text.length > 0 ? "" : "to reach", denial->text);
        return text_take(&text);
}

static char *format_bus(const Denial *denial) {
        autotext text = TEXT_INIT;

        text_append_format(&text, "to talk to %s", *denial->text ? denial->text : "somebody");
        if (*denial->member)
                text_append_format(&text, ": %s of %s", denial->member, denial->interface);
        if (*denial->path)
                text_append_format(&text, " at %s", denial->path);
        text_append_format(&text, " on %s%s", *denial->bus ? "the " : "a message bus", denial->bus);
        if (*denial->bus)
                text_append(&text, " bus");
        return text_take(&text);
}

char *denial_format_wish(const Denial *denial) {
        switch (denial->kind) {
        case DENIAL_SYSTEM_CALL:
                return string_format("to make the system call %s", denial->text);
        case DENIAL_FILE:
                return format_path(denial);
        case DENIAL_SOCKET:
                return string_format("to use a socket of the family %s", denial->text);
        case DENIAL_CAPABILITY:
                return string_format("the capability %s", denial->text);
        case DENIAL_BUS:
                return format_bus(denial);
        default:
                return format_other(denial);
        }
}
