/* SPDX-License-Identifier: Apache-2.0 */
#include "backend/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "backend/apparmor-load.h"
#include "backend/apparmor-profile.h"
#include "backend/gpio-pins.h"
#include "backend/run-command.h"
#include "base/file.h"
#include "base/text.h"

void artefacts_done(Artefacts *artefacts) {
        for (size_t i = 0; i < artefacts->count; i++) {
                free(artefacts->items[i].directory);
                free(artefacts->items[i].name);
                free(artefacts->items[i].text);
        }
        *artefacts = (Artefacts){ 0 };
}

static void add(Artefacts *artefacts, const char *directory, char *owned_name, Text *text) {
        artefacts->items[artefacts->count++] = (Artefact){
                .directory = string_copy(directory),
                .name = owned_name,
                .text = text->length > 0 ? text_take(text) : NULL,
        };
}

/* ── none ── */

static bool is_always_there(void) {
        return true;
}

static void compile_nothing(const BackendInput *input, Artefacts *ret) {
        (void)input;
        (void)ret;
}

static int tell_nobody(const Artefact *what, Error *err) {
        (void)what;
        (void)err;
        return 0;
}

static const Backend NULL_BACKEND = { .name = "null",
                                      .is_available = is_always_there,
                                      .compile = compile_nothing,
                                      .tell = tell_nobody };

/* ── udev: nodes of granted devices carry the program's tag ── */

/* Without its daemon (in a container, say) nobody reads the rules. */
static bool has_udev(void) {
        return command_is_there("udevadm") && access("/run/udev/control", F_OK) == 0;
}

/* "snap.x.app" → "snap_x_app" */
static char *format_tag(const char *label) {
        char *tag = string_copy(label);

        for (char *dot = strchr(tag, '.'); dot; dot = strchr(dot, '.'))
                *dot = '_';
        return tag;
}

static void add_rules(const BackendInput *input, const BackendProgram *program, Text *rules) {
        const GrantSet *grants = program->grants;
        autofree char *tag = format_tag(program->label);
        size_t at = grant_set_find(grants, GRANT_UDEV, 0);

        for (; at < grants->row_count; at = grant_set_find(grants, GRANT_UDEV, at + 1)) {
                const GrantRow *row = &grants->rows[at];
                text_append_format(rules, "# %s\n%s%s, TAG+=\"%s\"\n",
                                   grants->origins[row->origin].kind->name,
                                   input->is_devmode ? "# " : "", row->text, tag);
        }
}

static void compile_udev(const BackendInput *input, Artefacts *ret) {
        autotext rules = TEXT_INIT;
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < input->program_count; i++)
                add_rules(input, &input->programs[i], &rules);
        if (rules.length > 0)
                text_append_format(&text, "# " ARTEFACT_MARK "\n%s", rules.bytes);
        add(ret, "etc/udev/rules.d", string_format("70-snap.%s.rules", input->instance), &text);
}

/* Nodes that are there already get the tag by an event of their own; input devices are left alone
 * where no rule is about them, for an event makes some of them forget their state. */
static int tell_udev(const Artefact *what, Error *err) {
        bool has_input = what->text && strstr(what->text, "input");
        const char *const reload[] = { "udevadm", "control", "--reload-rules", NULL };
        const char *const trigger[] = { "udevadm", "trigger", "--subsystem-nomatch=input", NULL };
        const char *const input[] = { "udevadm", "trigger", "--subsystem-match=input", NULL };

        if (command_run(reload, err) < 0)
                return -1;
        Error unused = ERROR_INIT;
        (void)command_run(trigger, &unused);
        if (has_input)
                (void)command_run(input, &unused);
        return 0; /* nobody waits until it has been through with them */
}

static const Backend UDEV = { .name = "udev",
                              .is_available = has_udev,
                              .compile = compile_udev,
                              .tell = tell_udev };

/* ── kmod ── */

static bool has_kmod(void) {
        return command_is_there("modprobe");
}

static bool has_line(const Text *text, const char *word) {
        autofree char *line = string_format("\n%s\n", word);

        return text->length > 0 && strstr(text->bytes, line);
}

/* Each line once, whoever of the programs asks for it. */
static void add_lines_file(const BackendInput *input, GrantKind kind, const char *directory,
                           Artefacts *ret) {
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < input->program_count; i++) {
                const GrantSet *grants = input->programs[i].grants;
                size_t at = grant_set_find(grants, kind, 0);
                for (; at < grants->row_count; at = grant_set_find(grants, kind, at + 1)) {
                        const GrantRow *row = &grants->rows[at];
                        const char *interface = grants->origins[row->origin].kind->name;
                        if (text.length == 0)
                                text_append(&text, "# " ARTEFACT_MARK "\n");
                        if (!has_line(&text, row->text))
                                text_append_format(&text, "# %s\n%s\n", interface, row->text);
                }
        }
        add(ret, directory, string_format("snap.%s.conf", input->instance), &text);
}

/* What modprobe is told lies there before it loads anything. */
static void compile_kmod(const BackendInput *input, Artefacts *ret) {
        add_lines_file(input, GRANT_MODULE_RULE, "etc/modprobe.d", ret);
        add_lines_file(input, GRANT_KERNEL_MODULE, "etc/modules-load.d", ret);
}

/* Where the kernel's modules are somebody else's (a container), theirs is whether it has one. */
static bool has_modules(void) {
        struct utsname name;

        if (uname(&name) < 0)
                return false;
        autofree char *path = string_format("/lib/modules/%s/modules.dep", name.release);
        return access(path, F_OK) == 0;
}

/* One of a processor or device that this machine has not (kvm_amd on Intel) is nothing to say. */
static bool is_about_hardware(const Error *err) {
        return strstr(err->message, "Operation not supported") ||
               strstr(err->message, "No such device");
}

/* A module that is not there is no reason for a connection to fail; but it is said. */
static int tell_kmod(const Artefact *what, Error *err) {
        autofree char *copy = string_copy(what->text ? what->text : "");
        const char *interface = "";
        char *rest = NULL;
        int outcome = 0;

        if (string_equal(what->directory, "etc/modprobe.d"))
                return 0;
        for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                const char *const load[] = { "modprobe", "--", line, NULL };
                Error failure = ERROR_INIT;
                if (*line == '#')
                        interface = line + strspn(line, "# ");
                else if (command_run(load, &failure) < 0 && outcome == 0 && has_modules() &&
                         !is_about_hardware(&failure))
                        outcome = error_set(err, ERROR_FAILED,
                                            "module %s of interface %s does not load: %.300s; "
                                            "install it for this kernel, or disconnect the plug",
                                            line, interface, failure.message);
        }
        return outcome;
}

static const Backend KMOD = { .name = "kmod",
                              .is_available = has_kmod,
                              .compile = compile_kmod,
                              .tell = tell_kmod };

/* ── gpio ── */

static bool has_gpio(void) {
        return access("/sys/class/gpio/export", W_OK) == 0;
}

static void compile_gpio(const BackendInput *input, Artefacts *ret) {
        add_lines_file(input, GRANT_PIN, "var/lib/pawl/gpio", ret);
}

/* "snap.x.conf" → "x"; owned. */
static char *copy_instance(const Artefact *what) {
        return string_copy_length(what->name + strlen("snap."),
                                  strlen(what->name) - strlen("snap..conf"));
}

static bool is_exported(const Artefact *what) {
        autofree char *instance = copy_instance(what);

        return gpio_pins_are_exported(&gpio_place_of_machine, instance, what->text);
}

static int tell_gpio(const Artefact *what, Error *err) {
        autofree char *instance = copy_instance(what);

        return gpio_pins_export(&gpio_place_of_machine, instance, what->text, err);
}

static const Backend GPIO = { .name = "gpio",
                              .is_available = has_gpio,
                              .compile = compile_gpio,
                              .is_told = is_exported,
                              .tell = tell_gpio };

/* ── D-Bus: who may own a name of the system's bus, and who may call it ── */

static void add_name(const char *name, Text *text) {
        bool is_prefix = string_has_suffix(name, ".*");
        int length = (int)strlen(name) - (is_prefix ? 2 : 0);

        text_append_format(text, "    <allow %s=\"%.*s\"/>\n", is_prefix ? "own_prefix" : "own",
                           length, name);
        if (!is_prefix)
                text_append_format(text, "    <allow send_destination=\"%s\"/>\n", name);
}

/* Names have no character that XML would read otherwise; one that has is none. */
static bool is_bus_name(const char *name) {
        return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-*") ==
               strlen(name);
}

static void compile_dbus(const BackendInput *input, Artefacts *ret) {
        autotext names = TEXT_INIT;
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < input->program_count; i++) {
                const GrantSet *grants = input->programs[i].grants;
                size_t at = grant_set_find(grants, GRANT_BUS, 0);
                for (; at < grants->row_count; at = grant_set_find(grants, GRANT_BUS, at + 1)) {
                        const GrantRow *row = &grants->rows[at];
                        autofree char *quoted = string_format("\"%s\"", row->text);
                        if (row->is_session || row->bus->verb != INTERFACE_BUS_OWN ||
                            !is_bus_name(row->text) ||
                            (names.length > 0 && strstr(names.bytes, quoted)))
                                continue;
                        add_name(row->text, &names);
                }
        }
        /* Only root owns a name of the system's, and calls it unless the machine's own rules let
         * others: a service of a package may rely on the bus to keep strangers out. */
        if (names.length > 0)
                text_append_format(
                        &text,
                        "<!-- " ARTEFACT_MARK " -->\n"
                        "<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration "
                        "1.0//EN\"\n"
                        " \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
                        "<busconfig>\n  <policy user=\"root\">\n%s  </policy>\n</busconfig>\n",
                        names.bytes);
        add(ret, "etc/dbus-1/system.d", string_format("snap.%s.conf", input->instance), &text);
}

/* It watches the directory. */
static const Backend DBUS = { .name = "dbus",
                              .is_available = is_always_there,
                              .compile = compile_dbus,
                              .tell = tell_nobody };

/* ── polkit: the actions of packages ── */

#define LEFT_OUT "<!-- Not here: "

/* A comment has no "--". */
static char *format_left_out(const char *why) {
        autofree char *text = string_copy(why);

        for (char *at = strstr(text, "--"); at; at = strstr(at, "--"))
                at[1] = '_';
        return string_format(LEFT_OUT "%s -->\n", text);
}

/* Once each, whatever programs ask for it. */
static void add_action(const GrantRow *row, Text *actions, Text *left_out) {
        Text *target = row->second ? actions : left_out;
        autofree char *text = row->second ? string_copy(row->second) : format_left_out(row->text);

        if (target->length == 0 || !strstr(target->bytes, text))
                text_append(target, text);
}

static void compile_polkit(const BackendInput *input, Artefacts *ret) {
        autotext actions = TEXT_INIT;
        autotext left_out = TEXT_INIT;
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < input->program_count; i++) {
                const GrantSet *grants = input->programs[i].grants;
                size_t at = grant_set_find(grants, GRANT_POLKIT_ACTION, 0);
                for (; at < grants->row_count;
                     at = grant_set_find(grants, GRANT_POLKIT_ACTION, at + 1))
                        add_action(&grants->rows[at], &actions, &left_out);
        }
        if (actions.length + left_out.length > 0)
                text_append_format(
                        &text,
                        "<!-- " ARTEFACT_MARK " -->\n"
                        "<!DOCTYPE policyconfig PUBLIC \"-//freedesktop//DTD PolicyKit Policy "
                        "Configuration 1.0//EN\"\n"
                        " \"http://www.freedesktop.org/standards/PolicyKit/1/policyconfig.dtd\">\n"
                        "<policyconfig>\n%s%s</policyconfig>\n",
                        left_out.length > 0 ? left_out.bytes : "",
                        actions.length > 0 ? actions.bytes : "");
        add(ret, "usr/share/polkit-1/actions",
            string_format("snap.%s.interface.polkit.policy", input->instance), &text);
}

/* It watches the directory; what a package of another revision brought and is wrong is said. */
static int tell_polkit(const Artefact *what, Error *err) {
        const char *fault = what->text ? strstr(what->text, LEFT_OUT) : NULL;

        if (!fault)
                return 0;
        fault += strlen(LEFT_OUT);
        return error_set(err, ERROR_BAD_REQUEST, "%.*s; refresh the package once it is mended",
                         (int)strcspn(fault, "\n") - (int)strlen(" -->"), fault);
}

static const Backend POLKIT = { .name = "polkit",
                                .may_be_read_only = true,
                                .is_available = is_always_there,
                                .compile = compile_polkit,
                                .tell = tell_polkit };

/* ── AppArmor ── */

static void compile_apparmor(const BackendInput *input, Artefacts *ret) {
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < input->program_count; i++)
                apparmor_profile_write(
                        &(ApparmorProfile){ .label = input->programs[i].label,
                                            .others = input->programs[i].others,
                                            .other_count = input->programs[i].other_count,
                                            .instance = input->instance,
                                            .name = input->name,
                                            .is_complaining = input->is_devmode,
                                            .more = input->profile,
                                            .is_first = i == 0,
                                            .grants = input->programs[i].grants },
                        &text);
        add(ret, "var/lib/pawl/apparmor", string_format("snap.%s", input->instance), &text);
}

/* "snap.x" → "x" */
static const char *get_instance(const Artefact *what) {
        return what->name + strlen("snap.");
}

static bool is_loaded(const Artefact *what) {
        return apparmor_is_loaded(get_instance(what), what->text);
}

static int tell_apparmor(const Artefact *what, Error *err) {
        if (what->text && apparmor_load(get_instance(what), what->text, err) < 0)
                return -1;
        return apparmor_unload(get_instance(what), what->text, err);
}

static const Backend APPARMOR = { .name = "apparmor",
                                  .is_wall = true,
                                  .is_available = apparmor_is_available,
                                  .compile = compile_apparmor,
                                  .is_told = is_loaded,
                                  .tell = tell_apparmor };

const Backend *const backends[] = { &NULL_BACKEND, &APPARMOR, &UDEV,   &KMOD,
                                    &GPIO,         &DBUS,     &POLKIT, NULL };

/* ── files ── */

static int remove_file(int directory, const char *name, Error *err) {
        struct stat status;

        /* On a file system that is read only, removing what is not there fails, too. */
        if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
                return 0;
        if (unlinkat(directory, name, 0) < 0)
                return errno == ENOENT ? 0 : error_set_errno(err, errno, "cannot remove %s", name);
        return fsync(directory) < 0 ? error_set_errno(err, errno, "cannot sync a directory") : 1;
}

/* A file that should not be needs no directory either. */
static int write_file(int root, const Artefact *artefact, Error *err) {
        Error absent = ERROR_INIT;
        autofd int directory =
                artefact->text ? directory_make_beneath(root, artefact->directory, 0755, err)
                               : file_open_beneath(root, artefact->directory,
                                                   O_RDONLY | O_DIRECTORY, 0, &absent);

        if (directory < 0)
                return artefact->text ? -1 : 0;
        return artefact->text ? file_write_atomic(directory, artefact->name, artefact->text,
                                                  strlen(artefact->text), 0644, err)
                              : remove_file(directory, artefact->name, err);
}

static int tell(const Backend *backend, const BackendOrder *order, const Artefact *one,
                Error *err) {
        Error failure = ERROR_INIT;

        /* Of the whole machine, and not of one package: `pawl doctor` says it. */
        if (!backend->is_available())
                return 0;
        int told = backend->tell(one, &failure);
        if (told >= 0)
                return told;
        if (!backend->is_wall) {
                text_append_format(order->warnings, "/%s/%s: %s\n", one->directory, one->name,
                                   failure.message);
                return 0;
        }
        *err = failure;
        return error_prefix(err, "%s", backend->name);
}

static int apply_one(const Backend *backend, const BackendOrder *order, int root,
                     const Artefact *one, Error *err) {
        int changed = write_file(root, one, err);

        if (changed < 0 && backend->may_be_read_only && err->number == EROFS) {
                text_append_format(order->warnings,
                                   "/%s/%s: %s; where it can be written, restart pawld\n",
                                   one->directory, one->name, err->message);
                *err = ERROR_INIT;
                return 0;
        }
        if (changed < 0)
                return -1;
        bool is_told = changed == 0 && !(order->is_begun && one->text);
        if (*order->root || (is_told && (!backend->is_told || backend->is_told(one))))
                return changed;
        int later = tell(backend, order, one, err);
        return later < 0 ? -1 : (changed ? BACKEND_CHANGED : 0) | (later ? BACKEND_LATER : 0);
}

int backend_apply(const Backend *backend, const BackendOrder *order, const Artefacts *artefacts,
                  Error *err) {
        autofree char *top = string_format("%s/", order->root);
        autofd int place = directory_open(top, err);
        int outcome = 0;

        if (place < 0)
                return -1;
        for (size_t i = 0; i < artefacts->count; i++) {
                int one = apply_one(backend, order, place, &artefacts->items[i], err);
                if (one < 0)
                        return -1;
                outcome |= one;
        }
        return outcome;
}

static bool is_file_right(const char *root, const Artefact *one) {
        autofree char *path = string_format("%s/%s/%s", root, one->directory, one->name);
        Error unused = ERROR_INIT;
        autofree char *text = NULL;
        size_t length = 0;
        autofd int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (file < 0)
                return !one->text;
        return one->text && file_read_all(file, ARTEFACT_SIZE_MAX, &text, &length, &unused) == 0 &&
               string_equal(text, one->text);
}

bool backend_is_applied(const Backend *backend, const char *root, const Artefacts *artefacts) {
        for (size_t i = 0; i < artefacts->count; i++) {
                const Artefact *one = &artefacts->items[i];
                if (!is_file_right(root, one) ||
                    (!*root && backend->is_told && backend->is_available() &&
                     !backend->is_told(one)))
                        return false;
        }
        return true;
}

int backend_remove(const Backend *backend, const BackendOrder *order, const char *instance,
                   Error *err) {
        const BackendInput gone = { .instance = instance, .name = instance };
        autoartefacts artefacts = { 0 };

        backend->compile(&gone, &artefacts);
        return backend_apply(backend, order, &artefacts, err);
}
