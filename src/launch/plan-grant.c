/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/plan-grant.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/own.h"

size_t launch_plan_get_provider(const GrantSet *grants, size_t at) {
        size_t number = PLAN_DESCRIPTOR_COUNT;

        for (size_t i = 0; i < at; i++)
                number += grants->providers[i].needs_image ? 2 : 1;
        return number;
}

/* ── what there is of the host ── */

/* The home or the runtime directory or the root that a row's text begins with, "/" for the root, as
 * the program knows it; NULL where there is none.  `ret_below` is the rest, without a slash first.
 */
static char *find_base(const LaunchPlanInput *input, const char *text, const char **ret_below) {
        if (string_has_prefix(text, "$HOME/")) {
                *ret_below = text + strlen("$HOME/");
                return input->request->home ? string_copy(input->request->home) : NULL;
        }
        if (string_has_prefix(text, "$RUNTIME/")) {
                *ret_below = text + strlen("$RUNTIME/");
                return string_format("/run/user/%u", input->uid);
        }
        *ret_below = text + 1;
        return *text == '/' ? string_copy("/") : NULL;
}

/* "a/b/.." and the like a package cannot have written, "/" + "**" nobody; but the launcher would
 * refuse the whole plan. */
static char *copy_below(const char *below) {
        size_t length = strlen(below);

        if (string_has_suffix(below, "/**"))
                length -= strlen("/**");
        autofree char *copy = string_copy_length(below, length);
        autofree char *path = string_format("/%s", copy);
        return length > 0 && launch_path_is_clean(path) ? take(copy) : NULL;
}

/* A path in the view, owned; NULL where there is none for it. */
static char *format_path(const LaunchPlanInput *input, const char *text) {
        const char *rest;
        autofree char *base = find_base(input, text, &rest);
        autofree char *below = base ? copy_below(rest) : NULL;

        if (!below)
                return NULL;
        return string_format("%s/%s", string_equal(base, "/") ? "" : base, below);
}

static const char *choose_flags(const GrantRow *row) {
        bool is_written = row->access & INTERFACE_ACCESS_WRITE;
        bool is_run = row->access & INTERFACE_ACCESS_EXECUTE;

        if (row->kind == GRANT_DEVICE)
                return is_written ? "rw,noexec,device" : "ro,noexec,device";
        if (row->kind == GRANT_UNIX_SOCKET)
                return "rw,noexec,socket";
        if (is_written)
                return is_run ? "rw" : "rw,noexec";
        return is_run ? "ro" : "ro,noexec";
}

/* On the host: beneath the root of this daemon; there is one kernel only. */
static char *format_base(const LaunchPlanInput *input, const char *base, const char *below) {
        bool is_kernel = string_has_prefix(below, "proc/") || string_has_prefix(below, "sys/");

        if (!*input->root || (is_kernel && string_equal(base, "/")))
                return string_copy(base);
        return string_format("%s%s", input->root, string_equal(base, "/") ? "" : base);
}

/* A directory that may be absent yet; a program whose user may not make it does without. */
static void add_made(Text *plan, const GrantRow *row, const char *host, const char *below) {
        autofree char *path = string_format("%s/%s", string_equal(host, "/") ? "" : host, below);

        if (row->make)
                launch_line_append(plan, "?host-dir", path, row->make, NULL);
}

static void add_match(Text *plan, const LaunchPlanInput *input, const GrantRow *row) {
        const char *rest;
        autofree char *base = row->text ? find_base(input, row->text, &rest) : NULL;
        autofree char *below = base ? copy_below(rest) : NULL;

        if (!below)
                return;
        autofree char *host = format_base(input, base, below);
        add_made(plan, row, host, below);
        if (row->device && row->second) {
                launch_line_append(plan, "usb-node", host, row->second, row->text,
                                   choose_flags(row), NULL);
                return;
        }
        if (row->device && row->device->property)
                launch_line_append(plan, "match-udev", host, below, row->device->property,
                                   choose_flags(row), NULL);
        else
                launch_line_append(plan, "match", host, below, base, choose_flags(row), NULL);
}

/* What is named by the last part of `below`, each at `place` under its own name. */
static void add_each(Text *plan, const GrantRow *row, const char *host, char *below,
                     const char *place) {
        char *slash = strrchr(below, '/');

        if (!slash)
                return;
        *slash = '\0';
        autofree char *base = string_format("%s/%s", string_equal(host, "/") ? "" : host, below);
        launch_line_append(plan, "match", base, slash + 1, place, choose_flags(row), NULL);
        launch_line_append(plan, "?match-links", base, slash + 1, place, NULL);
}

static bool is_there(const LaunchPlanInput *input, const char *path) {
        autofree char *host = string_format("%s%s", input->root, path);

        return access(host, F_OK) == 0;
}

static void add_mount(Text *plan, const LaunchPlanInput *input, const GrantRow *row) {
        const char *rest;
        autofree char *base = find_base(input, row->text, &rest);
        autofree char *below = base ? copy_below(rest) : NULL;
        autofree char *place = format_path(input, row->second);

        if (!below || !place || (row->needs && !is_there(input, row->needs)))
                return;
        autofree char *host = format_base(input, base, below);
        if (strpbrk(below, "*?[{")) {
                add_each(plan, row, host, below, place);
                return;
        }
        add_made(plan, row, host, below);
        launch_line_append(plan, "bind", host, below, place, choose_flags(row), NULL);
}

static void add_home(Text *plan, const LaunchPlanInput *input) {
        const char *home = input->request->home;

        if (!home)
                return;
        autofree char *base = string_format("%s%s", input->root, home);
        launch_line_append(plan, "home", base, home, NULL);
}

/* ── directories of other packages ── */

/* "" stands for the place itself. */
static char *join(const char *place, const char *below) {
        return *below ? string_format("%s/%s", place, below) : string_copy(place);
}

static char *format_target(const LaunchPlanInput *input, const GrantShare *share) {
        const Target *target = input->target;

        if (share->target == SHARE_PLACE_VIEW)
                return join("", share->target_below);
        autofree char *place =
                share->target == SHARE_PLACE_SNAP
                        ? string_format("/snap/%s/%s", target->name, target->snap.revision)
                        : string_format("/var/snap/%s/%s", target->name,
                                        share->target == SHARE_PLACE_DATA ? target->snap.revision
                                                                          : "common");

        return join(place, share->target_below);
}

static void add_share(Text *plan, const LaunchPlanInput *input, const GrantShare *share) {
        const GrantSet *grants = &input->target->grants;
        const GrantProvider *provider = &grants->providers[share->provider];
        autofree char *target = format_target(input, share);
        char number[16];

        if (share->source == SHARE_PLACE_SNAP) {
                autofree char *source = string_format("/%s", share->source_below);
                (void)snprintf(number, sizeof(number), "%zu",
                               launch_plan_get_provider(grants, share->provider) + 1);
                launch_line_append(plan, "share", number, source, target, NULL);
                return;
        }
        autofree char *base = string_format("%s/var/snap/%s", input->root, provider->instance);
        autofree char *source =
                join(share->source == SHARE_PLACE_DATA ? provider->revision : "common",
                     share->source_below);
        launch_line_append(plan, "bind", base, source, target, share->is_writable ? "rw" : "ro",
                           NULL);
}

void launch_plan_add_grants(Text *plan, const LaunchPlanInput *input) {
        static void (*const adders[GRANT_KIND_COUNT])(Text *, const LaunchPlanInput *,
                                                      const GrantRow *) = {
                [GRANT_FILE] = add_match,
                [GRANT_DEVICE] = add_match,
                [GRANT_UNIX_SOCKET] = add_match,
                [GRANT_MOUNT] = add_mount,
        };
        const GrantSet *grants = &input->target->grants;

        for (size_t i = 0; i < grants->row_count; i++)
                if (adders[grants->rows[i].kind])
                        adders[grants->rows[i].kind](plan, input, &grants->rows[i]);
        /* On top of what else may be shown of all homes, read-only. */
        if (grants->flags & INTERFACE_SHOWS_HOME)
                add_home(plan, input);
        for (size_t i = 0; i < grants->share_count; i++)
                add_share(plan, input, &grants->shares[i]);
}

/* ── Landlock ── */

/* A pattern's directory: what the view has there is only what matched, or is read-only. */
static void cut_pattern(char *path) {
        size_t plain = strcspn(path, "*?[{");

        if (!path[plain])
                return;
        path[plain] = '\0';
        char *slash = strrchr(path, '/');
        slash[slash == path] = '\0';
}

static void add_allowed(Text *plan, const LaunchPlanInput *input, const GrantRow *row) {
        bool is_run = row->access & INTERFACE_ACCESS_EXECUTE;
        const char *place = row->kind == GRANT_MOUNT ? row->second : row->text;
        autofree char *path = place ? format_path(input, place) : NULL;

        if (!path || !(row->access & INTERFACE_ACCESS_WRITE))
                return;
        cut_pattern(path);
        if (!string_equal(path, "/"))
                launch_line_append(plan, "allow", path,
                                   is_run ? "read,execute,write" : "read,write", NULL);
}

void launch_plan_add_landlock_grants(Text *plan, const LaunchPlanInput *input) {
        const GrantSet *grants = &input->target->grants;

        if ((grants->flags & INTERFACE_SHOWS_HOME) && input->request->home)
                launch_line_append(plan, "allow", input->request->home, "read,write", NULL);
        for (size_t i = 0; i < grants->row_count; i++)
                if (grants->rows[i].kind == GRANT_FILE || grants->rows[i].kind == GRANT_MOUNT)
                        add_allowed(plan, input, &grants->rows[i]);
        for (size_t i = 0; i < grants->share_count; i++) {
                autofree char *path = format_target(input, &grants->shares[i]);
                if (grants->shares[i].is_writable)
                        launch_line_append(plan, "allow", path, "read,execute,write", NULL);
        }
}

static unsigned get_queue_access(const GrantSet *grants) {
        return grant_set_get_queue_access(grants) &
               (INTERFACE_ACCESS_READ | INTERFACE_ACCESS_WRITE);
}

bool launch_plan_wants_queues(const LaunchPlanInput *input) {
        return input->has_queues && get_queue_access(&input->target->grants) != 0;
}

void launch_plan_add_queues(Text *plan, const LaunchPlanInput *input) {
        static const char *const rights[] = { "read", "read", "write", "read,write" };
        const GrantSet *grants = &input->target->grants;
        char number[16];

        if (!launch_plan_wants_queues(input))
                return;
        (void)snprintf(number, sizeof(number), "%zu",
                       launch_plan_get_provider(grants, grants->provider_count));
        launch_line_append(plan, "queues", number, rights[get_queue_access(grants)], NULL);
}

bool launch_plan_may_mount(const LaunchPlanInput *input) {
        return input->uid == 0 && (input->target->grants.flags & INTERFACE_LIFTS_MOUNTS);
}

void launch_plan_add_restrictions(Text *plan, const LaunchPlanInput *input) {
        const GrantSet *grants = &input->target->grants;
        const struct {
                bool is_lifted;
                const char *word;
        } rows[] = {
                { launch_plan_may_mount(input), ",files" },
                { grants->flags & INTERFACE_LIFTS_TCP, ",tcp" },
                { grant_set_has(grants, GRANT_ABSTRACT_SOCKET), ",abstract" },
                { grants->flags & INTERFACE_SIGNALS_PROCESSES, ",signals" },
        };
        autotext words = TEXT_INIT;

        for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
                if (!rows[i].is_lifted)
                        text_append(&words, rows[i].word);
        if (words.length > 0)
                launch_line_append(plan, "landlock", words.bytes + 1, NULL);
}

/* ── devices ── */

static void add_device_rule(Text *plan, const GrantRow *row) {
        char major[16], minor[16];

        if (!row->device->kind)
                return;
        (void)snprintf(major, sizeof(major), "%u", (unsigned)row->device->major);
        (void)snprintf(minor, sizeof(minor), "%u",
                       row->device->minor < 0 ? UINT32_MAX : (unsigned)row->device->minor);
        launch_line_append(plan, "device-rule", row->device->kind == 'b' ? "block" : "char", major,
                           minor, row->access & INTERFACE_ACCESS_WRITE ? "rw" : "ro", NULL);
}

/* Of root only; without any capability it could not make or uncover a node, and the view is enough.
 */
void launch_plan_add_device_filter(Text *plan, const LaunchPlanInput *input) {
        const GrantSet *grants = &input->target->grants;

        if (input->uid != 0 || (grants->flags & INTERFACE_LIFTS_DEVICE_FILTER) ||
            (grants->capabilities == 0 && !grant_set_has(grants, GRANT_DEVICE)))
                return;
        for (size_t i = 0; i < grants->row_count; i++)
                if (grants->rows[i].kind == GRANT_DEVICE)
                        add_device_rule(plan, &grants->rows[i]);
        launch_line_append(plan, "device-filter", "on", NULL);
}

/* ── buses ── */

static char *format_method(const GrantRow *row) {
        const InterfaceBus *bus = row->bus;

        if (!bus->interface)
                return string_copy("*");
        return string_format("%s.%s", bus->interface, bus->member ? bus->member : "*");
}

/* NULL: the proxy rules names, and "any" is none. */
static char *format_bus_rule(const GrantRow *row) {
        static const char *const verbs[] = {
                [INTERFACE_BUS_OWN] = "own",
                [INTERFACE_BUS_TALK] = "talk",
                [INTERFACE_BUS_SEE] = "see",
                [INTERFACE_BUS_CALL] = "call",
                [INTERFACE_BUS_BROADCAST] = "broadcast",
        };
        InterfaceBusVerb verb = row->bus->verb;

        if (string_equal(row->text, "*"))
                return NULL;
        if (verb != INTERFACE_BUS_CALL && verb != INTERFACE_BUS_BROADCAST)
                return string_format("%s=%s", verbs[verb], row->text);
        autofree char *method = format_method(row);
        return string_format("%s=%s=%s%s%s", verbs[verb], row->text, method, row->second ? "@" : "",
                             row->second ? row->second : "");
}

static bool add_bus_rules(Text *plan, const GrantSet *grants, bool is_session) {
        bool has_rules = false;

        for (size_t i = 0; i < grants->row_count; i++) {
                const GrantRow *row = &grants->rows[i];
                if (row->kind != GRANT_BUS || row->is_session != is_session)
                        continue;
                autofree char *rule = format_bus_rule(row);
                if (rule)
                        launch_line_append(plan, "bus-rule", is_session ? "session" : "system",
                                           rule, NULL);
                has_rules |= rule != NULL;
        }
        return has_rules;
}

void launch_plan_add_buses(Text *plan, const LaunchPlanInput *input) {
        autofree char *session = string_format("/run/user/%u/bus", input->uid);

        const char *system = "/run/dbus/system_bus_socket";
        const GrantSet *grants = &input->target->grants;

        if (add_bus_rules(plan, grants, false))
                launch_line_append(plan, "bus", "system", system, system, "rw,noexec,socket", NULL);
        if (add_bus_rules(plan, grants, true))
                launch_line_append(plan, "bus", "session", session, session, "rw,noexec,socket",
                                   NULL);
}

/* ── the rest ── */

static bool has_session_bus(const GrantSet *grants) {
        for (size_t i = 0; i < grants->row_count; i++)
                if (grants->rows[i].kind == GRANT_BUS && grants->rows[i].is_session)
                        return true;
        return false;
}

/* The value with the home and the runtime directory put in, or NULL where there is none. */
static char *format_variable(const LaunchPlanInput *input, const char *text) {
        autofree char *runtime = string_format("/run/user/%u", input->uid);
        const char *const values[][2] = {
                { "$HOME", input->request->home },
                { "$RUNTIME", runtime },
        };
        autotext value = TEXT_INIT;

        while (*text) {
                size_t plain = strcspn(text, "$");
                text_append_bytes(&value, text, plain);
                text += plain;
                const char *put = NULL;
                for (size_t i = 0; *text && !put && i < ARRAY_COUNT(values); i++) {
                        if (!string_has_prefix(text, values[i][0]))
                                continue;
                        put = values[i][1];
                        text += strlen(values[i][0]);
                }
                if (!put && *text)
                        return NULL;
                text_append(&value, put ? put : "");
        }
        return text_take(&value);
}

void launch_plan_add_granted_variables(Text *plan, const LaunchPlanInput *input) {
        const GrantSet *grants = &input->target->grants;
        autofree char *bus = string_format("unix:path=/run/user/%u/bus", input->uid);
        size_t at = grant_set_find(grants, GRANT_VARIABLE, 0);

        if (has_session_bus(grants))
                launch_line_append(plan, "setenv", "DBUS_SESSION_BUS_ADDRESS", bus, NULL);

        for (; at < grants->row_count; at = grant_set_find(grants, GRANT_VARIABLE, at + 1)) {
                const GrantRow *row = &grants->rows[at];
                autofree char *value = format_variable(input, row->second);
                if (value)
                        launch_line_append(plan, "setenv", row->text, value, NULL);
        }
}

/* A user has none that count outside of his own namespace, and none in there either. */
void launch_plan_add_capabilities(Text *plan, const LaunchPlanInput *input) {
        uint64_t capabilities = input->target->grants.capabilities;
        char low[16], high[16];

        if (input->uid != 0 || capabilities == 0)
                return;
        (void)snprintf(low, sizeof(low), "%u", (unsigned)(capabilities & 0xffffffffu));
        (void)snprintf(high, sizeof(high), "%u", (unsigned)(capabilities >> 32));
        launch_line_append(plan, "capabilities", low, high, NULL);
}
