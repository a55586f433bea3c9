/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/apparmor-profile.h"

#include <string.h>

#include "base/capability.h"
#include "base/own.h"

/* ── what every program may ── */

/* The base, read-only in the view: read and run, never written. */
static const char BASE[] = "  / r,\n"
                           "  /{bin,sbin,lib,lib32,lib64,libx32,usr,opt}/ r,\n"
                           "  /{bin,sbin,lib,lib32,lib64,libx32,usr,opt}/** mrix,\n"
                           "  /{etc,srv,media,mnt}/{,**} r,\n"
                           "  /{home,root,snap,dev,proc,sys,run,tmp,var}/ r,\n";

/* tmpfs of the launch's own, in which only what was granted is another's. */
static const char SCRATCH[] = "  /tmp/{,**} mrwlkix,\n"
                              "  /var/{,**} r,\n"
                              "  /var/{tmp,cache,log,lib}/** rwlk,\n"
                              "  /run/{,**} r,\n"
                              "  /run/{lock,user/[0-9]*/snap.@{INSTANCE}}/** mrwlk,\n";

static const char DEVICES[] = "  /dev/{null,zero,full,random,urandom,tty} rw,\n"
                              "  /dev/{fd,stdin,stdout,stderr} r,\n"
                              "  /dev/ptmx rw,\n"
                              "  /dev/pts/{,**} rw,\n"
                              "  /dev/shm/{,**} mrwlk,\n";

/* What the kernel tells of itself and of one's own processes.  Memory of other processes is a
 * matter of ptrace, which is asked too. */
static const char KERNEL[] =
        "  @{PROC}/[^0-9]** r,\n"
        "  @{PROC}/[0-9]*/{,**} r,\n"
        "  owner @{PROC}/[0-9]*/{,task/[0-9]*/}{comm,oom_score_adj,timerslack_ns,coredump_filter} rw,\n"
        "  owner @{PROC}/[0-9]*/{,task/[0-9]*/}{mem,clear_refs} rw,\n"
        "  owner @{PROC}/[0-9]*/{,task/[0-9]*/}attr/{,apparmor/}current r,\n"
        "  /sys/{,**} r,\n"
        "  deny @{PROC}/{kcore,kmem,sysrq-trigger} rwx,\n"
        "  deny /sys/kernel/security/** rwx,\n";

/* Among the programs of one package, and with whoever started them. */
static const char PROCESSES[] =
        "  network unix,\n"
        "  unix peer=(label=snap.@{INSTANCE}.*),\n"
        "  unix (create, bind, listen, accept, getattr, setattr, getopt, setopt, shutdown),\n"
        "  unix (send, receive) peer=(label=unconfined),\n"
        "  signal peer=snap.@{INSTANCE}.*,\n"
        "  signal (receive) peer=unconfined,\n"
        "  ptrace (read, readby, trace, tracedby) peer=snap.@{INSTANCE}.*,\n"
        "  ptrace (readby, tracedby) peer=unconfined,\n";

/* Where hooks reach the daemon (launch-plan.c). */
static const char SNAPCTL[] = "  /run/snapd-snap.socket rw,\n";

static void add_own(const ApparmorProfile *profile, Text *text) {
        text_append_format(text,
                           "  /snap/%s/{,**} mrkix,\n"
                           "  /var/snap/%s/{,**} mrwlkix,\n"
                           "  @{HOME}/ r,\n"
                           "  @{HOME}/snap/ r,\n"
                           "  @{HOME}/snap/%s/{,**} mrwlkix,\n",
                           profile->name, profile->name, profile->instance);
}

/* ── paths that were granted ── */

/* "r" and the like; what may be written may be locked and linked, what may be run stays confined.
 */
static const char *choose_access(unsigned access, bool is_device) {
        bool is_read = access & INTERFACE_ACCESS_READ;
        bool is_written = access & INTERFACE_ACCESS_WRITE;

        if (is_device)
                return is_written ? is_read ? "rwk" : "w" : "r";
        if (access & INTERFACE_ACCESS_EXECUTE)
                return is_written ? "mrwlkix" : "mrkix";
        return is_written ? is_read ? "rwlk" : "wlk" : "rk";
}

/* The text of a row as a profile has it, owned; without the two stars at its end. */
static char *format_path(const char *text) {
        static const char *const variables[][2] = {
                { "$HOME/", "@{HOME}/" },
                { "$RUNTIME/", "/run/user/[0-9]*/" },
        };
        size_t length = strlen(text);
        const char *prefix = "";

        if (string_has_suffix(text, "/**"))
                length -= strlen("/**");
        for (size_t i = 0; i < ARRAY_COUNT(variables); i++) {
                size_t skip = strlen(variables[i][0]);
                if (!string_has_prefix(text, variables[i][0]))
                        continue;
                prefix = variables[i][1];
                text += skip;
                length -= skip;
                break;
        }
        return string_format("%s%.*s", prefix, (int)length, text);
}

static void add_path(const GrantRow *row, const char *text, Text *profile) {
        const char *access = choose_access(row->access, false);
        autofree char *path = format_path(text);

        text_append_format(profile, "  \"%s\" %s,\n  \"%s/{,**}\" %s,\n", path, access, path,
                           access);
}

static void add_file(const GrantRow *row, Text *profile) {
        add_path(row, row->text, profile);
}

static void add_mount(const GrantRow *row, Text *profile) {
        add_path(row, row->second, profile);
}

static void add_device(const GrantRow *row, Text *profile) {
        if (!row->text)
                return; /* by number: a profile knows no numbers */
        autofree char *path = format_path(row->text);
        text_append_format(profile, "  \"%s\" %s,\n", path, choose_access(row->access, true));
}

static void add_unix_socket(const GrantRow *row, Text *profile) {
        autofree char *path = format_path(row->text);

        text_append_format(profile, "  \"%s\" rw,\n", path);
}

static void add_abstract_socket(const GrantRow *row, Text *profile) {
        text_append_format(profile, "  unix (connect, send, receive) peer=(addr=\"%s\"),\n",
                           row->text);
}

/* ── what has no path ── */

/* netlink-route is netlink; what of it is said by seccomp. */
static void add_socket(const GrantRow *row, Text *profile) {
        if (string_equal(row->text, "conn"))
                return; /* no family of the kernel */
        text_append_format(profile, "  network %.*s,\n", (int)strcspn(row->text, "-"), row->text);
}

static void add_bus(const GrantRow *row, Text *profile) {
        static const char *const directions[] = {
                [INTERFACE_BUS_OWN] = "bind",          [INTERFACE_BUS_TALK] = "send, receive",
                [INTERFACE_BUS_SEE] = "send",          [INTERFACE_BUS_CALL] = "send",
                [INTERFACE_BUS_BROADCAST] = "receive",
        };
        const InterfaceBus *bus = row->bus;
        const char *which = row->is_session ? "session" : "system";
        autofree char *name =
                string_has_suffix(row->text, ".*")
                        ? string_format("%.*s{,.**}", (int)strlen(row->text) - 2, row->text)
                        : string_copy(row->text);

        if (bus->verb == INTERFACE_BUS_OWN) {
                text_append_format(profile, "  dbus (bind) bus=%s name=\"%s\",\n", which, name);
                return;
        }
        text_append_format(profile, "  dbus (%s) bus=%s", directions[bus->verb], which);
        if (row->second)
                text_append_format(profile, " path=\"%s%s\"", row->second,
                                   string_has_suffix(row->second, "/*") ? "*" : "");
        if (bus->interface)
                text_append_format(profile, " interface=\"%s\"", bus->interface);
        if (bus->member)
                text_append_format(profile, " member=\"%s\"", bus->member);
        /* A name is of who is sent to; who sends is known by label alone. */
        if (bus->verb != INTERFACE_BUS_TALK && bus->verb != INTERFACE_BUS_BROADCAST)
                text_append_format(profile, " peer=(name=\"%s\")", name);
        text_append(profile, ",\n");
}

static void add_line(const GrantRow *row, Text *profile) {
        const char *line = row->text;

        text_append(profile, "  ");
        for (const char *dollar; (dollar = strchr(line, '$')); line = dollar + 1) {
                text_append_bytes(profile, line, (size_t)(dollar - line));
                bool is_home = string_has_prefix(dollar, "$HOME");
                bool is_runtime = string_has_prefix(dollar, "$RUNTIME");
                text_append(profile, is_home ? "@{HOME}" : is_runtime ? "/run/user/[0-9]*" : "");
                dollar += is_home ? strlen("HOME") : is_runtime ? strlen("RUNTIME") : 0;
        }
        text_append(profile, line);
        text_append(profile, "\n");
}

/* Without rules of their own, as of Linux 6.1 and parser 3.0, queues are files of a mount that is
 * nowhere: their names are those below its root. */
static void add_queue(const GrantRow *row, Text *profile) {
        text_append_format(
                profile, "  \"%s\" %s%s,\n", row->text,
                row->access & INTERFACE_ACCESS_READ ? "r" : "",
                row->access & (INTERFACE_ACCESS_WRITE | GRANT_QUEUE_CREATE | GRANT_QUEUE_DELETE)
                        ? "w"
                        : "");
}

static void (*const ADDERS[GRANT_KIND_COUNT])(const GrantRow *, Text *) = {
        [GRANT_FILE] = add_file,
        [GRANT_DEVICE] = add_device,
        [GRANT_SOCKET] = add_socket,
        [GRANT_MOUNT] = add_mount,
        [GRANT_BUS] = add_bus,
        [GRANT_UNIX_SOCKET] = add_unix_socket,
        [GRANT_ABSTRACT_SOCKET] = add_abstract_socket,
        [GRANT_APPARMOR] = add_line,
        [GRANT_QUEUE] = add_queue,
};

static void add_capabilities(uint64_t capabilities, Text *profile) {
        for (unsigned i = 0; capability_get_name(i); i++)
                if (capabilities >> i & 1)
                        text_append_format(profile, "  capability %s,\n", capability_get_name(i));
}

static void add_flags(const GrantSet *grants, Text *profile) {
        static const struct {
                unsigned flag;
                const char *lines;
        } rows[] = {
                /* What is hidden in the view, "snap" of others above all, is not named again. */
                { INTERFACE_SHOWS_HOME, "  @{HOME}/[^.]** rwlk,\n  deny @{HOME}/bin{,/**} wl,\n" },
                { INTERFACE_SIGNALS_PROCESSES, "  signal,\n" },
                { INTERFACE_SEES_PROCESSES, "  ptrace (read),\n" },
                { INTERFACE_TRACES_PROCESSES, "  ptrace,\n" },
                /* Root of a namespace of one's own still mounts nothing. */
                { INTERFACE_LIFTS_NAMESPACES,
                  "  capability sys_admin,\n  capability sys_chroot,\n  capability setuid,\n"
                  "  capability setgid,\n  capability setpcap,\n  capability sys_ptrace,\n" },
                { INTERFACE_LIFTS_NO_NEW_PRIVILEGES, "  change_profile -> snap.@{INSTANCE}.*,\n" },
        };

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
                if (grants->flags & rows[i].flag)
                        text_append(profile, rows[i].lines);
}

/* ── the whole ── */

static void add_rows(const GrantSet *grants, Text *profile) {
        size_t origin = SIZE_MAX;

        for (size_t i = 0; i < grants->row_count; i++) {
                const GrantRow *row = &grants->rows[i];
                if (!ADDERS[row->kind])
                        continue;
                if (row->origin != origin)
                        text_append_format(profile, "\n  # %s %s\n",
                                           grants->origins[row->origin].is_plug ? "plug" : "slot",
                                           grants->origins[row->origin].endpoint);
                origin = row->origin;
                ADDERS[row->kind](row, profile);
        }
}

static void add_shares(const GrantSet *grants, const char *name, Text *profile) {
        static const char *const places[] = {
                [SHARE_PLACE_SNAP] = "/snap/%s/*/%s",
                [SHARE_PLACE_DATA] = "/var/snap/%s/*/%s",
                [SHARE_PLACE_COMMON] = "/var/snap/%s/common/%s",
                [SHARE_PLACE_VIEW] = "/%s%s",
        };

        /* Below what add_own allows already; but not written where it is read-only. */
        for (size_t i = 0; i < grants->share_count; i++) {
                const GrantShare *share = &grants->shares[i];
                autotext path = TEXT_INIT;
                const char *rest = places[share->target];
                const char *first = strstr(rest, "%s");
                text_append_format(&path, "%.*s%s", (int)(first - rest), rest,
                                   share->target == SHARE_PLACE_VIEW ? "" : name);
                const char *second = strstr(first + 2, "%s");
                text_append_format(&path, "%.*s%s", (int)(second - first - 2), first + 2,
                                   share->target_below);
                text_append_format(profile, "  \"%s{,/**}\" %s,\n", path.bytes,
                                   share->is_writable ? "mrwlkix" : "mrkix");
        }
}

static void add_grants(const ApparmorProfile *profile, const GrantSet *grants, Text *ret) {
        add_capabilities(grants->capabilities, ret);
        add_flags(grants, ret);
        add_shares(grants, profile->name, ret);
        add_rows(grants, ret);
}

void apparmor_profile_write(const ApparmorProfile *profile, Text *ret) {
        if (profile->is_first)
                text_append_format(
                        ret,
                        "# Written by pawl: do not edit.\nabi <abi/3.0>,\n@{INSTANCE}=%s\n@{HOME}=/home/* /root\n@{PROC}=/proc\n",
                        profile->instance);
        text_append_format(ret, "profile \"%s\" flags=(attach_disconnected,mediate_deleted%s) {\n",
                           profile->label, profile->is_complaining ? ",complain" : "");
        text_append(ret, BASE);
        text_append(ret, SCRATCH);
        text_append(ret, DEVICES);
        text_append(ret, KERNEL);
        text_append(ret, PROCESSES);
        add_own(profile, ret);
        if (strstr(profile->label, ".hook."))
                text_append(ret, SNAPCTL);
        add_grants(profile, profile->grants, ret);
        for (size_t i = 0; i < profile->other_count; i++) {
                text_append(ret, "\n  # another revision that still runs\n");
                add_grants(profile, &profile->others[i], ret);
        }
        if (profile->more)
                text_append(ret, profile->more);
        text_append(ret, "}\n");
}
