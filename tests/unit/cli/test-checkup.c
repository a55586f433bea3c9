/* SPDX-License-Identifier: Apache-2.0
 *
 * A machine that has everything lacks nothing; each thing that is taken away is named, with a step.
 */
#include <stdio.h>

#include "../unit.h"
#include "base/text.h"
#include "cli/checkup.h"

static const MachineFacts WHOLE = {
        .kernel_major = 6,
        .kernel_minor = 12,
        .landlock_abi = 6,
        .user_namespaces = 1000,
        .unprivileged_clone = -1,
        .apparmor_restricts = -1,
        .has = { [0 ... MACHINE_PART_COUNT - 1] = true },
        .free_bytes = (int64_t)1 << 32,
};

/* The one thing that is lacking; "" for nothing. */
static const char *judge(const MachineFacts *facts) {
        static char what[64];
        autojson list = checkup_judge(facts);
        size_t count = 0;

        what[0] = '\0';
        for (size_t i = 0; i < json_array_size(list); i++) {
                const json_t *one = json_array_get(list, i);
                assert_true(*json_get_string(one, "is", ""));
                if (json_get_bool(one, "is-fine", false))
                        continue;
                assert_true(*json_get_string(one, "lacks", ""));
                assert_true(*json_get_string(one, "do", ""));
                (void)snprintf(what, sizeof(what), "%s", json_get_string(one, "what", ""));
                count++;
        }
        assert_true(count <= 1);
        return what;
}

static void test_each_lack_is_named(void **state) {
        MachineFacts facts = WHOLE;

        (void)state;
        assert_string_equal(judge(&WHOLE), "");
#define LACKS(field, value, name) \
        facts = WHOLE;            \
        facts.field = value;      \
        assert_string_equal(judge(&facts), name)
        LACKS(kernel_major, 5, "kernel");
        LACKS(kernel_minor, 0, "kernel");
        LACKS(landlock_abi, 0, "Landlock");
        LACKS(landlock_abi, 5, "Landlock");
        LACKS(user_namespaces, 0, "user namespaces");
        LACKS(user_namespaces, -1, "user namespaces");
        LACKS(unprivileged_clone, 0, "user namespaces");
        LACKS(apparmor_restricts, 1, "user namespaces");
        LACKS(has[MACHINE_APPARMOR], false, "AppArmor");
        LACKS(has[MACHINE_APPARMOR_PARSER], false, "AppArmor");
        LACKS(has[MACHINE_APPARMOR_DBUS], false, "AppArmor for D-Bus");
        LACKS(has[MACHINE_SECCOMP_KILL], false, "seccomp");
        LACKS(has[MACHINE_SECCOMP_LOG], false, "seccomp log");
        LACKS(has[MACHINE_CGROUP2], false, "cgroup v2");
        LACKS(has[MACHINE_SQUASHFS], false, "squashfs");
        LACKS(has[MACHINE_LOOP], false, "loop devices");
        LACKS(has[MACHINE_BUS_PROXY], false, "xdg-dbus-proxy");
        LACKS(has[MACHINE_UDEV], false, "udev");
        LACKS(has[MACHINE_MODPROBE], false, "modprobe");
        LACKS(has[MACHINE_DAEMON], false, "pawld");
        LACKS(has[MACHINE_GENERATION], false, "generation");
        LACKS(has[MACHINE_BALLAST], false, "reserve on disk");
        LACKS(free_bytes, 1000, "room on disk");
        LACKS(finding_count, 3, "links, data and files");
        LACKS(kernel_major, 7, "");
        LACKS(free_bytes, -1, "");
        LACKS(finding_count, -1, "");
}

static void test_interfaces(void **state) {
        static const char text[] =
                "[{\"name\":\"a\",\"plug\":{\"blocks\":[{\"grants\":[{\"kind\":\"apparmor\",\"text\":\"x,\"},"
                "{\"kind\":\"apparmor\",\"text\":\"y,\"},{\"kind\":\"file\",\"text\":\"/a\"}]}]}},"
                "{\"name\":\"b\",\"slot\":{\"blocks\":[{\"grants\":[{\"kind\":\"bus\",\"text\":\"*\"}]}]}},"
                "{\"name\":\"c\",\"plug\":{\"blocks\":[{\"grants\":[{\"kind\":\"file\",\"text\":\"/a\"}]}]}}]";
        autojson interfaces = json_loads(text, 0, NULL);
        MachineFacts facts = WHOLE;

        (void)state;
        assert_non_null(interfaces);
        autojson none = checkup_judge_interfaces(&facts, interfaces);
        assert_int_equal(json_array_size(none), 0);
        facts.has[MACHINE_APPARMOR] = false;
        autojson one = checkup_judge_interfaces(&facts, interfaces);
        assert_int_equal(json_array_size(one), 1);
        assert_string_equal(json_get_string(json_array_get(one, 0), "interface", ""), "a");
        assert_int_equal(json_array_size(json_object_get(json_array_get(one, 0), "lacks")), 1);
        facts.has[MACHINE_BUS_PROXY] = false;
        autojson two = checkup_judge_interfaces(&facts, interfaces);
        assert_int_equal(json_array_size(two), 2);
        autojson absent = checkup_judge_interfaces(&facts, NULL);
        assert_int_equal(json_array_size(absent), 0);
}

/* What the first wall cannot say, and what the other one refuses. */
static void test_each_wall_says_what_it_cannot(void **state) {
        MachineFacts landlock = WHOLE, apparmor = WHOLE, poor = WHOLE;
        landlock.has[MACHINE_APPARMOR] = false;
        landlock.has[MACHINE_APPARMOR_DBUS] = false;
        apparmor.landlock_abi = 0;
        poor.has[MACHINE_BUS_PROXY] = poor.has[MACHINE_UDEV] = poor.has[MACHINE_MODPROBE] =
                poor.has[MACHINE_CGROUP2] = false;
        const struct {
                const MachineFacts *facts;
                const char *grants, *begins; /* NULL: all of it is enforced */
        } cases[] = {
                { &landlock, "{'kind':'system-call','text':'mount'}",
                  "mounting: Landlock refuses" },
                { &apparmor, "{'kind':'system-call','text':'mount'}", NULL },
                { &landlock, "{'kind':'apparmor','text':'umount /x,'}", "mounting: Landlock" },
                { &apparmor, "{'kind':'apparmor','text':'umount /x,'}", NULL },
                { &landlock, "{'kind':'flag','text':'lifts-mounts'}", "files: Landlock" },
                { &WHOLE, "{'kind':'flag','text':'lifts-mounts'}", NULL },
                { &landlock,
                  "{'kind':'apparmor','text':'pivot_root,'},{'kind':'flag','text':'none'}",
                  "what may be mounted" },
                { &landlock, "{'kind':'apparmor','text':'ptrace (read),'}", "tracing other" },
                { &WHOLE, "{'kind':'apparmor','text':'ptrace (read),'}", NULL },
                { &landlock, "{'kind':'apparmor','text':'signal (send),'}", "whom signals" },
                { &landlock, "{'kind':'apparmor','text':'change_profile -> x,'}", "AppArmor pro" },
                { &landlock, "{'kind':'apparmor','text':'/dev/shm/x rw,'}", "single files" },
                { &landlock, "{'kind':'apparmor','text':'dbus send,'}", "labels of who" },
                { &landlock, "{'kind':'apparmor','text':'network x,'}", "rules that only" },
                { &landlock, "{'kind':'flag','text':'traces-processes'}", "tracing other" },
                { &WHOLE, "{'kind':'flag','text':'signals-processes'}", "signals of users" },
                { &landlock, "{'kind':'abstract-socket','text':'@/x'}", "which abstract" },
                { &landlock, "{'kind':'bus','text':'*'}", "calls to names" },
                { &landlock, "{'kind':'bus','text':'a.b'}", NULL },
                { &landlock, "{'kind':'device','text':'/dev/a','access':'r'}", "nodes only" },
                { &landlock, "{'kind':'device','text':'/dev/a','access':'rw'}", NULL },
                { &poor, "{'kind':'bus','text':'a.b'}", "names on buses" },
                { &poor, "{'kind':'udev','text':'x'}", "tags of devices" },
                { &poor, "{'kind':'kernel-module','text':'x'}", "kernel modules" },
                { &poor, "{'kind':'module-rule','text':'x'}", "kernel modules" },
                { &poor, "{'kind':'device','text':'/dev/a','access':'rw'}", "which devices" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autofree char *text = string_format(
                        "[{'name':'a','plug':{'blocks':[{'grants':[%s]}]}}]", cases[i].grants);
                for (char *at = text; *at; at++)
                        if (*at == '\'')
                                *at = '"';
                autojson interfaces = json_loads(text, 0, NULL);
                assert_non_null(interfaces);
                autojson judged = checkup_judge_interfaces(cases[i].facts, interfaces);
                const json_t *lacks = json_object_get(json_array_get(judged, 0), "lacks");
                const char *says = json_string_value(json_array_get(lacks, 0));
                if (!cases[i].begins != !says ||
                    (says && !string_has_prefix(says, cases[i].begins)))
                        fail_msg("%s: %s", cases[i].grants, says ? says : "nothing");
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_each_lack_is_named),
                cmocka_unit_test(test_interfaces),
                cmocka_unit_test(test_each_wall_says_what_it_cannot),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
