/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/seccomp-account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/text.h"

bool account_name_is_right(const char *name) {
        size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");

        return length > 0 && length <= 32 && !name[length] && strchr("0123456789-", *name) == NULL;
}

/* NULL: the machine's files are asked. */
static const char *known_rows;

void account_use_rows(const char *rows) {
        known_rows = rows;
}

static int find_row(const char *kind, const char *name, uint32_t *ret) {
        autofree char *start = string_format("%s %s ", kind, name);
        const char *row = known_rows;

        while (*row && !string_has_prefix(row, start)) {
                row += strcspn(row, "\n");
                row += *row == '\n';
        }
        if (*row)
                *ret = (uint32_t)strtoul(row + strlen(start), NULL, 10);
        return *row && *ret != ACCOUNT_NONE;
}

static FILE *open_table(const char *path, Error *err) {
        FILE *table = fopen(path, "re");

        if (!table)
                (void)error_set_errno(err, errno, "cannot read %s", path);
        return table;
}

int account_find_user(const char *name, uint32_t *ret, Error *err) {
        FILE *table = known_rows ? NULL : open_table("/etc/passwd", err);
        const struct passwd *row;

        if (known_rows)
                return find_row("user", name, ret);
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
        FILE *table = known_rows ? NULL : open_table("/etc/group", err);
        const struct group *row;

        if (known_rows)
                return find_row("group", name, ret);
        if (!table)
                return -1;
        while ((row = fgetgrent(table)) && !string_equal(row->gr_name, name))
                ;
        if (row)
                *ret = row->gr_gid;
        (void)fclose(table);
        return row != NULL;
}
