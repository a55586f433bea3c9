/* SPDX-License-Identifier: Apache-2.0 */
#include "task/change.h"

#include <inttypes.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"

#define RETENTION_NS        (24LL * 3600 * 1000000000)
#define RETENTION_COUNT_MAX 500

/* "40 s", "3 min", "2 h", "5 d" */
static char *format_age(int64_t nanoseconds) {
        static const struct {
                int64_t seconds, limit;
                const char *unit;
        } UNITS[] = {
                { 1, 120, "s" }, { 60, 7200, "min" }, { 3600, 172800, "h" }, { 86400, 0, "d" }
        };
        int64_t seconds = nanoseconds > 0 ? nanoseconds / 1000000000 : 0;
        size_t i = 0;

        while (UNITS[i].limit && seconds >= UNITS[i].limit)
                i++;
        return string_format("%" PRId64 " %s", seconds / UNITS[i].seconds, UNITS[i].unit);
}

/* `row`: id, kind, spawned_at, is_queued, tasks, ready tasks. */
static int refuse(const Query *row, const char *instance, Error *err) {
        int64_t id = query_get_int(row, 0);
        autofree char *age = format_age(clock_get_wall() - query_get_int(row, 2));
        autofree char *state =
                query_get_int(row, 3)
                        ? string_format("queued %s ago", age)
                        : string_format("started %s ago, %" PRId64 " of %" PRId64 " steps done",
                                        age, query_get_int(row, 5), query_get_int(row, 4));

        error_set(err, ERROR_CONFLICT,
                  "snap \"%s\" has \"%s\" change in progress (change %" PRId64 ", %s)", instance,
                  query_get_text(row, 1), id, state);
        err->number = (int)id;
        return -1;
}

int change_check_conflict(Database *database, const char *const *instances, size_t count,
                          Error *err) {
        for (size_t i = 0; i < count; i++) {
                autoquery query = QUERY_INIT;
                if (query_open(database, &query, err,
                               "SELECT c.id, c.kind, c.spawned_at, c.is_queued, "
                               "(SELECT count(*) FROM task WHERE change = c.id), "
                               "(SELECT count(*) FROM task WHERE change = c.id AND status IN "
                               "('Done', 'Undone', 'Hold', 'Error')) "
                               "FROM change_snap s JOIN change c ON c.id = s.change "
                               "WHERE s.instance = ? AND c.ready_at IS NULL AND c.is_queued < 2 "
                               "AND (c.is_queued = 0 OR NOT EXISTS (SELECT 1 FROM change p WHERE "
                               "p.ready_at IS NULL AND p.is_queued = 2 AND p.id < c.id)) ORDER BY "
                               "c.id",
                               "s", instances[i]) < 0)
                        return -1;
                int r = query_next(&query, err);
                if (r != 0)
                        return r < 0 ? -1 : refuse(&query, instances[i], err);
        }
        return 0;
}

int change_claim(Database *database, int64_t change, const char *instance, Error *err) {
        return database_run(database, err,
                            "INSERT OR IGNORE INTO change_snap (change, instance) VALUES (?, ?)",
                            "is", change, instance) < 0
                       ? -1
                       : 0;
}

int change_has_claimed(Database *database, int64_t change, const char *instance, Error *err) {
        int64_t one = 0;

        return database_find_int(database, &one, err,
                                 "SELECT 1 FROM change_snap WHERE change = ? AND instance = ?",
                                 "is", change, instance);
}

static int add_snaps(Database *database, int64_t change, const char *const *instances, size_t count,
                     Error *err) {
        for (size_t i = 0; i < count; i++)
                if (change_claim(database, change, instances[i], err) < 0)
                        return -1;
        return 0;
}

/* The row of the queued change that is being planned (1), else a new one (0). */
static int write_row(Database *database, const ChangeDraft *draft, const char *data,
                     int64_t *ret_change, Error *err) {
        int r = database_find_int(database, ret_change, err,
                                  "SELECT id FROM change WHERE ready_at IS NULL AND is_queued = 2",
                                  "");

        if (r < 0)
                return -1;
        if (r == 1)
                return database_run(database, err,
                                    "UPDATE change SET kind = ?, summary = ?, api_data = ?, "
                                    "is_queued = 0, queued_until = NULL WHERE id = ?",
                                    "sssi", draft->kind, draft->summary, data, *ret_change);
        r = database_run(database, err,
                         "INSERT INTO change (kind, summary, api_data, spawned_at) "
                         "VALUES (?, ?, ?, ?)",
                         "sssi", draft->kind, draft->summary, data, clock_get_wall());
        *ret_change = database_get_last_id(database);
        return r;
}

int change_add(Database *database, const ChangeDraft *draft, const char *const *instances,
               size_t count, int64_t *ret_change, Error *err) {
        autofree char *data = draft->api_data ? json_format(draft->api_data) : string_copy("{}");
        int64_t change = 0;

        if (database_is_full(database) && !draft->is_removal)
                return error_set(err, ERROR_DISK_SPACE,
                                 "no space left for the state: free some space or remove a "
                                 "package, then try again");
        database_make_room_for_removal(database);
        if (write_row(database, draft, data, &change, err) < 0 ||
            add_snaps(database, change, instances, count, err) < 0)
                return -1;
        *ret_change = change;
        return 0;
}

int change_check_queue(Database *database, const char *const *instances, size_t count, Error *err) {
        int64_t length = 0;

        if (database_find_int(
                    database, &length, err,
                    "SELECT count(*) FROM change WHERE ready_at IS NULL AND is_queued = 1", "") < 0)
                return -1;
        if (length >= QUEUE_LENGTH_MAX)
                return error_set(err, ERROR_BUSY,
                                 "%d changes are queued already, and no more may be: wait until "
                                 "some are done, or abort some ('pawl changes', 'pawl abort ID')",
                                 QUEUE_LENGTH_MAX);
        for (size_t i = 0; i < count; i++) {
                if (database_find_int(
                            database, &length, err,
                            "SELECT count(*) FROM change c JOIN change_snap s ON s.change "
                            "= c.id WHERE c.ready_at IS NULL AND c.is_queued = 1 AND "
                            "s.instance = ?",
                            "s", instances[i]) < 0)
                        return -1;
                if (length >= QUEUE_LENGTH_PER_SNAP_MAX)
                        return error_set(err, ERROR_BUSY,
                                         "snap \"%s\" has %d changes queued already, and no more "
                                         "may be: wait until some are done, or abort some ('pawl "
                                         "changes', 'pawl abort ID')",
                                         instances[i], QUEUE_LENGTH_PER_SNAP_MAX);
        }
        return 0;
}

int change_set_queued(Database *database, int64_t change, int64_t until, Error *err) {
        return database_run(database, err,
                            "UPDATE change SET is_queued = 1, queued_until = nullif(?, 0) "
                            "WHERE id = ?",
                            "ii", until, change) < 0
                       ? -1
                       : 0;
}

int change_begin_plan(Database *database, int64_t change, Error *err) {
        return database_run(database, err, "UPDATE change SET is_queued = 2 WHERE id = ?", "i",
                            change) < 0
                       ? -1
                       : 0;
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

static int prune_old(Database *database, int64_t limit, Error *err) {
        int64_t found;
        int r = database_find_int(
                database, &found, err,
                "SELECT 1 FROM change WHERE is_clean = 1 AND ready_at < ? LIMIT 1", "i", limit);

        return r <= 0 ? r
                      : database_run(database, err,
                                     "DELETE FROM change WHERE is_clean = 1 AND ready_at < ?", "i",
                                     limit);
}

static int prune_surplus(Database *database, Error *err) {
        int64_t count = 0;

        if (database_find_int(database, &count, err,
                              "SELECT count(*) FROM change WHERE is_clean = 1", "") < 0)
                return -1;
        return count <= RETENTION_COUNT_MAX
                       ? 0
                       : database_run(database, err,
                                      "DELETE FROM change WHERE is_clean = 1 AND id NOT IN "
                                      "(SELECT id FROM change WHERE is_clean = 1 "
                                      "ORDER BY ready_at DESC, id DESC LIMIT ?)",
                                      "i", (int64_t)RETENTION_COUNT_MAX);
}

/* Asked first, as a daemon that starts mostly finds none: with all that goes with a change, those
 * are its longest statements to prepare. */
int change_prune(Database *database, Error *err) {
        int old = prune_old(database, clock_get_wall() - RETENTION_NS, err);
        int surplus = old < 0 ? -1 : prune_surplus(database, err);

        return surplus < 0 ? -1 : old + surplus;
}
