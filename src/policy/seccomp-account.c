/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/seccomp-account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

bool account_name_is_right(const char *name) {
        size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

        return length > 0 && length <= 32 && !name[length] && strchr("0123456789-", *name) == NULL;
}

static FILE *open_table(const char *path, Error *err) {
        FILE *table = fopen(path, "re");

        if (!table)
                (void)error_set_errno(err, errno, "cannot read %s", path);
        return table;
}

int account_find_user(const char *name, uint32_t *ret, Error *err) {
        FILE *table = open_table("/etc/passwd", err);
        const struct passwd *row;

        if (!table)
                return -1;
        while ((row = fgetpwent(table)) && !string_equal(row->pw_name, name))
                ;
        if (row)
                *ret = row->pw_uid;
        (void)fclose(table);
        return row != NULL;
}

int account_find_group(const char *name, uint32_t *ret, Error *err) {
        FILE *table = open_table("/etc/group", err);
        const struct group *row;

        if (!table)
                return -1;
        while ((row = fgetgrent(table)) && !string_equal(row->gr_name, name))
                ;
        if (row)
                *ret = row->gr_gid;
        (void)fclose(table);
        return row != NULL;
}
