/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "backend/backend.h"
#include "backend/run-command.h"
#include "base/file.h"
#include "base/text.h"
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

int main(void) {
        static const struct CMUnitTest TESTS[] = {
                cmocka_unit_test_setup_teardown(udev_rules_tag_what_was_granted, set_up, tear_down),
                cmocka_unit_test_setup_teardown(nothing_granted_is_no_file, set_up, tear_down),
                cmocka_unit_test_setup_teardown(each_is_applied_twice_and_removed, set_up,
                                                tear_down),
                cmocka_unit_test(a_command_that_fails_says_why),
                cmocka_unit_test(a_module_that_does_not_load_is_told_with_its_interface),
        };

        return cmocka_run_group_tests(TESTS, NULL, NULL);
}
