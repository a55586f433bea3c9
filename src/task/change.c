/* SPDX-License-Identifier: Apache-2.0 */
#include "task/change.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/text.h"

#define RETENTION_NS        (24LL * 3600 * 1000000000)
#define RETENTION_COUNT_MAX 500

int change_check_conflict(Database *database, const char *const *instances, size_t count,
                          Error *err) {
        for (size_t i = 0; i < count; i++) {
                autoquery query = QUERY_INIT;
                if (query_open(database, &query, err,
                               "SELECT c.id, c.kind FROM change_snap s JOIN change c "
                               "ON c.id = s.change WHERE s.instance = ? AND c.ready_at IS NULL",
                               "s", instances[i]) < 0)
                        return -1;
                int r = query_next(&query, err);
                if (r < 0)
                        return -1;
                if (r == 0)
                        continue;
                error_set(err, ERROR_CONFLICT, "snap \"%s\" has \"%s\" change in progress",
                          instances[i], query_get_text(&query, 1));
                err->number = (int)query_get_int(&query, 0);
                return -1;
        }
        return 0;
}

int change_add(Database *database, const ChangeDraft *draft, const char *const *instances,
               size_t count, int64_t *ret_change, Error *err) {
        autofree char *data = draft->api_data ? json_format(draft->api_data) : string_copy("{}");

        if (database_is_full(database))
                return error_set(err, ERROR_DISK_SPACE,
                                 "no space left for the state: free some space, then try again");
        if (database_run(database, err,
                         "INSERT INTO change (kind, summary, api_data, spawned_at) "
                         "VALUES (?, ?, ?, ?)",
                         "sssi", draft->kind, draft->summary, data, clock_get_wall()) < 0)
                return -1;
        int64_t change = database_get_last_id(database);
        for (size_t i = 0; i < count; i++)
                if (database_run(database, err,
                                 "INSERT OR IGNORE INTO change_snap (change, instance) "
                                 "VALUES (?, ?)",
                                 "is", change, instances[i]) < 0)
                        return -1;
        *ret_change = change;
        return 0;
}

int change_add_task(Database *database, const TaskDraft *draft, json_t *owned_data,
                    int64_t *ret_task, Error *err) {
        autojson data = owned_data;
        autofree char *text = data ? json_format(data) : string_copy("{}");

        if (database_run(database, err,
                         "INSERT INTO task (change, kind, summary, data, spawned_at) "
                         "VALUES (?, ?, ?, ?, ?)",
                         "isssi", draft->change, draft->kind, draft->summary, text,
                         clock_get_wall()) < 0)
                return -1;
        int64_t task = database_get_last_id(database);
        if (draft->waits_for && change_add_wait(database, task, draft->waits_for, err) < 0)
                return -1;
        *ret_task = task;
        return 0;
}

int change_add_wait(Database *database, int64_t task, int64_t waits_for, Error *err) {
        return database_run(database, err,
                            "INSERT OR IGNORE INTO task_wait (task, waits_for) VALUES (?, ?)", "ii",
                            task, waits_for) < 0
                       ? -1
                       : 0;
}

int change_add_lane(Database *database, int64_t task, int64_t lane, Error *err) {
        return database_run(database, err,
                            "INSERT OR IGNORE INTO task_lane (task, lane) VALUES (?, ?)", "ii",
                            task, lane) < 0
                       ? -1
                       : 0;
}

int change_prune(Database *database, Error *err) {
        int old = database_run(database, err,
                               "DELETE FROM change WHERE is_clean = 1 AND ready_at < ?", "i",
                               clock_get_wall() - RETENTION_NS);
        int surplus = old < 0 ? -1
                              : database_run(database, err,
                                             "DELETE FROM change WHERE is_clean = 1 AND id NOT IN "
                                             "(SELECT id FROM change WHERE is_clean = 1 "
                                             "ORDER BY ready_at DESC, id DESC LIMIT ?)",
                                             "i", (int64_t)RETENTION_COUNT_MAX);

        return surplus < 0 ? -1 : old + surplus;
}
