/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/polkit-files.h"

#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/text.h"
#include "reader/polkit-actions.h"

/* The action-prefix of the plug that a file is for; NULL: none. */
static const char *find_prefix(const json_t *manifest, const char *plug) {
        const json_t *found = json_object_get(json_object_get(manifest, "plugs"), plug);

        if (!string_equal(json_get_string(found, "interface", ""), "polkit"))
                return NULL;
        return json_get_string(json_object_get(found, "attrs"), "action-prefix", NULL);
}

static int read_actions(Tree *image, const char *path, const char *prefix, json_t **ret,
                        Error *fault, Error *err) {
        autofree char *bytes = NULL;
        TreeEntry file;
        size_t length = 0;

        int found = tree_find(image, path, TREE_FOLLOW_LAST, &file, err);
        if (found < 0)
                return -1;
        if (found == 0 || !S_ISREG(file.mode))
                return error_set(fault, ERROR_BAD_REQUEST, "no regular file") < 0;
        if (file.size > POLKIT_FILE_SIZE_MAX)
                return error_set(fault, ERROR_TOO_LARGE, "more than %d bytes",
                                 POLKIT_FILE_SIZE_MAX) < 0;
        if (tree_read_file(image, &file, POLKIT_FILE_SIZE_MAX, &bytes, &length, err) < 0)
                return error_prefix(err, "cannot read \"%.200s\"", path);
        const PolkitFile source = { .bytes = bytes, .length = length, .prefix = prefix };
        return polkit_actions_read(&source, ret, fault) < 0;
}

int polkit_files_add(Tree *image, const json_t *manifest, const char *path, json_t *list,
                     Error *err) {
        const char *name = path + strlen("meta/polkit/");
        autofree char *plug = string_copy_length(name, strcspn(name, "."));
        const char *prefix = find_prefix(manifest, plug);
        autojson actions = NULL;
        Error fault = ERROR_INIT;

        if (!prefix)
                return 1;
        if (json_array_size(list) == POLKIT_FILE_COUNT_MAX)
                return error_set(err, ERROR_TOO_LARGE, "more than %d files in meta/polkit",
                                 POLKIT_FILE_COUNT_MAX);
        int is_bad = read_actions(image, path, prefix, &actions, &fault, err);
        if (is_bad < 0)
                return -1;
        json_t *row = json_pack("{s:s, s:s}", "plug", plug, "file", name);
        if (is_bad)
                json_put_string(row, "fault", fault.message);
        else
                json_put(row, "actions", take(actions));
        json_array_append_new(list, row);
        return 0;
}
