/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/launch-plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "launch/launch-plan-internal.h"
#include "launch/plan-grant.h"
#include "wire/generation.h"

/* ── the base ── */

/* Places that the view fills itself: whatever a base has there is not shown. */
static const char OWN_PLACES[] = "proc,sys,dev,tmp,run,var,home,root,snap,boot,lost+found";

static void add_base_entry(Text *plan, const LaunchLine *entry) {
        char number[NUMBER_SIZE];
        const char *name = entry->words[1];
        autofree char *path = string_format("/%s", name);

        if (launch_list_has(OWN_PLACES, name) || !launch_path_is_clean(path))
                return;
        if (string_equal(entry->words[0], "link") && entry->word_count == 3) {
                line_add_pair(plan, "link", path, entry->words[2]);
                return;
        }
        if (string_equal(entry->words[0], "dir"))
                line_add_pair(plan, "dir", path, "0755");
        else
                line_add(plan, "file", path);
        launch_line_append(plan, "take", format_number(number, PLAN_DESCRIPTOR_BASE), name, path,
                           NULL);
}

/* The host's names of users and machines instead of the base's, where the base has such a file. */
static void add_etc_file(Text *plan, const char *name) {
        autofree char *path = string_format("/etc/%s", name);

        launch_line_append(plan, "host", path, path, "ro,noexec,optional", NULL);
}

static int add_base(Text *plan, const char *listing, Error *err) {
        char number[NUMBER_SIZE];
        autofree char *copy = string_copy(listing);
        LaunchReader reader;
        LaunchLine entry;
        int found;

        line_add(plan, "stage", format_number(number, PLAN_DESCRIPTOR_BASE));
        launch_reader_init(&reader, copy, strlen(copy));
        while ((found = launch_reader_next(&reader, &entry, err)) > 0) {
                if (entry.word_count < 2)
                        continue;
                if (string_equal(entry.words[0], "etc"))
                        add_etc_file(plan, entry.words[1]);
                else
                        add_base_entry(plan, &entry);
        }
        return found;
}

/* ── the package and its data ── */

static void add_package(Text *plan, const LaunchPlanInput *input) {
        const Target *target = input->target;
        char number[NUMBER_SIZE];
        autofree char *top = string_format("/snap/%s", target->name);
        autofree char *place = string_format("%s/%s", top, target->snap.revision);
        autofree char *current = string_format("%s/current", top);

        line_add_pair(plan, "dir", "/snap", "0755");
        line_add_pair(plan, "dir", top, "0755");
        line_add_pair(plan, "dir", place, "0755");
        line_add_pair(plan, "attach", format_number(number, PLAN_DESCRIPTOR_IMAGE), place);
        line_add_pair(plan, "link", current, target->snap.revision);
        if (!string_equal(target->name, target->snap.instance)) {
                autofree char *other = string_format("/snap/%s", target->snap.instance);

                line_add_pair(plan, "link", other, target->name);
        }
}

static void add_system_data(Text *plan, const LaunchPlanInput *input) {
        static const char *const dirs[][2] = {
                { "/var/lib", "0755" }, { "/var/tmp", "1777" },  { "/var/cache", "0755" },
                { "/var/log", "0755" }, { "/var/snap", "0755" },
        };
        autofree char *host =
                string_format("%s/var/snap/%s", input->root, input->target->snap.instance);
        autofree char *place = string_format("/var/snap/%s", input->target->name);

        line_add_pair(plan, "scratch", "/var", "0755");
        for (size_t i = 0; i < ARRAY_COUNT(dirs); i++)
                line_add_pair(plan, "dir", dirs[i][0], dirs[i][1]);
        line_add_pair(plan, "link", "/var/run", "/run");
        line_add_pair(plan, "link", "/var/lock", "/run/lock");
        line_add_pair(plan, "dir", place, "0755");
        launch_line_append(plan, "host", host, place, "rw,optional", NULL);
}

/* Every directory from the root to `path`. */
static void add_dirs_to(Text *plan, const char *path) {
        for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
                autofree char *part = string_copy_length(path, (size_t)(slash - path));

                line_add_pair(plan, "dir", part, "0755");
        }
        line_add_pair(plan, "dir", path, "0755");
}

/* Of the home only the package's own directory is there.  Made on the host as the user, first. */
static void add_user_data(Text *plan, const LaunchPlanInput *input) {
        const TargetSnap *snap = &input->target->snap;
        const char *home = input->request->home;

        if (!home)
                return;
        autofree char *place = string_format("%s/snap/%s", home, snap->instance);
        autofree char *snaps = string_format("%s%s/snap", input->root, home);
        autofree char *host = string_format("%s%s", input->root, place);
        autofree char *data = string_format("%s/%s", host, snap->revision);
        autofree char *common = string_format("%s/common", host);
        autofree char *current = string_format("%s/current", host);
        line_add_pair(plan, "user-dir", snaps, "0700");
        line_add_pair(plan, "user-dir", host, "0755");
        if (input->target->older)
                launch_line_append(plan, "user-data", host, snap->revision, input->target->older,
                                   NULL);
        line_add_pair(plan, "user-dir", data, "0755");
        line_add_pair(plan, "user-dir", common, "0755");
        line_add_pair(plan, "user-link", current, snap->revision);
        add_dirs_to(plan, place);
        launch_line_append(plan, "host", host, place, "rw", NULL);
}

static void add_scratch(Text *plan, const LaunchPlanInput *input) {
        autofree char *user = string_format("/run/user/%u", input->uid);
        autofree char *own = string_format("%s/snap.%s", user, input->target->snap.instance);

        line_add_pair(plan, "scratch", "/tmp", "1777");
        line_add_pair(plan, "scratch", "/run", "0755");
        line_add_pair(plan, "dir", "/run/lock", "1777");
        line_add_pair(plan, "dir", "/run/user", "0755");
        line_add_pair(plan, "dir", user, "0700");
        line_add_pair(plan, "dir", own, "0700");
}

/* Hooks that the daemon runs may talk to it, by a program and a socket that nobody else is shown;
 * who starts one himself has no cookie, and is refused (api/api-snapctl.c). */
static void add_snapctl(Text *plan, const LaunchPlanInput *input) {
        if (!input->target->is_hook || input->uid != 0 || !input->programs)
                return;
        launch_line_append(plan, "bind", input->programs, "snapctl", SNAPCTL_DIRECTORY "/snapctl",
                           "ro", NULL);
        launch_line_append(plan, "match", *input->root ? input->root : "/", "run/snapd-snap.socket",
                           "/", "rw,noexec,socket", NULL);
}

/* ── the command ── */

static void add_command_words(Text *plan, const char *prefix, const char *command) {
        autofree char *copy = string_copy(command);
        char *rest = NULL;
        const char *word = strtok_r(copy, " ", &rest);

        if (word) {
                autofree char *program = string_format("%s/%s", prefix, word);

                line_add(plan, "argument", program);
        }
        while ((word = strtok_r(NULL, " ", &rest)))
                line_add(plan, "argument", word);
}

static int add_command(Text *plan, const LaunchPlanInput *input, Error *err) {
        const Target *target = input->target;
        const json_t *program = target_get_program(target);
        autofree char *prefix = string_format("/snap/%s/%s", target->name, target->snap.revision);
        size_t i;
        json_t *link;

        if (input->request->wants_shell) {
                line_add(plan, "argument", "/bin/bash");
                return 0;
        }
        json_array_foreach(json_object_get(program, "command-chain"), i, link) {
                autofree char *path = string_format("%s/%s", prefix, json_string_value(link) ?: "");

                line_add(plan, "argument", path);
        }
        if (target->is_hook) {
                autofree char *path = string_format("meta/hooks/%s", target->program);

                add_command_words(plan, prefix, path);
                return 0;
        }
        const char *command = json_get_string(program, "command", "");
        if (!*command)
                return error_set(err, ERROR_APP_NOT_FOUND, "app \"%s\" of \"%s\" has no command",
                                 target->program, target->snap.instance);
        add_command_words(plan, prefix, command);
        return 0;
}

/* ── confinement ── */

static void add_landlock_rules(Text *plan, const LaunchPlanInput *input) {
        static const char *const rules[][2] = {
                { "/", "read,execute" },          { "/tmp", "read,execute,write" },
                { "/run", "read,execute,write" }, { "/var", "read,execute,write" },
                { "/proc", "read,write" },        { "/dev", "read,write,ioctl" },
        };

        for (size_t i = 0; i < ARRAY_COUNT(rules); i++)
                line_add_pair(plan, "allow", rules[i][0], rules[i][1]);
        if (input->request->home) {
                autofree char *own = string_format("%s/snap/%s", input->request->home,
                                                   input->target->snap.instance);

                line_add_pair(plan, "allow", own, "read,execute,write");
        }
        launch_plan_add_landlock_grants(plan, input);
}

/* Under Landlock, whatever it restricts, nobody outside is traced: who may trace has AppArmor for a
 * wall, or does not trace. */
static void add_landlock(Text *plan, const LaunchPlanInput *input) {
        if (input->has_label && input->target->grants.flags & INTERFACE_TRACES_PROCESSES)
                return;
        if (!launch_plan_may_mount(input))
                add_landlock_rules(plan, input);
        launch_plan_add_restrictions(plan, input);
}

/* Without a label there is no profile to change to, and no_new_privs stays. */
static void add_label(Text *plan, const LaunchPlanInput *input, const char *tag) {
        if (!input->has_label)
                return;
        line_add(plan, "label", tag);
        if (input->target->grants.flags & INTERFACE_LIFTS_NO_NEW_PRIVILEGES)
                line_add(plan, "new-privileges", "allowed");
}

static void add_seccomp(Text *plan, const LaunchPlanInput *input) {
        char file[NUMBER_SIZE], count[NUMBER_SIZE];

        launch_line_append(plan, "seccomp", format_number(file, PLAN_DESCRIPTOR_SECCOMP), "0",
                           format_number(count, input->seccomp_count), NULL);
}

/* Strict is view + seccomp + (Landlock or AppArmor).  Without either, for users a PID namespace can
 * stand in for the signals that an old Landlock does not stop; for uid 0, which owns what it sees,
 * Landlock itself must be there.
 */
static int check_confinement(const LaunchPlanInput *input, Error *err) {
        bool may_mount = input->target->grants.flags & INTERFACE_LIFTS_NAMESPACES;

        if (input->target->is_devmode || input->request->landlock_abi > 0 || input->has_label)
                return 0;
        if (input->uid == 0)
                return error_set(
                        err, ERROR_FORBIDDEN,
                        "this kernel has neither Landlock nor AppArmor, so a program of "
                        "\"%s\" cannot be confined when it runs as root; boot with "
                        "\"lsm=landlock,…\" or install apparmor_parser where the kernel has AppArmor",
                        input->target->snap.instance);
        /* Root of a namespace may mount, unless one of the two says no. */
        if (may_mount)
                return error_set(err, ERROR_FORBIDDEN,
                                 "this kernel has neither Landlock nor AppArmor, so a program that "
                                 "may make namespaces cannot be confined; boot with "
                                 "\"lsm=landlock,…\" or disconnect what grants it from \"%s\"",
                                 input->target->snap.instance);
        return 0;
}

static int check_home(const LaunchPlanInput *input, Error *err) {
        const char *home = input->request->home;

        if (!home || string_has_prefix(home, "/home/") || string_has_prefix(home, "/root") ||
            string_has_prefix(home, "/tmp/") || string_has_prefix(home, "/var/"))
                return 0;
        return error_set(err, ERROR_BAD_REQUEST,
                         "the home directory %s is outside of /home, where a package cannot reach "
                         "its data",
                         home);
}

int launch_plan_write(const LaunchPlanInput *input, Text *ret, Error *err) {
        autofree char *tag = target_format_tag(input->target);
        char number[NUMBER_SIZE];

        if (check_confinement(input, err) < 0 || check_home(input, err) < 0)
                return -1;
        line_add(ret, "plan", format_number(number, launch_request_get_version(input->request)));
        line_add(ret, "tag", tag);
        line_add(ret, "lease", format_number(number, PLAN_DESCRIPTOR_LEASE));
        line_add(ret, "lease", format_number(number, PLAN_DESCRIPTOR_BASE_LEASE));
        for (size_t i = 0; i < input->target->grants.provider_count; i++)
                line_add(ret, "lease",
                         format_number(number, (unsigned)launch_plan_get_provider(
                                                       &input->target->grants, i)));
        if (add_base(ret, input->base_listing, err) < 0)
                return -1;
        launch_plan_add_kernel(ret, input);
        add_scratch(ret, input);
        add_system_data(ret, input);
        add_package(ret, input);
        add_user_data(ret, input);
        launch_plan_add_grants(ret, input);
        launch_plan_add_buses(ret, input);
        add_snapctl(ret, input);
        launch_plan_add_queues(ret, input);
        if (input->target->grants.flags & INTERFACE_LIFTS_NAMESPACES)
                line_add(ret, "namespaces", "allowed");
        launch_plan_add_environment(ret, input);
        if (add_command(ret, input, err) < 0)
                return -1;
        line_add(ret, "directory", "/");
        add_label(ret, input, tag);
        text_append(ret, generation_builtin.steps);
        if (!input->target->is_devmode) {
                add_landlock(ret, input);
                launch_plan_add_device_filter(ret, input);
                launch_plan_add_capabilities(ret, input);
                add_seccomp(ret, input);
        }
        return 0;
}
