/* SPDX-License-Identifier: Apache-2.0
 *
 * read-manifest FILE…: what the reader makes of each, one line a file: path, outcome, message.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/json.h"
#include "base/limits.h"
#include "reader/snap-yaml.h"

static int read_one(const char *path, json_t **ret, Error *err) {
        autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
        autofree char *bytes = NULL;
        size_t length = 0;

        if (fd < 0)
                return error_set_errno(err, errno, "cannot open it");
        if (file_read_all(fd, MANIFEST_SIZE_MAX, &bytes, &length, err) < 0)
                return -1;
        return snap_yaml_read(bytes, length, NULL, ret, err);
}

int main(int argc, char **argv) {
        for (int i = 1; i < argc; i++) {
                autojson manifest = NULL;
                Error err = ERROR_INIT;
                if (read_one(argv[i], &manifest, &err) < 0)
                        printf("%s\t%s\t%s\n", argv[i], error_kind_get_info(err.kind)->name,
                               err.message);
                else
                        printf("%s\tok\t\n", argv[i]);
        }
        return EXIT_SUCCESS;
}
