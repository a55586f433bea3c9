/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/inherit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "base/file.h"
#include "base/text.h"
#include "base/tree-copy.h"
#include "launcher/die.h"
#include "wire/launch.h"

/* What he ran last where that may be a source, else the newest that he has; NULL = nothing. */
static char *find_source(int data, const char *older) {
        char current[256] = "";
        ssize_t length = readlinkat(data, "current", current, sizeof(current) - 1);

        if (length > 0 && launch_list_has(older, current) && file_exists_beneath(data, current))
                return string_copy(current);
        for (const char *at = older; *at; at += *at == ',') {
                size_t part = strcspn(at, ",");
                autofree char *name = string_copy_length(at, part);
                if (part > 0 && file_exists_beneath(data, name))
                        return take(name);
                at += part;
        }
        return NULL;
}

static int copy(int data, const char *source, const char *revision, Error *err) {
        autofree char *staged = string_format(".%s.new~", revision);
        Error ignored;

        if (tree_remove(data, staged, err) == 0 &&
            tree_copy(data, source, data, staged, err) == 0) {
                if (renameat(data, staged, data, revision) == 0)
                        return fd_sync(data, revision, err);
                (void)error_set_errno(err, errno, "cannot put it into place");
        }
        (void)tree_remove(data, staged, &ignored);
        return -1;
}

void inherit_user_data(const char *directory, const char *revision, const char *older) {
        autofd int data = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Error err = ERROR_INIT;

        if (data < 0 || file_exists_beneath(data, revision))
                return;
        /* Two first starts at once: the second finds it done. */
        if (flock(data, LOCK_EX) < 0)
                die(errno, "cannot lock the package's directory %s", directory);
        if (file_exists_beneath(data, revision))
                return;
        autofree char *source = find_source(data, older);
        if (source && copy(data, source, revision, &err) < 0)
                die(0, "cannot copy your data in %s from revision %s to %s: %s", directory, source,
                    revision, err.message);
}
