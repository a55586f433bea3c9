/* SPDX-License-Identifier: Apache-2.0
 *
 * UserData: what users keep of a package in ~/snap/INSTANCE/REVISION.  Everything in a home is done
 * by a child that is that user, beneath the home, so that no link or race there leads anywhere that
 * its owner may not go himself.
 *
 * No user can hold up a change of the machine: what fails in one home (locked, remote, full,
 * unreadable) is said in the task's log, and the launcher copies it when that user first starts the
 * new revision.  For workers.
 */
#pragma once

#include "snap/places.h"
#include "task/task.h"

typedef struct UserDataOrder {
        const Places *places;
        const char *instance;
        const char *revision; /* NULL: all that there is of the instance */
        const char *from;     /* of a copy */
        const char *back;     /* of an undo: what is started again; may be NULL */
        bool is_first;        /* of an undo: nothing of the instance was here before */
} UserDataOrder;

/* REVISION becomes a copy of `from` in each home that has that; made beside it and renamed. */
int user_data_copy(Worker *worker, const UserDataOrder *order, Error *err);
/* Moves it aside and removes it; a home's link to it goes or names `back` again. */
int user_data_discard(Worker *worker, const UserDataOrder *order, Error *err);
