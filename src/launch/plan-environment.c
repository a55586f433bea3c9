/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "launch/launch-plan-internal.h"
#include "launch/plan-grant.h"

#define PROGRAM_PATH                                                               \
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/games:" \
        "/usr/local/games"

static const char *get_architecture(void) {
        static const char *const names[][2] = {
                { "x86_64", "amd64" },    { "aarch64", "arm64" },   { "armv7l", "armhf" },
                { "riscv64", "riscv64" }, { "ppc64le", "ppc64el" }, { "s390x", "s390x" },
                { "i686", "i386" },
        };
        static struct utsname machine;

        (void)uname(&machine);
        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
                if (string_equal(names[i][0], machine.machine))
                        return names[i][1];
        return machine.machine;
}

/* Variables that change what a loader or the C library reads, which belong to the host's view. */
static void add_unsets(Text *plan) {
        static const char *const names[] = {
                "LD_*",
                "GCONV_PATH",
                "GETCONF_DIR",
                "GLIBC_TUNABLES",
                "HOSTALIASES",
                "LOCALDOMAIN",
                "LOCPATH",
                "MALLOC_TRACE",
                "NIS_PATH",
                "NLSPATH",
                "RESOLV_HOST_CONF",
                "RES_OPTIONS",
                "TZDIR",
                "DBUS_SESSION_BUS_ADDRESS",
                "DBUS_SYSTEM_BUS_ADDRESS",
                "DBUS_STARTER_*",
                "PAWL_ROOT",
        };

        for (size_t i = 0; i < ARRAY_COUNT(names); i++)
                line_add(plan, "unsetenv", names[i]);
}

static void set_format(Text *plan, const char *key, const char *format, ...) printf_like(3, 4);
static void set_format(Text *plan, const char *key, const char *format, ...) {
        autofree char *value = NULL;
        va_list args;

        va_start(args, format);
        int length = vasprintf(&value, format, args);
        va_end(args);
        if (length < 0)
                abort();
        line_add_pair(plan, "setenv", key, value);
}

static void add_snap_variables(Text *plan, const LaunchPlanInput *input) {
        const Target *target = input->target;
        const char *revision = target->snap.revision;
        const char *instance = target->snap.instance;
        const char *key = strchr(instance, '_');

        set_format(plan, "SNAP", "/snap/%s/%s", target->name, revision);
        set_format(plan, "SNAP_COMMON", "/var/snap/%s/common", target->name);
        set_format(plan, "SNAP_DATA", "/var/snap/%s/%s", target->name, revision);
        set_format(plan, "SNAP_NAME", "%s", target->name);
        set_format(plan, "SNAP_INSTANCE_NAME", "%s", instance);
        set_format(plan, "SNAP_INSTANCE_KEY", "%s", key ? key + 1 : "");
        set_format(plan, "SNAP_VERSION", "%s", target->version);
        set_format(plan, "SNAP_REVISION", "%s", revision);
        set_format(plan, "SNAP_ARCH", "%s", get_architecture());
        set_format(plan, "SNAP_UID", "%u", input->uid);
        set_format(plan, "SNAP_EUID", "%u", input->uid);
        line_add_pair(plan, "setenv", "SNAP_LIBRARY_PATH",
                      "/var/lib/snapd/lib/gl:/var/lib/snapd/lib/gl32:/var/lib/snapd/void");
        line_add_pair(plan, "expand", "SNAP_REEXEC", "$SNAP_REEXEC");
        set_format(plan, "XDG_RUNTIME_DIR", "/run/user/%u/snap.%s", input->uid, instance);
        line_add_pair(plan, "setenv", "TMPDIR", "/tmp");
        line_add_pair(plan, "setenv", "TEMPDIR", "/tmp");
        line_add_pair(plan, "setenv", "PATH",
                      target->is_hook ? PROGRAM_PATH ":" SNAPCTL_DIRECTORY : PROGRAM_PATH);
}

static void add_home_variables(Text *plan, const LaunchPlanInput *input) {
        const TargetSnap *snap = &input->target->snap;
        const char *home = input->request->home;

        if (!home)
                return;
        set_format(plan, "SNAP_USER_DATA", "%s/snap/%s/%s", home, snap->instance, snap->revision);
        set_format(plan, "SNAP_USER_COMMON", "%s/snap/%s/common", home, snap->instance);
        set_format(plan, "SNAP_REAL_HOME", "%s", home);
        set_format(plan, "HOME", "%s/snap/%s/%s", home, snap->instance, snap->revision);
}

/* A list of [key, value] pairs, each seeing those before it. */
static void add_manifest_variables(Text *plan, const json_t *list) {
        size_t i;
        json_t *pair;

        json_array_foreach(list, i, pair) {
                const char *key = json_string_value(json_array_get(pair, 0));
                const char *value = json_string_value(json_array_get(pair, 1));

                if (key && value)
                        line_add_pair(plan, "expand", key, value);
        }
}

void launch_plan_add_environment(Text *plan, const LaunchPlanInput *input) {
        add_unsets(plan);
        add_snap_variables(plan, input);
        add_home_variables(plan, input);
        launch_plan_add_granted_variables(plan, input);
        add_manifest_variables(plan, json_object_get(input->target->manifest, "environment"));
        add_manifest_variables(plan,
                               json_object_get(target_get_program(input->target), "environment"));
}
