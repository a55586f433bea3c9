/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/run-command.h"
#include "base/file.h"
#include "base/text.h"
#include "interface/grant-polkit.h"
#include "unit.h"

typedef struct Fixture {
        char root[64];
        GrantSet grants;
} Fixture;

static int set_up(void **state) {
        Fixture *fixture = memory_new(sizeof(*fixture));
        const GrantExample example = { .kind = interface_kind_find("tpm"),
                                       .is_plug = true,
                                       .instance = "x",
                                       .name = "x",
                                       .peer = "" };
        Error err = ERROR_INIT;

        (void)snprintf(fixture->root, sizeof(fixture->root), "/tmp/pawl-backend-XXXXXX");
        assert_non_null(mkdtemp(fixture->root));
        assert_int_equal(grant_set_add_example(&fixture->grants, &example, &err), 0);
        *state = fixture;
        return 0;
}

static int tear_down(void **state) {
        static const char *const directories[] = {
                "etc/udev/rules.d",   "etc/udev", "etc/modprobe.d",
                "etc/modules-load.d", "etc",      "var/lib/pawl/apparmor",
                "var/lib/pawl",       "var/lib",  "var"
        };
        Fixture *fixture = *state;

        for (size_t i = 0; i < ARRAY_COUNT(directories); i++) {
                autofree char *path = string_format("%s/%s", fixture->root, directories[i]);
                (void)rmdir(path);
        }
        int status = rmdir(fixture->root); /* fails where a test left a file */
        grant_set_done(&fixture->grants);
        free(fixture);
        return status;
}

static const Backend *find(const char *name) {
        for (size_t i = 0; backends[i]; i++)
                if (string_equal(backends[i]->name, name))
                        return backends[i];
        return NULL;
}

static BackendInput make_input(const Fixture *fixture, BackendProgram *program) {
        *program = (BackendProgram){ .label = "snap.x.app", .grants = &fixture->grants };
        return (BackendInput){
                .instance = "x", .name = "x", .programs = program, .program_count = 1
        };
}

static bool is_there(const Fixture *fixture, const Artefact *artefact) {
        autofree char *path =
                string_format("%s/%s/%s", fixture->root, artefact->directory, artefact->name);
        struct stat status;

        return stat(path, &status) == 0;
}

static void udev_rules_tag_what_was_granted(void **state) {
        BackendProgram program;
        BackendInput input = make_input(*state, &program);
        autoartefacts made = { 0 };
        autoartefacts loose = { 0 };

        find("udev")->compile(&input, &made);
        assert_int_equal(made.count, 1);
        assert_string_equal(made.items[0].name, "70-snap.x.rules");
        assert_string_equal(made.items[0].text,
                            "# Written by pawl: do not edit.\n"
                            "# tpm\nKERNEL==\"tpm[0-9]*\", TAG+=\"snap_x_app\"\n"
                            "# tpm\nKERNEL==\"tpmrm[0-9]*\", TAG+=\"snap_x_app\"\n");
        input.is_devmode = true;
        find("udev")->compile(&input, &loose);
        assert_non_null(strstr(loose.items[0].text, "\n# KERNEL=="));
        assert_null(strstr(loose.items[0].text, "\nKERNEL=="));
}

/* No module is granted: there is to be no file. */
static void nothing_granted_is_no_file(void **state) {
        BackendProgram program;
        BackendInput input = make_input(*state, &program);
        autoartefacts made = { 0 };
        autoartefacts none = { 0 };

        find("kmod")->compile(&input, &made);
        assert_int_equal(made.count, 2);
        assert_null(made.items[0].text);
        assert_null(made.items[1].text);
        find("null")->compile(&input, &none);
        assert_int_equal(none.count, 0);
}

static void each_is_applied_twice_and_removed(void **state) {
        const Fixture *fixture = *state;
        BackendProgram program;
        BackendInput input = make_input(*state, &program);

        for (size_t i = 0; backends[i]; i++) {
                autoartefacts made = { 0 };
                autotext warnings = TEXT_INIT;
                const BackendOrder order = { fixture->root, false, &warnings };
                Error err = ERROR_INIT;

                backends[i]->compile(&input, &made);
                bool has_text = made.count > 0 && made.items[0].text;
                assert_int_equal(backend_is_applied(backends[i], fixture->root, &made), !has_text);
                assert_int_equal(backend_apply(backends[i], &order, &made, &err), has_text);
                assert_int_equal(backend_apply(backends[i], &order, &made, &err), 0);
                assert_true(backend_is_applied(backends[i], fixture->root, &made));
                if (has_text)
                        assert_true(is_there(fixture, &made.items[0]));
                assert_int_equal(backend_remove(backends[i], &order, "x", &err), has_text);
                assert_int_equal(backend_remove(backends[i], &order, "x", &err), 0);
                if (has_text)
                        assert_false(is_there(fixture, &made.items[0]));
        }
}

/* What a package's programs are given by its files in meta/polkit. */
static void add_actions(GrantSet *set, const char *files) {
        const GrantExample example = { .kind = interface_kind_find("polkit"),
                                       .is_plug = true,
                                       .instance = "x",
                                       .name = "x",
                                       .peer = "" };
        autojson parsed = NULL;
        Error err = ERROR_INIT;

        assert_int_equal(json_parse(files, strlen(files), &parsed, &err), 0);
        assert_int_equal(grant_set_add_example(set, &example, &err), 0);
        assert_int_equal(grant_polkit_add(set, parsed, "ask", "org.x", &err), 0);
}

static void actions_of_polkit_are_written_anew(void **state) {
        __attribute__((cleanup(grant_set_done))) GrantSet set = { 0 };
        const BackendProgram programs[] = { { .label = "snap.x.a", .grants = &set },
                                            { .label = "snap.x.b", .grants = &set } };
        const BackendInput input = {
                .instance = "x", .name = "x", .programs = programs, .program_count = 2
        };
        autoartefacts made = { 0 };
        Error err = ERROR_INIT;

        (void)state;
        add_actions(
                &set,
                "[{\"plug\":\"other\",\"file\":\"other.a.policy\",\"actions\":[{\"id\":\"org.x.c\"}]},"
                "{\"plug\":\"ask\",\"file\":\"ask.a.policy\",\"actions\":[{\"id\":\"org.x.a\","
                "\"message\":{\"\":\"a<b>&\\\"\",\"da\":\"d\",\"\\\"x\":\"no\"},\"vendor\":\"a\\nb\","
                "\"allow_any\":\"yes</allow_any>\",\"allow_active\":\"auth_self\"}]},"
                "{\"plug\":\"ask\",\"file\":\"ask.--b.policy\",\"fault\":\"line 1: -->---<x/>\"}]");
        find("polkit")->compile(&input, &made);
        assert_int_equal(made.count, 1);
        assert_string_equal(made.items[0].directory, "usr/share/polkit-1/actions");
        assert_string_equal(made.items[0].name, "snap.x.interface.polkit.policy");
        assert_string_equal(
                made.items[0].text,
                "<!-- Written by pawl: do not edit. -->\n"
                "<!DOCTYPE policyconfig PUBLIC \"-//freedesktop//DTD PolicyKit Policy Configuration "
                "1.0//EN\"\n \"http://www.freedesktop.org/standards/PolicyKit/1/policyconfig.dtd\">\n"
                "<policyconfig>\n"
                "<!-- Not here: meta/polkit/ask.-_b.policy is left out: line 1: -_>-_-<x/> -->\n"
                "  <action id=\"org.x.a\">\n"
                "    <vendor>a\nb</vendor>\n"
                "    <message>a&lt;b&gt;&amp;\"</message>\n"
                "    <message xml:lang=\"da\">d</message>\n"
                "    <defaults>\n      <allow_any>no</allow_any>\n"
                "      <allow_inactive>no</allow_inactive>\n"
                "      <allow_active>auth_self</allow_active>\n    </defaults>\n  </action>\n"
                "</policyconfig>\n");
        assert_int_equal(find("polkit")->tell(&made.items[0], &err), -1);
        assert_string_equal(err.message,
                            "meta/polkit/ask.-_b.policy is left out: line 1: -_>-_-<x/>; "
                            "refresh the package once it is mended");
}

/* pawl-read is only believed as far as the plug's prefix goes. */
static void an_action_of_others_is_refused(void **state) {
        static const char *const ids[] = { "org.xy", "org.freedesktop.policykit.exec", "org.x.\"",
                                           "", "org" };

        (void)state;
        for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
                __attribute__((cleanup(grant_set_done))) GrantSet set = { 0 };
                autojson files =
                        json_pack("[{s:s, s:[{s:s}]}]", "plug", "ask", "actions", "id", ids[i]);
                const char *prefix = i == 1 ? "org.freedesktop" : "org.x";
                Error err = ERROR_INIT;
                assert_int_equal(grant_polkit_add(&set, files, "ask", prefix, &err), -1);
        }
}

/* Where /usr is read only, a package is granted everything else all the same. */
static void a_read_only_place_is_a_warning(void **state) {
        const Fixture *fixture = *state;
        __attribute__((cleanup(grant_set_done))) GrantSet set = { 0 };
        const BackendProgram program = { .label = "snap.x.a", .grants = &set };
        const BackendInput input = {
                .instance = "x", .name = "x", .programs = &program, .program_count = 1
        };
        autotext warnings = TEXT_INIT;
        const BackendOrder order = { fixture->root, false, &warnings };
        autoartefacts made = { 0 };
        Error err = ERROR_INIT;

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("none", fixture->root, "tmpfs", MS_RDONLY, NULL) < 0)
                skip();
        add_actions(&set, "[{\"plug\":\"ask\",\"actions\":[{\"id\":\"org.x.a\"}]}]");
        find("polkit")->compile(&input, &made);
        assert_int_equal(backend_apply(find("polkit"), &order, &made, &err), 0);
        assert_non_null(strstr(warnings.bytes,
                               "/usr/share/polkit-1/actions/snap.x.interface.polkit."
                               "policy: "));
        assert_non_null(strstr(warnings.bytes, "Read-only file system"));
        text_done(&warnings);
        assert_int_equal(backend_remove(find("polkit"), &order, "x", &err), 0);
        assert_int_equal(warnings.length, 0);
        assert_int_equal(umount2(fixture->root, MNT_DETACH), 0);
}

static void a_command_that_fails_says_why(void **state) {
        const char *const words[] = { "ls", "/no/such/place", NULL };
        Error err = ERROR_INIT;

        (void)state;
        assert_int_equal(command_run(words, &err), -1);
        assert_non_null(strstr(err.message, "ls /no/such/place failed"));
        assert_non_null(strstr(err.message, "No such file or directory"));
}

/* In a container, which has no modules of its own, nothing is said. */
static void a_module_that_does_not_load_is_told_with_its_interface(void **state) {
        char directory[] = "etc/modules-load.d", name[] = "snap.x.conf";
        char text[] = "# Written by pawl: do not edit.\n# tpm\nno_such_module_of_pawl\n";
        const Artefact what = { directory, name, text };
        Error err = ERROR_INIT;
        struct utsname kernel;

        (void)state;
        assert_int_equal(uname(&kernel), 0);
        autofree char *modules = string_format("/lib/modules/%s/modules.dep", kernel.release);
        int told = find("kmod")->tell(&what, &err);
        if (access(modules, F_OK) < 0 || !find("kmod")->is_available()) {
                print_message("no modules here: nothing is told\n");
                return;
        }
        assert_int_equal(told, -1);
        assert_non_null(strstr(err.message, "no_such_module_of_pawl of interface tpm"));
}

/* A modprobe that notes its words, in a name space of its own. */
static _Noreturn void tell_a_stand_in(void) {
        static const char script[] = "#!/bin/sh\nprintf '%s\\n' \"$@\" >/usr/sbin/said\n";
        char directory[] = "etc/modules-load.d", name[] = "snap.x.conf";
        char text[] = "# tpm\n-r\n";
        const Artefact what = { directory, name, text };
        Error err = ERROR_INIT;
        char said[32] = "";

        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
            mount("tmpfs", "/usr/sbin", "tmpfs", 0, NULL) < 0)
                _exit(77);
        int file = open("/usr/sbin/modprobe", O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
        if (file < 0 || write(file, script, strlen(script)) < 0 || close(file) < 0)
                _exit(1);
        int told = find("kmod")->tell(&what, &err);
        file = open("/usr/sbin/said", O_RDONLY | O_CLOEXEC);
        if (file < 0 || read(file, said, sizeof(said) - 1) < 0)
                _exit(2);
        _exit(told == 0 && string_equal(said, "--\n-r\n") ? 0 : 3);
}

static void modprobe_takes_no_name_for_an_option(void **state) {
        int status = 0;
        pid_t pid = fork();

        (void)state;
        if (pid == 0)
                tell_a_stand_in();
        assert_true(pid > 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
                skip(); /* who is not root has no such name space */
        assert_int_equal(status, 0);
}

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test_setup_teardown(udev_rules_tag_what_was_granted, set_up, tear_down),
                cmocka_unit_test_setup_teardown(nothing_granted_is_no_file, set_up, tear_down),
                cmocka_unit_test_setup_teardown(each_is_applied_twice_and_removed, set_up,
                                                tear_down),
                cmocka_unit_test(actions_of_polkit_are_written_anew),
                cmocka_unit_test(an_action_of_others_is_refused),
                cmocka_unit_test_setup_teardown(a_read_only_place_is_a_warning, set_up, tear_down),
                cmocka_unit_test(a_command_that_fails_says_why),
                cmocka_unit_test(a_module_that_does_not_load_is_told_with_its_interface),
                cmocka_unit_test(modprobe_takes_no_name_for_an_option),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
