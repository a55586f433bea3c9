/* SPDX-License-Identifier: Apache-2.0
 *
 * The kinds of tasks that make and take apart connections, for the table in snap/kinds.c.  None has
 * a worker: each is one commit, and several in a row share one transaction.
 *
 *     connect, disconnect   data: the connection's name, "is_auto", "is_forgotten"; of connect also
 *                           what prepare hooks said: "plug_dynamic", "slot_dynamic"
 *     auto-connect          data: "instance"; adds connect tasks with their hooks, before all that
 *                           waits for it.  Cleaned: automatic connections go whose ends the package
 *                           lost
 *     auto-disconnect       data: "instance"; every connection of a package that is being removed:
 *                           at once, or where a package has hooks for that by tasks of their own
 */
#pragma once

#include "task/task.h"

int connect_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int connect_undo_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int disconnect_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int disconnect_undo_commit(const TaskStep *step, const json_t *job, const json_t *result,
                           Error *err);
int auto_connect_commit(const TaskStep *step, const json_t *job, const json_t *result, Error *err);
int auto_connect_clean_commit(const TaskStep *step, const json_t *job, const json_t *result,
                              Error *err);
int auto_disconnect_commit(const TaskStep *step, const json_t *job, const json_t *result,
                           Error *err);
int auto_disconnect_undo_commit(const TaskStep *step, const json_t *job, const json_t *result,
                                Error *err);

/* What auto-connect would connect of this snap now: an array of names (connection_name_parse). */
int auto_connect_list(Database *database, const char *instance, json_t **ret, Error *err);
