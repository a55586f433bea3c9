/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/manifest.h"

#include <string.h>

#include "base/limits.h"
#include "base/name.h"

const char *manifest_get_name(const json_t *manifest) {
        return json_get_string(manifest, "name", "");
}

const char *manifest_get_type(const json_t *manifest) {
        const char *type = json_get_string(manifest, "type", "app");

        return *type ? type : "app";
}

const char *manifest_get_confinement(const json_t *manifest) {
        const char *confinement = json_get_string(manifest, "confinement", "strict");

        return *confinement ? confinement : "strict";
}

const char *manifest_get_required_base(const json_t *manifest) {
        const char *base = json_get_string(manifest, "base", "");
        const char *type = manifest_get_type(manifest);

        if (!string_equal(type, "app") && !string_equal(type, "gadget"))
                return NULL;
        if (string_equal(base, "none"))
                return NULL;
        return *base ? base : "core";
}

char *manifest_format_command(const char *instance, const char *app) {
        size_t length = strcspn(instance, "_");

        if (strlen(app) == length && strncmp(app, instance, length) == 0)
                return string_copy(instance);
        return string_format("%s.%s", instance, app);
}

const char *machine_get_architecture(void) {
#if defined(__x86_64__)
        return "amd64";
#elif defined(__aarch64__)
        return "arm64";
#elif defined(__arm__)
        return "armhf";
#elif defined(__i386__)
        return "i386";
#elif defined(__riscv) && __riscv_xlen == 64
        return "riscv64";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
        return "ppc64el";
#elif defined(__s390x__)
        return "s390x";
#else
#        error "name this architecture as dpkg does"
#endif
}

/* --- flags against confinement --- */

static int check_flags(const json_t *manifest, const InstallFlags *flags, Error *err) {
        const char *name = manifest_get_name(manifest);
        const char *confinement = manifest_get_confinement(manifest);
        bool is_classic = string_equal(confinement, "classic");

        if (flags->is_jailmode && flags->is_devmode)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot use devmode and jailmode flags together");
        if (flags->is_classic && !is_classic)
                return error_set(err, ERROR_SNAP_NOT_CLASSIC,
                                 "snap \"%s\" is not a classic confined snap", name);
        if (string_equal(confinement, "devmode") && !flags->is_devmode && !flags->is_jailmode)
                return error_set(err, ERROR_SNAP_NEEDS_DEVMODE,
                                 "snap \"%s\" requires devmode or confinement override", name);
        if (is_classic && !flags->is_classic)
                return error_set(err, ERROR_SNAP_NEEDS_CLASSIC,
                                 "snap \"%s\" requires classic confinement", name);
        return 0;
}

/* --- architecture and assumes --- */

static char *join_names(const json_t *names) {
        autotext text = TEXT_INIT;
        json_t *item;
        size_t i;

        json_array_foreach(names, i, item)
                text_append_format(&text, "%s%s", i ? ", " : "", json_string_value(item));
        return text_take(&text);
}

static bool list_has(const json_t *list, const char *word) {
        json_t *item;
        size_t i;

        json_array_foreach(list, i,
                           item) if (json_is_string(item) &&
                                     string_equal(json_string_value(item), word)) return true;
        return false;
}

static int check_architecture(const json_t *manifest, Error *err) {
        const json_t *list = json_object_get(manifest, "architectures");

        if (json_array_size(list) == 0 || list_has(list, "all") ||
            list_has(list, machine_get_architecture()))
                return 0;
        autofree char *names = join_names(list);
        return error_set(
                err, ERROR_FAILED,
                "snap \"%s\" supported architectures (%s) are incompatible with this system (%s)",
                manifest_get_name(manifest), names, machine_get_architecture());
}

/* Negative, 0, positive: numeric parts compared as numbers; what is not a number counts as 0. */
static int compare_dotted(const char *a, const char *b) {
        while (*a || *b) {
                char *a_end, *b_end;
                unsigned long long left = strtoull(a, &a_end, 10), right = strtoull(b, &b_end, 10);
                if (left != right)
                        return left < right ? -1 : 1;
                a = a_end + strcspn(a_end, ".");
                b = b_end + strcspn(b_end, ".");
                a += *a == '.';
                b += *b == '.';
        }
        return 0;
}

static bool is_supported_assumption(const char *feature) {
        static const char *const FEATURES[] = { "common-data-dir",  "snap-env",
                                                "command-chain",    "kernel-assets",
                                                "app-refresh-mode", "snap-uid-envvars" };
        const char *version = feature + strlen("snapd");

        for (size_t i = 0; i < ARRAY_COUNT(FEATURES); i++)
                if (string_equal(feature, FEATURES[i]))
                        return true;
        return string_has_prefix(feature, "snapd") && *version >= '0' && *version <= '9' &&
               version[strspn(version, "0123456789.")] == '\0' &&
               compare_dotted(version, SNAPD_VERSION_REPORTED) <= 0;
}

static int check_assumes(const json_t *manifest, Error *err) {
        const json_t *list = json_object_get(manifest, "assumes");
        autojson missing = json_array();
        json_t *item;
        size_t i;

        json_array_foreach(list, i, item) {
                if (json_is_string(item) && !is_supported_assumption(json_string_value(item)))
                        json_array_append(missing, item);
        }
        if (json_array_size(missing) == 0)
                return 0;
        autofree char *names = join_names(missing);
        return error_set(err, ERROR_FAILED,
                         "snap \"%s\" assumes unsupported features: %s (try to refresh snapd)",
                         manifest_get_name(manifest), names);
}

/* What can be stored and shown, but has nobody here who would know what to do with it. */
static int check_type(const json_t *manifest, Error *err) {
        static const char *const REFUSED[] = { "gadget", "kernel" };
        const char *type = manifest_get_type(manifest);

        for (size_t i = 0; i < ARRAY_COUNT(REFUSED); i++)
                if (string_equal(type, REFUSED[i]))
                        return error_set(err, ERROR_FAILED, "cannot install a %s snap on classic",
                                         type);
        return 0;
}

int manifest_check(const json_t *manifest, const InstallFlags *flags, Error *err) {
        if (check_flags(manifest, flags, err) < 0)
                return -1;
        if (check_architecture(manifest, err) < 0)
                return -1;
        if (check_assumes(manifest, err) < 0)
                return -1;
        return check_type(manifest, err);
}

int manifest_check_try(const json_t *manifest, Error *err) {
        const char *type = manifest_get_type(manifest);

        if (string_equal(type, "app"))
                return 0;
        return error_set(
                err, ERROR_BAD_REQUEST,
                "cannot try a snap of type \"%.20s\" from a directory: pack it and install the "
                "file",
                type);
}

int manifest_check_instance(const json_t *manifest, const char *instance, Error *err) {
        const char *name = manifest_get_name(manifest);
        size_t length = strlen(name);

        if (string_equal(name, instance))
                return 0;
        if (string_has_prefix(instance, name) && instance[length] == '_') {
                if (name_is_instance(instance))
                        return 0;
                return error_set(err, ERROR_BAD_REQUEST, "invalid instance key: \"%.60s\"",
                                 instance + length + 1);
        }
        return error_set(
                err, ERROR_BAD_REQUEST,
                "cannot install snap \"%.60s\", the name does not match the metadata \"%s\"",
                instance, name);
}

/* --- epochs --- */

/* `member` of the epoch; [0] where the manifest says nothing. */
static json_t *get_epoch_list(const json_t *manifest, const char *member) {
        json_t *list = json_object_get(json_object_get(manifest, "epoch"), member);

        if (json_is_array(list) && json_array_size(list) > 0)
                return json_incref(list);
        json_t *zero = json_array();
        json_array_append_new(zero, json_integer(0));
        return zero;
}

/* As its author would write it: "1", "1*" or JSON. */
static char *format_epoch(const json_t *manifest) {
        autojson read = get_epoch_list(manifest, "read");
        autojson write = get_epoch_list(manifest, "write");
        json_int_t last = json_integer_value(json_array_get(write, 0));
        json_int_t first = json_integer_value(json_array_get(read, 0));

        if (json_array_size(write) == 1 && json_array_size(read) == 1 && first == last)
                return string_format("%" JSON_INTEGER_FORMAT, last);
        if (json_array_size(write) == 1 && json_array_size(read) == 2 && first == last - 1 &&
            json_integer_value(json_array_get(read, 1)) == last)
                return string_format("%" JSON_INTEGER_FORMAT "*", last);
        autojson whole = json_object();
        json_put(whole, "read", json_incref(read));
        json_put(whole, "write", json_incref(write));
        return json_format(whole);
}

int manifest_check_epoch(const json_t *manifest, const json_t *current, const char *revision,
                         Error *err) {
        autojson reads = get_epoch_list(manifest, "read");
        autojson written = get_epoch_list(current, "write");
        json_t *item, *other;
        size_t i, j;

        json_array_foreach(written, i, item) {
                json_array_foreach(reads, j, other) {
                        if (json_equal(item, other))
                                return 0;
                }
        }
        autofree char *epoch = format_epoch(manifest);
        autofree char *present = format_epoch(current);
        return error_set(
                err, ERROR_FAILED,
                "cannot refresh \"%s\" to new revision %s with epoch %s, because it can't read "
                "the current epoch of %s",
                manifest_get_name(manifest), revision, epoch, present);
}
