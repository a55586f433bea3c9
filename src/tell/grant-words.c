/* SPDX-License-Identifier: Apache-2.0 */
#include "tell/grant-words.h"

#include "base/text.h"

static const struct {
        const char *name, *heading;
} KINDS[GRANT_KIND_COUNT] = {
        [GRANT_FILE] = { "file", "files" },
        [GRANT_DEVICE] = { "device", "devices" },
        [GRANT_SOCKET] = { "socket", "sockets" },
        [GRANT_MOUNT] = { "mount", "files" },
        [GRANT_BUS] = { "bus", "D-Bus" },
        [GRANT_VARIABLE] = { "variable", "environment" },
        [GRANT_UNIX_SOCKET] = { "unix-socket", "sockets" },
        [GRANT_ABSTRACT_SOCKET] = { "abstract-socket", "sockets" },
        [GRANT_SYSTEM_CALL] = { "system-call", "system calls" },
        [GRANT_KERNEL_MODULE] = { "kernel-module", "kernel modules" },
        [GRANT_APPARMOR] = { "apparmor", "AppArmor" },
        [GRANT_UDEV] = { "udev", "devices" },
        [GRANT_MODULE_RULE] = { "module-rule", "kernel modules" },
        [GRANT_PIN] = { "pin", "devices" },
        [GRANT_POLKIT_ACTION] = { "polkit-action", "polkit" },
        [GRANT_QUEUE] = { "queue", "message queues" },
};

const char *grant_kind_get_heading(GrantKind kind) {
        return KINDS[kind].heading;
}

const char *grant_kind_get_name(GrantKind kind) {
        return KINDS[kind].name;
}

static const char *const VERBS[] = {
        [INTERFACE_BUS_OWN] = "own",
        [INTERFACE_BUS_TALK] = "talk",
        [INTERFACE_BUS_SEE] = "see",
        [INTERFACE_BUS_CALL] = "call",
        [INTERFACE_BUS_BROADCAST] = "broadcast",
};

const char *bus_verb_get_name(InterfaceBusVerb verb) {
        return VERBS[verb];
}

char *access_format(unsigned access) {
        return string_format("%s%s%s", access & INTERFACE_ACCESS_READ ? "r" : "",
                             access & INTERFACE_ACCESS_WRITE ? "w" : "",
                             access & INTERFACE_ACCESS_EXECUTE ? "x" : "");
}

static const char *get_access_words(unsigned access) {
        static const char *const words[] = {
                "look at", "read",         "write",         "read and write",
                "run",     "read and run", "write and run", "read, write and run",
        };

        return words[access % ARRAY_COUNT(words)];
}

static char *format_device(const GrantRow *row) {
        const InterfaceDevice *device = row->device;
        const char *verb = get_access_words(row->access);
        autofree char *minor = device && device->minor >= 0
                                       ? string_format(", minor %d", device->minor)
                                       : string_copy("");

        if (device && device->property)
                return string_format("%s %s where udev says %s", verb, row->text, device->property);
        if (row->second)
                return string_format("%s the USB device %s as %s", verb, row->second, row->text);
        if (!device || !device->kind)
                return string_format("%s %s", verb, row->text);
        const char *kind = device->kind == 'c' ? "character" : "block";
        if (!row->text)
                return string_format("%s %s devices of major %d%s", verb, kind, device->major,
                                     minor);
        return string_format("%s %s (%s, major %d%s)", verb, row->text, kind, device->major, minor);
}

static char *format_bus(const GrantRow *row) {
        const InterfaceBus *bus = row->bus;
        static const char *const verbs[] = {
                [INTERFACE_BUS_OWN] = "own the name",
                [INTERFACE_BUS_TALK] = "talk to",
                [INTERFACE_BUS_SEE] = "see",
                [INTERFACE_BUS_CALL] = "call",
                [INTERFACE_BUS_BROADCAST] = "receive signals of",
        };
        autotext text = TEXT_INIT;

        text_append_format(&text, "%s ", verbs[bus->verb]);
        if (bus->member)
                text_append_format(&text, "%s of ", bus->member);
        if (bus->interface)
                text_append_format(&text, "%s of ", bus->interface);
        text_append(&text, row->text);
        if (row->second)
                text_append_format(&text, " at %s", row->second);
        if (bus->bus[0] == '$')
                text_append_format(&text, " on the bus that %s says", bus->bus);
        else
                text_append_format(&text, " on the %s bus", row->is_session ? "session" : "system");
        return text_take(&text);
}

static char *format_call(const char *rule) {
        return *rule == '~' ? string_format("not call %s", rule + 1)
                            : string_format("call %s", rule);
}

static char *format_queue(const GrantRow *row) {
        return string_format("%s%s%s the message queue %s", get_access_words(row->access & 3),
                             row->access & GRANT_QUEUE_CREATE ? ", create" : "",
                             row->access & GRANT_QUEUE_DELETE ? ", delete" : "", row->text);
}

char *grant_row_format(const GrantRow *row) {
        switch (row->kind) {
        case GRANT_DEVICE:
                return format_device(row);
        case GRANT_SOCKET:
                return string_format("open %s sockets", row->text);
        case GRANT_MOUNT:
                return string_format("%s %s, shown %s %s%s%s", get_access_words(row->access),
                                     row->text, row->needs ? "in" : "as", row->second,
                                     row->needs ? ", where there is " : "",
                                     row->needs ? row->needs : "");
        case GRANT_BUS:
                return format_bus(row);
        case GRANT_VARIABLE:
                return string_format("find %s=%s set", row->text, row->second);
        case GRANT_UNIX_SOCKET:
        case GRANT_ABSTRACT_SOCKET:
                return string_format("connect to %s", row->text);
        case GRANT_SYSTEM_CALL:
                return format_call(row->text);
        case GRANT_KERNEL_MODULE:
                return string_format("rely on the kernel module %s", row->text);
        case GRANT_MODULE_RULE:
                return string_format("have modprobe told: %s", row->text);
        case GRANT_QUEUE:
                return format_queue(row);
        case GRANT_PIN:
                return string_format("find pin %s exported", row->text);
        case GRANT_POLKIT_ACTION:
                return string_format("%s%s", row->second ? "have polkit know the action " : "",
                                     row->text);
        case GRANT_APPARMOR:
                return string_format("by a line of its own: %s", row->text);
        case GRANT_UDEV:
                return string_format("be told of devices with %s", row->text);
        default:
                return string_format("%s %s", get_access_words(row->access), row->text);
        }
}
