/* SPDX-License-Identifier: Apache-2.0 */
#include "world/world.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "backend/apparmor-load.h"
#include "base/file.h"

/* ── what should be there ── */

/* Before this many bytes of a file the mark of ours stands. */
#define MARK_WITHIN 64

static void digest_all(const Artefacts *all, char ret[DIGEST_SHA256_HEX_SIZE]) {
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < BACKEND_COUNT; i++)
                for (size_t j = 0; j < all[i].count; j++) {
                        const Artefact *one = &all[i].items[j];
                        if (one->text)
                                text_append_format(&text, "%s/%s %zu\n%s", one->directory,
                                                   one->name, strlen(one->text), one->text);
                }
        digest_sha256(text.bytes ? text.bytes : "", text.length, ret);
}

/* AppArmor is one for the whole machine: a daemon with a root of its own leaves it alone. */
static bool is_used(const Backend *backend, const char *root) {
        return !backend->is_wall || (!*root && backend->is_available());
}

void world_package_compile(WorldPackage *package, const BackendInput *input, const char *root) {
        BackendInput gone = *input;

        gone.program_count = 0;
        for (size_t i = 0; i < BACKEND_COUNT; i++)
                backends[i]->compile(is_used(backends[i], root) ? input : &gone,
                                     &package->wanted[i]);
        digest_all(package->wanted, package->digest);
}

bool world_package_is_empty(const WorldPackage *package) {
        char nothing[DIGEST_SHA256_HEX_SIZE];

        digest_sha256("", 0, nothing);
        return string_equal(package->digest, nothing);
}

void world_package_done(WorldPackage *package) {
        free(package->instance);
        for (size_t i = 0; i < BACKEND_COUNT; i++)
                artefacts_done(&package->wanted[i]);
        *package = (WorldPackage){ 0 };
}

/* ── what is there ── */

/* NULL where there is no such file. */
static char *read_beneath(const char *root, const char *directory, const char *name) {
        autofree char *path = string_format("%s/%s/%s", root, directory, name);
        Error unused = ERROR_INIT;
        char *text = NULL;
        size_t length = 0;
        autofd int file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (file < 0 || file_read_all(file, ARTEFACT_SIZE_MAX, &text, &length, &unused) < 0)
                return NULL;
        return text;
}

/* As if it had been compiled: the files of all backends as they are. */
static void read_package(WorldPackage *package, const char *root) {
        const BackendInput gone = { .instance = package->instance, .name = package->instance };

        for (size_t i = 0; i < BACKEND_COUNT; i++) {
                backends[i]->compile(&gone, &package->wanted[i]);
                for (size_t j = 0; j < package->wanted[i].count; j++) {
                        Artefact *one = &package->wanted[i].items[j];
                        one->text = read_beneath(root, one->directory, one->name);
                }
        }
}

static bool is_right(WorldPackage *package, const char *root) {
        char digest[DIGEST_SHA256_HEX_SIZE];
        bool is_applied = true;

        read_package(package, root);
        digest_all(package->wanted, digest);
        for (size_t i = 0; is_applied && i < BACKEND_COUNT; i++)
                is_applied = backend_is_applied(backends[i], root, &package->wanted[i]);
        return is_applied && string_equal(digest, package->digest);
}

/* ── making it so ── */

static int apply(const WorldPackage *package, const BackendOrder *order, Error *err) {
        int outcome = 0;

        for (size_t i = 0; i < BACKEND_COUNT; i++) {
                int one = backend_apply(backends[i], order, &package->wanted[i], err);
                if (one < 0)
                        return -1;
                outcome |= one;
        }
        return outcome;
}

static void add_lines(const char *instance, const Text *lines, Text *ret) {
        autofree char *copy = string_copy(lines->bytes ? lines->bytes : "");
        char *rest = NULL;

        for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                text_append_format(ret, "warning %s %s\n", instance, line);
}

static void apply_package(WorldPackage *package, const char *root, Text *ret) {
        autotext warnings = TEXT_INIT;
        const BackendOrder order = { root, package->is_begun, &warnings };
        Error err = ERROR_INIT;

        if (package->is_known) {
                text_append_format(ret, "%s %s\n", is_right(package, root) ? "right" : "other",
                                   package->instance);
                return;
        }
        int outcome = apply(package, &order, &err);
        add_lines(package->instance, &warnings, ret);
        if (outcome < 0)
                text_append_format(ret, "failed %s %s\n", package->instance, err.message);
        else
                text_append_format(ret, "%s %s\n", outcome & BACKEND_LATER ? "later" : "done",
                                   package->instance);
}

/* ── what nobody wants ── */

/* What stands around INSTANCE in the names of a backend's files. */
typedef struct Shape {
        const char *directory, *prefix, *suffix;
} Shape;

static const Shape SHAPES[] = {
        { "etc/udev/rules.d", "70-snap.", ".rules" },
        { "etc/modules-load.d", "snap.", ".conf" },
        { "etc/modprobe.d", "snap.", ".conf" },
        { "etc/dbus-1/system.d", "snap.", ".conf" },
        { "usr/share/polkit-1/actions", "snap.", ".interface.polkit.policy" },
        { "var/lib/pawl/apparmor", "snap.", "" },
        { "var/lib/pawl/gpio", "snap.", ".conf" },
};

/* Owned; NULL: the name is of another shape. */
static char *find_instance(const Shape *shape, const char *name) {
        size_t before = strlen(shape->prefix), after = strlen(shape->suffix);
        size_t length = strlen(name);

        if (!string_has_prefix(name, shape->prefix) || !string_has_suffix(name, shape->suffix) ||
            length <= before + after)
                return NULL;
        return string_copy_length(name + before, length - before - after);
}

static bool is_known(const World *world, const char *instance) {
        autofree char *line = string_format("\n%s\n", instance);

        return strstr(world->known, line) != NULL;
}

/* Another's file may have such a name; a temporary one of ours need not be whole. */
static bool is_ours(const World *world, const Shape *shape, const char *name) {
        autofree char *text = read_beneath(world->root, shape->directory, name);
        const char *mark = text ? strstr(text, ARTEFACT_MARK) : NULL;

        return mark && mark - text < MARK_WITHIN;
}

/* A write that was cut off left it. */
static bool is_temporary(const Shape *shape, const char *name) {
        return name[0] == '.' && string_has_prefix(name + 1, shape->prefix) &&
               string_has_suffix(name, ".new~");
}

/* Collects what a directory has and should not, a line each: instances, or "." and a file. */
static void find_unwanted(const World *world, const Shape *shape, Text *ret) {
        autofree char *path = string_format("%s/%s", world->root, shape->directory);
        DIR *directory = opendir(path);

        for (struct dirent *entry; directory && (entry = readdir(directory));) {
                const char *name = entry->d_name;
                autofree char *instance = find_instance(shape, name);
                if (is_temporary(shape, name))
                        text_append_format(ret, "./%s/%s\n", shape->directory, name);
                else if (instance && !is_known(world, instance) && is_ours(world, shape, name))
                        text_append_format(ret, "%s\n", instance);
        }
        if (directory)
                (void)closedir(directory);
}

static void find_all_unwanted(const World *world, Text *ret) {
        autotext loaded = TEXT_INIT;
        char *rest = NULL;

        for (size_t i = 0; i < ARRAY_COUNT(SHAPES); i++)
                find_unwanted(world, &SHAPES[i], ret);
        if (*world->root || !apparmor_is_available())
                return;
        apparmor_list_loaded(&loaded);
        for (char *name = loaded.bytes ? strtok_r(loaded.bytes, "\n", &rest) : NULL; name;
             name = strtok_r(NULL, "\n", &rest))
                if (!is_known(world, name))
                        text_append_format(ret, "%s\n", name);
}

bool world_needs_sweep(const World *world) {
        autotext unwanted = TEXT_INIT;

        find_all_unwanted(world, &unwanted);
        return unwanted.length > 0;
}

static void remove_instance(const World *world, const char *instance, Text *ret) {
        const BackendInput gone = { .instance = instance, .name = instance };
        WorldPackage package = { .instance = string_copy(instance) };

        world_package_compile(&package, &gone, world->root);
        apply_package(&package, world->root, ret);
        world_package_done(&package);
}

static void sweep(const World *world, Text *ret) {
        autotext unwanted = TEXT_INIT;
        char *rest = NULL;

        find_all_unwanted(world, &unwanted);
        for (char *name = unwanted.bytes ? strtok_r(unwanted.bytes, "\n", &rest) : NULL; name;
             name = strtok_r(NULL, "\n", &rest)) {
                autofree char *path = string_format("%s%s", world->root, name + 1);
                if (name[0] == '.')
                        (void)unlink(path);
                else
                        remove_instance(world, name, ret);
        }
}

int world_apply(const void *input, Text *ret, Error *err) {
        const World *world = input;

        (void)err;
        for (size_t i = 0; i < world->count; i++)
                apply_package(&world->packages[i], world->root, ret);
        if (world->known)
                sweep(world, ret);
        return 0;
}
