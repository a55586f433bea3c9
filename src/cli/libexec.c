/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/libexec.h"

#include <limits.h>
#include <string.h>

#include "base/text.h"

/* Relative ones are beneath the folder of this program: installed beside us, in a prefix, in a
 * build tree. */
static const char *const places[] = { "", "/../lib/pawl", "/../launcher", "/../reader" };

int libexec_find(const char *name, char **ret_path, Error *err) {
        char here[PATH_MAX];
        ssize_t length = readlink("/proc/self/exe", here, sizeof here - 1);
        if (length < 0)
                return error_set_errno(err, errno, "cannot find where this program is");
        here[length] = '\0';
        char *slash = strrchr(here, '/');
        if (slash != NULL)
                *slash = '\0';
        for (size_t i = 0; i < ARRAY_COUNT(places); i++) {
                autofree char *path = string_format("%s%s/%s", here, places[i], name);
                if (access(path, X_OK) == 0) {
                        *ret_path = take(path);
                        return 0;
                }
        }
        autofree char *path = string_format("/usr/lib/pawl/%s", name);
        if (access(path, X_OK) < 0)
                return error_set(err, ERROR_NOT_FOUND,
                                 "cannot find the program %s; is pawl installed whole?", name);
        *ret_path = take(path);
        return 0;
}
