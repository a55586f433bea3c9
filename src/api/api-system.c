/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/utsname.h>

#include "api/build-id.h"
#include "api/machine.h"
#include "api/resources.h"
#include "base/text.h"
#include "snap/manifest.h"

int root_get(ApiCall *call, Error *err) {
        (void)err;
        return call_reply(call, json_pack("[s]", "TBD"));
}

static json_t *format_locations(const char *root) {
        autofree char *mount = string_format("%s/snap", root);
        autofree char *bin = string_format("%s/snap/bin", root);

        return json_pack("{s:s, s:s}", "snap-mount-dir", mount, "snap-bin-dir", bin);
}

/* What protects a program here, by the names that clients know.  Only what this build enforces on
 * this machine. */
static json_t *format_sandbox_features(const Machine *machine) {
        json_t *features = json_object(), *options = json_array(), *seccomp = json_array();

        json_array_append_new(options, json_string("devmode"));
        if (machine->landlock_abi >= MACHINE_STRICT_LANDLOCK_ABI)
                json_array_append_new(options, json_string("strict"));
        json_put(features, "confinement-options", options);
        if (machine->landlock_abi > 0) {
                autofree char *abi = string_format("kernel:abi-%d", machine->landlock_abi);
                json_put(features, "landlock", json_pack("[s]", abi));
        }
        json_put(features, "mount", json_pack("[s]", "mount-namespace"));
        json_array_append_new(seccomp, json_string("bpf-argument-filtering"));
        for (size_t i = 0; i < machine->seccomp_action_count; i++) {
                autofree char *action = string_format("kernel:%s", machine->seccomp_actions[i]);
                json_array_append_new(seccomp, json_string(action));
        }
        json_put(features, "seccomp", seccomp);
        return features;
}

/* Experimental features by name: what we lack is said, so that newer clients do not try. */
static const struct {
        const char *name, *unsupported_reason;
} FEATURES[] = {
        { "apparmor-prompting", "this daemon does not ask on access" },
        { "confdb", "this daemon has no confdb views" },
        { "quota-groups", "this daemon has no quota groups" },
};

static json_t *format_features(void) {
        json_t *features = json_object();

        for (size_t i = 0; i < ARRAY_COUNT(FEATURES); i++) {
                json_t *feature = json_object();
                json_put(feature, "supported", json_false());
                json_put_string(feature, "unsupported-reason", FEATURES[i].unsupported_reason);
                json_put(feature, "enabled", json_false());
                json_put(features, FEATURES[i].name, feature);
        }
        return features;
}

static json_t *format_os_release(const Machine *machine) {
        json_t *release = json_object();

        json_put(release, "id", json_string(machine->os_id));
        json_put_string(release, "version-id", machine->os_version_id);
        return release;
}

int system_get(ApiCall *call, Error *err) {
        char build_id[BUILD_ID_TEXT_SIZE];
        struct utsname kernel;
        Machine machine;
        json_t *info = json_object();

        (void)err;
        (void)uname(&kernel);
        machine_read(&machine);
        json_put_string(info, "series", "16");
        /* Clients and packages decide by the number of the stock daemon; ours follows the "+". */
        json_put_string(info, "version", SNAPD_VERSION_REPORTED "+pawl" PAWL_VERSION);
        json_put_string(info, "build-id", build_id_get(build_id));
        json_put(info, "os-release", format_os_release(&machine));
        json_put(info, "on-classic", json_true());
        json_put(info, "managed", json_false());
        json_put_string(info, "kernel-version", kernel.release);
        json_put(info, "locations", format_locations(call->api->places->root));
        /* Nothing is refreshed by itself yet, so there is no last or next; clients want a timer. */
        json_put(info, "refresh", json_pack("{s:s}", "timer", "00:00~24:00/4"));
        json_put_string(info, "architecture", machine_get_architecture());
        json_put_string(info, "system-mode", "run");
        json_put_string(info, "virtualization", machine.virtualization);
        json_put_string(info, "confinement",
                        machine.landlock_abi >= MACHINE_STRICT_LANDLOCK_ABI ? "strict" : "partial");
        json_put(info, "sandbox-features", format_sandbox_features(&machine));
        json_put(info, "features", format_features());
        return call_reply(call, info);
}
