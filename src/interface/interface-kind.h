/* SPDX-License-Identifier: Apache-2.0
 *
 * InterfaceKind: one interface's file, checked (reader/definition.h): those of interfaces/ by the
 * build, which makes a table of them, those of /etc/pawl/interfaces.d when the daemon starts.  The
 * format is told in docs/interfaces.md.  Constant data: who is connected is in the state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* For people; what decides is `policy`. */
typedef enum InterfaceAuto {
        INTERFACE_AUTO_NEVER,
        INTERFACE_AUTO_ALWAYS,
        INTERFACE_AUTO_CLASSIC,        /* where the system is no Ubuntu Core */
        INTERFACE_AUTO_SAME_PUBLISHER, /* and only between asserted packages */
} InterfaceAuto;

typedef enum AttributeType {
        ATTRIBUTE_TEXT,
        ATTRIBUTE_TEXTS, /* list; so are the other plural ones */
        ATTRIBUTE_CHOICE,
        ATTRIBUTE_CHOICES,
        ATTRIBUTE_BOOL,
        ATTRIBUTE_INT,
        ATTRIBUTE_PATH, /* absolute and clean */
        ATTRIBUTE_PATHS,
        ATTRIBUTE_DEVICE, /* likewise, below /dev */
        ATTRIBUTE_DEVICES,
        ATTRIBUTE_DBUS_NAME,    /* well-known, not ending with "-NUMBER" */
        ATTRIBUTE_HOME_PATHS,   /* "$HOME/…" */
        ATTRIBUTE_SYSTEM_PATHS, /* "/…" */
        ATTRIBUTE_SHARE_PATH, /* "$SNAP/…", "$SNAP_DATA/…", "$SNAP_COMMON/…", or relative to $SNAP
                               */
        ATTRIBUTE_SHARE_PATHS,
        ATTRIBUTE_SHARE_SOURCE, /* {read: list, write: list} of them */
        ATTRIBUTE_ENTRIES,      /* list of mappings with `fields` and nothing else */
        ATTRIBUTE_ANY,          /* checked by nobody, or by code of this interface */
        ATTRIBUTE_TYPE_COUNT,
} AttributeType;

typedef struct InterfaceAttribute {
        const char *name; /* NULL ends a list */
        AttributeType type;
        bool is_required;
        const char *const *choices; /* ends with NULL */
        const char *pattern;        /* POSIX extended, of the whole text; NULL = any */
        int64_t minimum, maximum;   /* of an int */
        const char *fallback;       /* what an absent one stands for; NULL = nothing */
        const struct InterfaceAttribute *fields;
        const struct InterfaceRule *rules; /* of entries: between the fields of each */
        const char *message;               /* instead of ours; NULL = ours */
} InterfaceAttribute;

/* What holds where `attribute` is there, and is what `value` or `pattern` say; of a list, where one
 * of it is. */
typedef struct InterfaceRule {
        const char *attribute;       /* NULL ends a list */
        const char *value;           /* JSON of a scalar; NULL = any */
        const char *pattern;         /* POSIX extended, of the whole text; NULL = any */
        const char *const *excludes; /* none of them is there; these lists end with NULL */
        const char *const *needs;    /* all of them are there, and not empty */
        const char *limits; /* JSON {attribute: [values]}: where that is there, it is one of them,
                               or a list of them; NULL = none */
        bool is_alone;      /* the package has no other plug or slot of this interface */
        const char *message;
} InterfaceRule;

/* ── what is granted ──
 * Texts may have variables; see docs/interfaces.md.  Lists end with an empty row; NULL is none. */

typedef enum InterfaceAccess {
        INTERFACE_ACCESS_READ = 1 << 0,
        INTERFACE_ACCESS_WRITE = 1 << 1,
        INTERFACE_ACCESS_EXECUTE = 1 << 2,
} InterfaceAccess;

typedef enum InterfaceFlag {
        INTERFACE_LISTENS = 1 << 0,             /* internet sockets may be listened at */
        INTERFACE_SHOWS_HOME = 1 << 1,          /* what is not hidden in the user's home */
        INTERFACE_SEES_PROCESSES = 1 << 2,      /* all of the machine's in /proc */
        INTERFACE_SIGNALS_PROCESSES = 1 << 3,   /* any of them */
        INTERFACE_TRACES_PROCESSES = 1 << 4,    /* ptrace and the like */
        INTERFACE_LIFTS_TCP = 1 << 5,           /* TCP ports are not restricted */
        INTERFACE_LIFTS_MOUNTS = 1 << 6,        /* file systems may be mounted */
        INTERFACE_LIFTS_NAMESPACES = 1 << 7,    /* namespaces may be made */
        INTERFACE_LIFTS_DEVICE_FILTER = 1 << 8, /* the program rules its devices itself */
        INTERFACE_LIFTS_NO_NEW_PRIVILEGES = 1 << 9,
        INTERFACE_DELEGATES_CGROUP = 1 << 10, /* the service rules its own cgroup */
} InterfaceFlag;

typedef struct InterfaceFile {
        const char *path; /* pattern */
        unsigned access;
        const char *make; /* mode of a directory that is made where it is not there; or NULL */
} InterfaceFile;

typedef struct InterfaceDevice {
        const char *path; /* pattern; NULL = by number alone */
        unsigned access;
        char kind;            /* 'c', 'b'; 0 = by path alone, which ends a list when that is NULL */
        int major, minor;     /* -1 = any */
        const char *property; /* of udev's, that must be 1; or NULL */
} InterfaceDevice;

typedef struct InterfaceSocket {
        const char *name;
        int family;
        int protocol; /* -1 = any */
} InterfaceSocket;

/* A directory or file of the host, shown at another place. */
typedef struct InterfaceMount {
        const char *what;
        const char *where;
        unsigned access;
        const char *make; /* as of InterfaceFile */
} InterfaceMount;

typedef enum InterfaceBusVerb {
        INTERFACE_BUS_OWN,
        INTERFACE_BUS_TALK, /* all calls, all broadcasts */
        INTERFACE_BUS_SEE,
        INTERFACE_BUS_CALL,
        INTERFACE_BUS_BROADCAST, /* signals from it are received */
} InterfaceBusVerb;

typedef struct InterfaceBus {
        const char *bus; /* "system", "session" or a variable */
        InterfaceBusVerb verb;
        const char *name;
        const char *path, *interface, *member; /* NULL = any */
} InterfaceBus;

typedef struct InterfaceVariable {
        const char *key;
        const char *value;
} InterfaceVariable;

typedef enum InterfaceList {
        INTERFACE_LIST_UNIX_SOCKETS,     /* patterns of paths */
        INTERFACE_LIST_ABSTRACT_SOCKETS, /* "@…" */
        INTERFACE_LIST_SYSTEM_CALLS,     /* rules (policy/seccomp-rule.h) */
        INTERFACE_LIST_KERNEL_MODULES,
        INTERFACE_LIST_APPARMOR, /* lines as they stand */
        INTERFACE_LIST_UDEV,     /* matches of devices that are tagged */
        INTERFACE_LIST_COUNT,
} InterfaceList;

typedef struct InterfaceGrants {
        unsigned flags;        /* of InterfaceFlag */
        uint64_t capabilities; /* a bit each, by the kernel's numbers */
        const InterfaceFile *files;
        const InterfaceDevice *devices;
        const InterfaceSocket *sockets;
        const InterfaceMount *mounts;
        const InterfaceBus *dbus;
        const InterfaceVariable *environment;
        const char *const *lists[INTERFACE_LIST_COUNT];
} InterfaceGrants;

/* When what is granted. */
typedef struct InterfaceBlock {
        bool is_always;        /* connected or not */
        bool is_unless;        /* granted where the condition does not hold */
        const char *condition; /* JSON: attributes of this side that must be so (a text may be the
                                  other side's: "$SLOT(a)"); NULL = none */
        const InterfaceGrants *grants; /* NULL ends a list */
} InterfaceBlock;

/* What one side declares and is granted. */
typedef struct InterfaceSide {
        const InterfaceAttribute *attributes;
        bool has_only_known;                /* other attributes are refused */
        const char *const *requires_one_of; /* ends with NULL; or NULL */
        const char *requires_message;
        const char *message_prefix; /* "" where there is none */
        const InterfaceRule *rules;
        const InterfaceBlock *blocks;
} InterfaceSide;

typedef struct InterfaceKind {
        const char *name;
        const char *summary;
        bool is_implicit_on_classic, is_implicit_on_core; /* a slot of the system itself */
        const char *const *slot_types; /* of snaps that may have a slot; "core" is
                                          os and snapd; ends with NULL */
        InterfaceAuto auto_connect;
        const char *never_auto_if; /* JSON: a plug with one of these is connected by hand only */
        const char *must_match;    /* attribute that is equal on both sides; absent = the name */
        bool plug_sees_slot;       /* directories of the slot's snap are shown to the plug's */
        const char *policy; /* JSON {plug: {rule: …}, slot: {rule: …}}: who may install and
                               connect, as base declarations say it */
        InterfaceSide plug, slot;
        const char *origin; /* path of the file; NULL = built in */
        bool may_replace;   /* a built-in one of this name */
} InterfaceKind;

/* What is built in, by name. */
extern const InterfaceKind interface_kinds[];
extern const size_t interface_kind_count;

/* All that this daemon knows, by name: what is built in, and what was added. */
const InterfaceKind *const *interface_kind_list(size_t *ret_count);
/* NULL when this daemon does not know it. */
const InterfaceKind *interface_kind_find(const char *name);
/* Before the state is opened, once: `kind` goes in, in place of a built-in one of its name, and
 * stays as long as the process. */
void interface_kind_add(const InterfaceKind *kind);
/* A digest of what the added ones say, "" where there are none: part of the generation. */
void interface_kind_set_added_digest(const char *digest);
const char *interface_kind_get_added_digest(void);
/* Takes back what was added; for tests. */
void interface_kind_forget_added(void);
