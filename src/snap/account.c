/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/prctl.h>

#include "base/text.h"

static int visit_entry(const char *root, const struct passwd *entry, AccountVisit visit,
                       void *context, Error *err) {
        if (!entry->pw_dir || entry->pw_dir[0] != '/' || !entry->pw_dir[1])
                return 0;
        autofree char *home = string_format("%s%s", root, entry->pw_dir);
        const Account account = {
                .name = entry->pw_name, .home = home, .uid = entry->pw_uid, .gid = entry->pw_gid
        };
        return visit(context, &account, err);
}

static int visit_machine(const char *root, AccountVisit visit, void *context, Error *err) {
        int result = 0;

        setpwent();
        for (struct passwd *entry; result >= 0 && (entry = getpwent());)
                result = visit_entry(root, entry, visit, context, err);
        endpwent();
        return result < 0 ? -1 : 0;
}

static int visit_file(const char *root, FILE *file, AccountVisit visit, void *context, Error *err) {
        int result = 0;

        for (struct passwd *entry; result >= 0 && (entry = fgetpwent(file));)
                result = visit_entry(root, entry, visit, context, err);
        (void)fclose(file);
        return result < 0 ? -1 : 0;
}

int account_visit_all(const char *root, AccountVisit visit, void *context, Error *err) {
        autofree char *path = string_format("%s/etc/passwd", root);
        FILE *file = *root ? fopen(path, "re") : NULL;

        return file ? visit_file(root, file, visit, context, err)
                    : visit_machine(root, visit, context, err);
}

int account_become(const Account *account, const char *root, Error *err) {
        /* The groups of a root of its own are not this machine's. */
        int grouped = *root ? setgroups(1, &account->gid) : initgroups(account->name, account->gid);

        if (grouped < 0 || setresgid(account->gid, account->gid, account->gid) < 0 ||
            setresuid(account->uid, account->uid, account->uid) < 0)
                return error_set_errno(err, errno, "cannot become user %s", account->name);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
                return error_set_errno(err, errno, "cannot give up new privileges");
        return 0;
}
