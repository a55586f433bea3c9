/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/interface-check.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/reader.h"

#define SUFFIX ".yaml"

/* The interface is named as its file. */
static int find_name(const char *path, char **ret, Error *err) {
        const char *slash = strrchr(path, '/');
        const char *file = slash ? slash + 1 : path;

        if (!string_has_suffix(file, SUFFIX) || strlen(file) == strlen(SUFFIX))
                return error_set(err, ERROR_BAD_REQUEST,
                                 "an interface's file is named as the interface, with .yaml; "
                                 "rename it");
        *ret = string_copy_length(file, strlen(file) - strlen(SUFFIX));
        return 0;
}

int interface_check_read(const char *path, json_t **ret, Error *err) {
        autofd int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        autofree char *name = NULL;
        autofree char *answer = NULL;
        autojson wire = NULL;
        struct stat status;
        size_t length = 0;

        if (file < 0 || fstat(file, &status) < 0)
                return error_set_errno(err, errno, "cannot be opened");
        if (!S_ISREG(status.st_mode))
                return error_set(err, ERROR_BAD_REQUEST, "is no regular file; name the .yaml file");
        if (find_name(path, &name, err) < 0)
                return -1;
        const char *const argv[] = { "pawl-read", "interface", name, NULL };
        if (reader_ask(file, argv, &answer, &length, err) < 0)
                return -1;
        if (length == 0)
                return error_set(err, ERROR_LOST, "pawl-read ended without an answer");
        if (json_parse(answer, length, &wire, err) < 0)
                return error_prefix(err, "answer of pawl-read");
        const json_t *refusal = json_object_get(wire, "error");
        if (refusal)
                return error_set(err, ERROR_BAD_REQUEST, "%s",
                                 json_get_string(refusal, "message", "it is not right"));
        *ret = take(wire);
        return 0;
}
