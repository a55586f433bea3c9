/* SPDX-License-Identifier: Apache-2.0
 *
 * InterfaceKind: one file of interfaces/ as the build read and checked it (embed-interfaces.py);
 * the format is told in docs/interfaces.md.  Constant data: who is connected is in the state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

typedef enum InterfaceAuto {
        INTERFACE_AUTO_NEVER,
        INTERFACE_AUTO_ALWAYS,
        INTERFACE_AUTO_CLASSIC,        /* where the system is no Ubuntu Core */
        INTERFACE_AUTO_SAME_PUBLISHER, /* and only between asserted packages */
} InterfaceAuto;

typedef enum AttributeType {
        ATTRIBUTE_TEXT,
        ATTRIBUTE_CHOICE,
        ATTRIBUTE_HOME_PATHS,   /* list of "$HOME/…" */
        ATTRIBUTE_SYSTEM_PATHS, /* list of "/…" */
        ATTRIBUTE_SHARE_PATH, /* "$SNAP/…", "$SNAP_DATA/…", "$SNAP_COMMON/…", or relative to $SNAP
                               */
        ATTRIBUTE_SHARE_PATHS,  /* list of them */
        ATTRIBUTE_SHARE_SOURCE, /* {read: list, write: list} of them */
        ATTRIBUTE_TYPE_COUNT,
} AttributeType;

typedef struct InterfaceAttribute {
        const char *name; /* NULL ends a list */
        AttributeType type;
        bool is_required;
        const char *const *choices; /* ends with NULL */
        const char *message;        /* instead of ours; NULL = ours */
} InterfaceAttribute;

/* Families of sockets beyond unix ones. */
typedef enum InterfaceSocket {
        INTERFACE_SOCKET_INET = 1 << 0,
        INTERFACE_SOCKET_INET6 = 1 << 1,
        INTERFACE_SOCKET_NETLINK_ROUTE = 1 << 2,
} InterfaceSocket;

/* Files and directories of the host that are shown where they are. */
typedef struct InterfacePlace {
        const char *path;      /* NULL: those that the attribute lists */
        const char *attribute; /* NULL with `path`; both NULL ends a list */
        bool is_writable;
} InterfacePlace;

/* What one side declares and is granted. */
typedef struct InterfaceSide {
        const InterfaceAttribute *attributes;
        const char *const *requires_one_of; /* ends with NULL; or NULL */
        const char *requires_message;
        const char *message_prefix; /* "" where there is none */
        unsigned sockets;           /* of InterfaceSocket */
        bool lifts_tcp;             /* TCP ports are not restricted */
        bool listens;               /* internet sockets may be listened at */
        bool shows_home;            /* what is not hidden in the user's home */
        const InterfacePlace *places;
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
        InterfaceSide plug, slot;
} InterfaceKind;

extern const InterfaceKind interface_kinds[];
extern const size_t interface_kind_count;

/* NULL when this daemon does not know it. */
const InterfaceKind *interface_kind_find(const char *name);
