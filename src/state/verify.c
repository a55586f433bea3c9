/* SPDX-License-Identifier: Apache-2.0 */
#include "state/verify.h"

#include "base/text.h"

#define UNFINISHED "NOT IN ('Done', 'Undone', 'Hold', 'Error')"

static const Invariant FILE_INVARIANT = {
        1, false, "the file's pages and indexes are whole",
        "SELECT quick_check FROM pragma_quick_check(1) WHERE quick_check <> 'ok'"
};

static const Invariant REFERENCE_INVARIANT = {
        2, false, "every reference points at a row",
        "SELECT \"table\" || ' row ' || ifnull(rowid, '?') || ' refers to ' || parent "
        "FROM pragma_foreign_key_check"
};

/* 1 and 2 are above; 3, that a snap's current revision is one of its revisions, is a foreign key.
 */
const Invariant INVARIANTS[] = {
        { 4, true, "a snap without a current revision is touched by an unfinished change",
          "SELECT 'snap ' || instance FROM snap s WHERE current IS NULL AND NOT EXISTS "
          "(SELECT 1 FROM change_snap t JOIN change c ON c.id = t.change "
          "WHERE t.instance = s.instance AND c.ready_at IS NULL)" },
        { 5, true, "launches of a snap are paused by an unfinished change only",
          "SELECT 'snap ' || instance FROM snap s WHERE paused_by IS NOT NULL AND NOT EXISTS "
          "(SELECT 1 FROM change c WHERE c.id = s.paused_by AND c.ready_at IS NULL)" },
        { 6, false, "a ready task has a ready time and waits for no retry",
          "SELECT 'task ' || id FROM task WHERE status IN ('Done', 'Undone', 'Hold', 'Error') "
          "AND (ready_at IS NULL OR retry_at IS NOT NULL)" },
        { 7, true, "a task that is not ready has no ready time",
          "SELECT 'task ' || id FROM task WHERE status " UNFINISHED " AND ready_at IS NOT NULL" },
        { 8, false, "a task that failed is in error or on its way there",
          "SELECT 'task ' || id FROM task WHERE is_failed = 1 "
          "AND status NOT IN ('Undo', 'Undoing', 'Error') "
          "AND (status <> 'Wait' OR waited_status <> 'Undone')" },
        { 9, true, "a change whose tasks are all ready has a ready time",
          "SELECT 'change ' || id FROM change c WHERE ready_at IS NULL "
          "AND EXISTS (SELECT 1 FROM task t WHERE t.change = c.id) "
          "AND NOT EXISTS (SELECT 1 FROM task t WHERE t.change = c.id AND status " UNFINISHED ")" },
        { 10, true, "a change with an unfinished task has no ready time",
          "SELECT 'change ' || c.id FROM task t JOIN change c ON c.id = t.change "
          "WHERE t.status " UNFINISHED " AND c.ready_at IS NOT NULL" },
        { 11, false, "a task waits for tasks of its own change only",
          "SELECT 'task ' || a.id FROM task_wait w JOIN task a ON a.id = w.task "
          "JOIN task b ON b.id = w.waits_for WHERE a.change <> b.change" },
        /* Edges are added with the later task's id greater, as ids grow; where one is not, the walk
         * decides. */
        { 12, false, "no task waits for itself, by whatever way",
          "WITH RECURSIVE back (start, at) AS (SELECT task, waits_for FROM task_wait "
          "WHERE waits_for > task UNION SELECT start, w.waits_for FROM back "
          "JOIN task_wait w ON w.task = back.at) "
          "SELECT 'task ' || start FROM back WHERE at = start" },
        { 13, true, "what a task that is being done waits for is done",
          "SELECT 'task ' || t.id FROM task t JOIN task_wait w ON w.task = t.id "
          "JOIN task b ON b.id = w.waits_for WHERE t.status " UNFINISHED
          " AND t.status = 'Doing' AND b.status <> 'Done'" },
        { 14, true, "what waits for a task that is being undone is ready",
          "SELECT 'task ' || t.id FROM task t JOIN task_wait w ON w.waits_for = t.id "
          "JOIN task a ON a.id = w.task WHERE t.status " UNFINISHED
          " AND t.status = 'Undoing' AND a.status " UNFINISHED },
        { 15, false, "a task was cleaned only after its change was ready",
          "SELECT 'task ' || t.id FROM task t JOIN change c ON c.id = t.change "
          "WHERE t.is_clean = 1 AND c.ready_at IS NULL" },
        { 16, false, "a change is clean when all its tasks are",
          "SELECT 'change ' || c.id FROM change c JOIN task t ON t.change = c.id "
          "WHERE c.is_clean = 1 AND t.is_clean = 0" },
        { 18, true, "a snap is touched by one unfinished change at most",
          "SELECT 'snap ' || s.instance FROM change c CROSS JOIN change_snap s ON s.change = c.id "
          "WHERE c.ready_at IS NULL AND c.is_queued = 0 "
          "GROUP BY s.instance HAVING count(*) > 1" },
        { 19, false, "a task keeps ten log lines at most",
          "SELECT 'task ' || task FROM task_log GROUP BY task HAVING count(*) > 10" },
        { 20, false, "every schema up to this one is recorded, and no other",
          "SELECT 'schema ' || (SELECT user_version FROM pragma_user_version) "
          "WHERE (SELECT user_version FROM pragma_user_version) <> "
          "(SELECT count(*) FROM migration) OR (SELECT user_version FROM pragma_user_version) <> "
          "(SELECT max(schema) FROM migration)" },
        { 21, false, "rows are parked only by schemas newer than this one",
          "SELECT 'row of ' || table_name || ' parked by schema ' || schema FROM parked "
          "WHERE schema <= (SELECT user_version FROM pragma_user_version)" },
        { 22, false, "a connection is between installed snaps",
          "SELECT 'connection of ' || plug_snap || ':' || plug FROM connection c WHERE NOT EXISTS "
          "(SELECT 1 FROM snap WHERE instance = c.plug_snap) OR (slot_snap <> '' AND NOT EXISTS "
          "(SELECT 1 FROM snap WHERE instance = c.slot_snap))" },
        { 23, false, "a task that waits, and no other, knows what it will be afterwards",
          "SELECT 'task ' || id FROM task WHERE (status = 'Wait') <> (waited_status IS NOT NULL) "
          "OR (status <> 'Wait' AND (wait_name IS NOT NULL OR wait_value IS NOT NULL))" },
};
const size_t INVARIANT_COUNT = ARRAY_COUNT(INVARIANTS);

static int check(Database *database, const Invariant *invariant, Error *err) {
        autoquery query = QUERY_INIT;

        if (query_open(database, &query, err, invariant->sql, "") < 0)
                return error_prefix(err, "invariant %d", invariant->id);
        int r = query_next(&query, err);
        if (r <= 0)
                return r < 0 ? error_prefix(err, "invariant %d", invariant->id) : 0;
        const char *violator = query_get_text(&query, 0);
        return error_set(err, ERROR_CORRUPT, "invariant %d (%s) does not hold: %s", invariant->id,
                         invariant->meaning, violator ? violator : "?");
}

int state_verify_file(Database *database, Error *err) {
        return check(database, &FILE_INVARIANT, err);
}

int state_verify_references(Database *database, Error *err) {
        return check(database, &REFERENCE_INVARIANT, err);
}

int state_verify_cheap(Database *database, Error *err) {
        for (size_t i = 0; i < INVARIANT_COUNT; i++)
                if (INVARIANTS[i].is_cheap && check(database, &INVARIANTS[i], err) < 0)
                        return -1;
        return 0;
}

int state_verify_rows(Database *database, Error *err) {
        if (state_verify_references(database, err) < 0)
                return -1;
        for (size_t i = 0; i < INVARIANT_COUNT; i++)
                if (check(database, &INVARIANTS[i], err) < 0)
                        return -1;
        return 0;
}

int state_verify(Database *database, Error *err) {
        if (state_verify_file(database, err) < 0)
                return -1;
        return state_verify_rows(database, err);
}
