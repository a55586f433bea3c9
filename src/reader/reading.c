/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/reading.h"

#include <errno.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/name.h"
#include "base/text.h"
#include "reader/container.h"
#include "reader/definition.h"
#include "reader/snap-yaml.h"
#include "reader/tree.h"

#define ANSWER_FORMAT 1

static int read_manifest_text(Tree *image, char **ret, size_t *ret_length, Error *err) {
        TreeEntry file;

        int found = tree_find(image, "meta/snap.yaml", TREE_FOLLOW_LAST, &file, err);
        if (found < 0)
                return -1;
        if (found == 0)
                return error_set(err, ERROR_SNAP_NOT_A_SNAP,
                                 "not a snap or snapdir: there is no meta/snap.yaml");
        if (tree_read_file(image, &file, MANIFEST_SIZE_MAX, ret, ret_length, err) < 0)
                return error_prefix(err, "cannot read meta/snap.yaml");
        return 0;
}

static json_t *list_supported_hooks(const json_t *hooks_on_disk) {
        json_t *supported = json_array();

        for (size_t i = 0; i < json_array_size(hooks_on_disk); i++) {
                json_t *hook = json_array_get(hooks_on_disk, i);
                if (name_is_supported_hook(json_string_value(hook)))
                        json_array_append(supported, hook);
        }
        return supported;
}

static int add_manifest(Tree *image, json_t *answer, Error *err) {
        autofree char *text = NULL;
        autojson hooks = NULL;
        json_t *manifest = NULL;
        size_t length = 0;

        if (read_manifest_text(image, &text, &length, err) < 0 ||
            container_list_hooks(image, &hooks, err) < 0 ||
            snap_yaml_read(text, length, hooks, &manifest, err) < 0)
                return -1;
        json_put(answer, "raw", json_stringn(text, length));
        json_put(answer, "manifest", manifest);
        json_put(answer, "hooks", list_supported_hooks(hooks));
        return 0;
}

/* Of a directory that somebody works in only the manifest is to stay as it was. */
static int add_digest(int fd, const Tree *image, json_t *answer, Error *err) {
        char hex[DIGEST_SHA3_384_HEX_SIZE];
        uint64_t size = 0;

        if (image->folder >= 0) {
                const json_t *raw = json_object_get(answer, "raw");
                digest_sha3_384(json_string_value(raw), json_string_length(raw), hex);
                json_put(answer, "sha3-384", json_string(hex));
                return 0;
        }
        if (lseek(fd, 0, SEEK_SET) < 0)
                return error_set_errno(err, errno, "cannot read the image from its start");
        if (digest_sha3_384_fd(fd, hex, &size, err) < 0)
                return -1;
        json_put(answer, "sha3-384", json_string(hex));
        return 0;
}

static int add_all(int fd, ReadingMode mode, json_t *answer, Container *container, Error *err) {
        autotree image = TREE_INIT;

        if (tree_open(fd, &image, err) < 0)
                return -1;
        json_put(answer, "format", json_integer(ANSWER_FORMAT));
        json_put(answer, "size", json_integer((json_int_t)image.squash.size));
        if (add_manifest(&image, answer, err) < 0)
                return -1;
        if (mode == READING_IMAGE &&
            (container_check(container, &image, json_object_get(answer, "manifest"), err) < 0 ||
             add_digest(fd, &image, answer, err) < 0))
                return -1;
        /* In the manifest, as that is kept: what is granted is read from there. */
        if (json_array_size(container->polkit) > 0)
                json_put(json_object_get(answer, "manifest"), "polkit",
                         json_incref(container->polkit));
        json_put(answer, "desktop", json_incref(container->desktop));
        json_put(answer, "icons", json_incref(container->icons));
        json_put(answer, "findings", json_incref(container->findings));
        return 0;
}

static json_t *new_error(const Error *err, json_t *details) {
        json_t *body = json_object();

        json_put_string(body, "kind", error_kind_get_info(err->kind)->name);
        /* A message may have been cut within a character. */
        json_t *message = json_string(err->message);
        json_put(body, "message", message ? message : json_string("text that cannot be shown"));
        if (json_array_size(details) > 0)
                json_put(body, "details", json_incref(details));
        return json_pack("{s:o}", "error", body);
}

json_t *reading_new(int image_fd, ReadingMode mode) {
        autojson answer = json_object();
        Container container;
        Error err = ERROR_INIT;
        json_t *result;

        container_init(&container);
        if (add_all(image_fd, mode, answer, &container, &err) < 0)
                result = new_error(&err, container.details);
        else
                result = take(answer);
        container_done(&container);
        return result;
}

json_t *reading_new_definition(int file_fd, const char *name) {
        autofree char *bytes = NULL;
        json_t *wire = NULL;
        Error err = ERROR_INIT;
        size_t length = 0;

        if (file_read_all(file_fd, INTERFACE_FILE_SIZE_MAX, &bytes, &length, &err) < 0 ||
            definition_read(name, bytes, length, &wire, &err) < 0)
                return new_error(&err, NULL);
        return wire;
}

int reading_copy_file(int image_fd, const char *path, int target_fd, Error *err) {
        autosquash image = SQUASH_INIT;
        autofree char *bytes = NULL;
        SquashEntry entry;
        size_t length = 0;

        if (squash_open(image_fd, &image, err) < 0)
                return -1;
        int found = squash_find(&image, path, SQUASH_FOLLOW_LAST, &entry, err);
        if (found < 0)
                return -1;
        if (found == 0 || !S_ISREG(entry.mode))
                return error_set(err, ERROR_NOT_FOUND, "it has no program %s", path);
        if (squash_read_file(&image, &entry, IMAGE_PROGRAM_SIZE_MAX, &bytes, &length, err) < 0)
                return -1;
        return fd_write_all(target_fd, bytes, length, err);
}
