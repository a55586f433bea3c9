/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/apparmor-profile.h"
#include "base/own.h"
#include "unit.h"

/* 0 well-formed; 127: there is no parser here. */
static int parse(const char *text) {
        autofd int file = memfd_create("profile", MFD_CLOEXEC);
        int status = 0;

        assert_int_equal(write(file, text, strlen(text)), strlen(text));
        assert_int_equal(lseek(file, 0, SEEK_SET), 0);
        pid_t pid = fork();
        if (pid == 0) {
                (void)dup2(file, STDIN_FILENO);
                (void)execlp("apparmor_parser", "apparmor_parser", "-QTK", (char *)NULL);
                (void)execl("/sbin/apparmor_parser", "apparmor_parser", "-QTK", (char *)NULL);
                _exit(127);
        }
        assert_int_equal(waitpid(pid, &status, 0), pid);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
}

/* --- attributes that the rules of an interface could meet --- */

static json_t *make_value(const InterfaceAttribute *attribute) {
        static const char *const samples[ATTRIBUTE_TYPE_COUNT] = {
                [ATTRIBUTE_TEXT] = "some.text",
                [ATTRIBUTE_TEXTS] = "some.text",
                [ATTRIBUTE_PATH] = "/some/where",
                [ATTRIBUTE_PATHS] = "/some/where",
                [ATTRIBUTE_DEVICE] = "/dev/some0",
                [ATTRIBUTE_DEVICES] = "/dev/some0",
                [ATTRIBUTE_DBUS_NAME] = "org.example.Some",
                [ATTRIBUTE_HOME_PATHS] = "$HOME/.some where",
                [ATTRIBUTE_SYSTEM_PATHS] = "/some/where else",
                [ATTRIBUTE_SHARE_PATH] = "$SNAP/some",
                [ATTRIBUTE_SHARE_PATHS] = "$SNAP/some",
        };
        const char *text = samples[attribute->type];

        if (attribute->type == ATTRIBUTE_INT)
                return json_integer(7);
        if (attribute->choices)
                text = attribute->choices[0];
        if (!text)
                return attribute->type == ATTRIBUTE_BOOL ? json_true() : json_object();
        switch (attribute->type) {
        case ATTRIBUTE_TEXTS:
        case ATTRIBUTE_CHOICES:
        case ATTRIBUTE_PATHS:
        case ATTRIBUTE_DEVICES:
        case ATTRIBUTE_HOME_PATHS:
        case ATTRIBUTE_SYSTEM_PATHS:
        case ATTRIBUTE_SHARE_PATHS:
                return json_pack("[s]", text);
        default:
                return json_string(text);
        }
}

static json_t *make_attributes(const InterfaceSide *side) {
        json_t *all = json_object();

        for (const InterfaceAttribute *a = side->attributes; a && a->name; a++)
                json_put(all, a->name, make_value(a));
        return all;
}

static void write_profile(const InterfaceKind *kind, bool is_plug, Text *ret) {
        __attribute__((cleanup(grant_set_done))) GrantSet set = { 0 };
        autojson plug = make_attributes(&kind->plug);
        autojson slot = make_attributes(&kind->slot);
        GrantExample example = { .kind = kind,
                                 .is_plug = is_plug,
                                 .has_all = true,
                                 .instance = "some_key",
                                 .name = "some",
                                 .peer = is_plug ? "" : "other",
                                 .plug_attributes = plug,
                                 .slot_attributes = slot };
        Error err = ERROR_INIT;

        if (grant_set_add_example(&set, &example, &err) < 0)
                fail_msg("%s: %s", kind->name, err.message);
        apparmor_profile_write(&(ApparmorProfile){ .label = "snap.some_key.app",
                                                   .instance = "some_key",
                                                   .name = "some",
                                                   .is_first = true,
                                                   .grants = &set },
                               ret);
}

static void the_profile_of_each_interface_parses(void **state) {
        (void)state;
        for (size_t i = 0; i < 2 * interface_kind_count; i++) {
                const InterfaceKind *kind = &interface_kinds[i / 2];
                autotext text = TEXT_INIT;

                write_profile(kind, i % 2 == 0, &text);
                int status = parse(text.bytes);
                if (status == 127)
                        skip();
                if (status != 0)
                        fail_msg("%s, %s:\n%s", kind->name, i % 2 == 0 ? "plug" : "slot",
                                 text.bytes);
        }
}

static void a_wrong_line_does_not_parse(void **state) {
        int status = parse("profile x {\n  nonsense here,\n}\n");

        (void)state;
        if (status == 127)
                skip();
        assert_int_not_equal(status, 0);
}

static void what_is_granted_is_in_it(void **state) {
        static const struct {
                const char *interface, *line;
        } cases[] = {
                { "tpm", "\n  \"/dev/tpm[0-9]*\" rwk,\n" },
                { "libvirt", "\n  \"/run/libvirt/libvirt-sock{,-ro}\" rw,\n" },
                { "hostname-control", "\n  capability sys_admin,\n" },
                { "hostname-control", "\n  \"/etc/hostname\" rwlk,\n" },
                { "hostname-control", "\n  dbus (send, receive) bus=system,\n" },
                { "personal-files", "\n  \"@{HOME}/.some where/{,**}\" rk,\n" },
                { "network", "\n  network inet6,\n" },
                { "home", "\n  @{HOME}/[^.]** rwlk,\n" },
        };
        (void)state;

        for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
                autotext text = TEXT_INIT;
                write_profile(interface_kind_find(cases[i].interface), true, &text);
                if (!strstr(text.bytes, cases[i].line))
                        fail_msg("%s: no%sin\n%s", cases[i].interface, cases[i].line, text.bytes);
        }
}

static void nothing_is_in_it_that_was_not_granted(void **state) {
        static const GrantSet none;
        autotext text = TEXT_INIT;
        (void)state;

        apparmor_profile_write(
                &(ApparmorProfile){
                        .label = "snap.a.b", .instance = "a", .name = "a", .grants = &none },
                &text);
        assert_null(strstr(text.bytes, "capability"));
        assert_null(strstr(text.bytes, "dbus"));
        assert_null(strstr(text.bytes, "mount"));
        assert_null(strstr(text.bytes, "network inet"));
        assert_null(strstr(text.bytes, "change_profile"));
        assert_null(strstr(text.bytes, "@{HOME}/["));
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test(a_wrong_line_does_not_parse),
                cmocka_unit_test(the_profile_of_each_interface_parses),
                cmocka_unit_test(what_is_granted_is_in_it),
                cmocka_unit_test(nothing_is_in_it_that_was_not_granted),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
