/* SPDX-License-Identifier: Apache-2.0
 *
 * GrantSet: what the live connections of exactly one app or hook allow it beyond what every program
 * may, in neutral terms.  The launch turns it into a plan and a filter; nothing of it is kept.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"
#include "base/text.h"
#include "interface/endpoint-check.h"
#include "interface/interface-kind.h"
#include "state/database.h"

#define GRANT_ROW_COUNT_MAX      1000
#define GRANT_ORIGIN_COUNT_MAX   128
#define GRANT_SHARE_COUNT_MAX    32
#define GRANT_PROVIDER_COUNT_MAX 8

typedef enum GrantKind {
        GRANT_FILE,
        GRANT_DEVICE,
        GRANT_SOCKET, /* a family */
        GRANT_MOUNT,
        GRANT_BUS,
        GRANT_VARIABLE,
        GRANT_UNIX_SOCKET, /* these in the order of InterfaceList */
        GRANT_ABSTRACT_SOCKET,
        GRANT_SYSTEM_CALL,
        GRANT_KERNEL_MODULE,
        GRANT_APPARMOR,
        GRANT_UDEV,
        GRANT_MODULE_RULE,   /* a line for modprobe.d: "options …", "blacklist …" */
        GRANT_PIN,           /* of GPIO, a number: exported */
        GRANT_POLKIT_ACTION, /* its id, and as second its XML; none: a file is left out, and why */
        GRANT_QUEUE,         /* of POSIX messages, by name: "/NAME" */
        GRANT_KIND_COUNT,
} GrantKind;

/* Of a queue, beside INTERFACE_ACCESS_READ and _WRITE. */
#define GRANT_QUEUE_CREATE (1u << 3)
#define GRANT_QUEUE_DELETE (1u << 4)
#define GRANT_QUEUE_ALL \
        (INTERFACE_ACCESS_READ | INTERFACE_ACCESS_WRITE | GRANT_QUEUE_CREATE | GRANT_QUEUE_DELETE)

/* The plug or slot that something comes from. */
typedef struct GrantOrigin {
        char *endpoint; /* owned: the plug's or slot's name */
        bool is_plug;
        const InterfaceKind *kind;
        const InterfaceGrants *grants;
} GrantOrigin;

/* One thing that is granted.  Texts have no variables but $HOME and $RUNTIME at their beginning. */
typedef struct GrantRow {
        GrantKind kind;
        unsigned access; /* of InterfaceAccess; files, devices, mounts */
        char *text;      /* owned: pattern of paths, name, key, line; NULL: a device by number */
        char *second; /* owned: a mount's place, a variable's value, a bus rule's object, a node's
                         numbers of the USB; or NULL */
        const char *make;              /* constant: mode of a directory that is made; or NULL */
        const char *needs;             /* constant: only where the host has this path; or NULL */
        bool is_session;               /* of the buses */
        const InterfaceDevice *device; /* constant data, where the kind has it */
        const InterfaceSocket *socket;
        const InterfaceBus *bus;
        size_t origin;
} GrantRow;

/* A snap whose directories are shared with the program: its revision counts for the plan too. */
typedef struct GrantProvider {
        char *instance, *name, *revision, *file; /* owned */
        int64_t epoch;
        bool is_paused;
        bool needs_image; /* something of the image itself is shared */
} GrantProvider;

typedef struct GrantShare {
        size_t provider; /* index */
        SharePlace source;
        char *source_below; /* owned, maybe "" */
        SharePlace target;  /* SHARE_PLACE_VIEW: below the root of the program's view */
        char *target_below; /* owned, maybe "" */
        bool is_writable;
} GrantShare;

typedef struct GrantSet {
        unsigned flags; /* of InterfaceFlag */
        uint64_t capabilities;
        GrantRow *rows; /* owned */
        size_t row_count;
        GrantOrigin origins[GRANT_ORIGIN_COUNT_MAX];
        size_t origin_count;
        GrantShare shares[GRANT_SHARE_COUNT_MAX];
        size_t share_count;
        GrantProvider providers[GRANT_PROVIDER_COUNT_MAX];
        size_t provider_count;
} GrantSet;

void grant_set_done(GrantSet *set);

typedef struct GrantRequest {
        const char *instance;
        const char *name;       /* of the snap, without an instance key */
        const json_t *manifest; /* of the current revision */
        const char *program;
        bool is_hook;
        const char *revision; /* whose manifest it is; NULL: the current one */
} GrantRequest;

/* What is always granted, and what the live connections do; `ret` is zeroed or as grant_set_done
 * left it. */
int grant_set_load(Database *database, const GrantRequest *request, GrantSet *ret, Error *err);
/* One side of an interface, as if it were connected; for descriptions, and for tests. */
typedef struct GrantExample {
        const InterfaceKind *kind;
        bool is_plug;
        bool has_all; /* also what is granted on conditions only */
        const char *instance, *name;
        const char *peer;              /* instance, "" for the system */
        const json_t *plug_attributes; /* or NULL */
        const json_t *slot_attributes;
} GrantExample;

/* What the file of this interface cannot say is done by a function of this name. */
bool grant_has_hook(const char *interface);
/* Adds to `set`, which is zeroed or holds others. */
int grant_set_add_example(GrantSet *set, const GrantExample *example, Error *err);

/* The first row of this kind from `at` on; row_count where there is no more. */
size_t grant_set_find(const GrantSet *set, GrantKind kind, size_t at);
bool grant_set_has(const GrantSet *set, GrantKind kind);
/* What it may with any of its queues: who keeps them apart by name is AppArmor alone. */
unsigned grant_set_get_queue_access(const GrantSet *set);
/* The lines that the set adds to the seccomp template (policy/seccomp.h). */
void grant_set_append_seccomp(const GrantSet *set, Text *rules);
