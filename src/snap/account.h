/* SPDX-License-Identifier: Apache-2.0
 *
 * Account: a user of this machine who may have data of packages in a home directory.  With a root
 * of its own it is R/etc/passwd that counts where there is one, and every home lies beneath R.
 */
#pragma once

#include <sys/types.h>

#include "base/error.h"

typedef struct Account {
        const char *name;
        const char *home; /* absolute, with the root before it */
        uid_t uid;
        gid_t gid;
} Account;

/* Nothing of the account is the visitor's to keep.  Negative ends the walk. */
typedef int (*AccountVisit)(void *context, const Account *account, Error *err);

/* Blocking (name services may ask a network): for workers. */
int account_visit_all(const char *root, AccountVisit visit, void *context, Error *err);

/* For a child that has only this thread: becomes that user for good, with his groups, without
 * privileges and without a way to new ones.  What root may do stays root's when it is root. */
int account_become(const Account *account, const char *root, Error *err);
