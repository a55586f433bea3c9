/* SPDX-License-Identifier: Apache-2.0
 *
 * Which tasks an abort reaches.  Lane 0 holds the tasks that are in no lane.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "task/change.h"

typedef struct LaneTask {
        int64_t id;
        TaskStatus status;
        bool is_waiting_back; /* in Wait, on its way to Undone */
        bool is_hit;
} LaneTask;

typedef struct LaneEntry {
        size_t task; /* index */
        int64_t lane;
        bool is_aborted; /* same for all entries of a lane */
} LaneEntry;

typedef struct WaitEntry {
        size_t task, waits_for; /* indexes */
} WaitEntry;

/* A change as three small arrays; whole in memory because reach is a closure over both relations.
 */
typedef struct LaneMap {
        LaneTask *tasks;
        size_t task_count;
        LaneEntry *lanes;
        size_t lane_count;
        WaitEntry *waits;
        size_t wait_count;
} LaneMap;

static void lane_map_done(LaneMap *map) {
        free(map->tasks);
        free(map->lanes);
        free(map->waits);
}

/* What an abort makes of each status; TASK_STATUS_COUNT = left as it is. */
static const TaskStatus ABORTED[TASK_STATUS_COUNT] = {
        [TASK_DO] = TASK_HOLD,
        [TASK_DOING] = TASK_ABORT,
        [TASK_DONE] = TASK_UNDO,
        [TASK_WAIT] = TASK_UNDO,
        [TASK_ABORT] = TASK_STATUS_COUNT,
        [TASK_UNDO] = TASK_STATUS_COUNT,
        [TASK_UNDOING] = TASK_STATUS_COUNT,
        [TASK_UNDONE] = TASK_STATUS_COUNT,
        [TASK_HOLD] = TASK_STATUS_COUNT,
        [TASK_ERROR] = TASK_STATUS_COUNT,
};

static TaskStatus get_aborted(const LaneTask *task) {
        return task->is_waiting_back ? TASK_STATUS_COUNT : ABORTED[task->status];
}

/* Appends one zeroed element; arrays grow by doubling at powers of two. */
static void *append(void **array, size_t *count, size_t size) {
        if ((*count & (*count - 1)) == 0) {
                *array = reallocarray(*array, *count ? *count * 2 : 1, size);
                if (!*array)
                        abort();
        }
        void *element = (char *)*array + (*count)++ * size;
        __builtin_memset(element, 0, size);
        return element;
}

static size_t find_task(const LaneMap *map, int64_t id) {
        size_t at = 0;

        while (at < map->task_count && map->tasks[at].id != id)
                at++;
        return at;
}

static int load_tasks(Database *database, int64_t change, LaneMap *map, Error *err) {
        autoquery query = QUERY_INIT;
        int r;

        if (query_open(database, &query, err,
                       "SELECT t.id, t.status, ifnull(l.lane, 0), t.waited_status FROM task t "
                       "LEFT JOIN task_lane l ON l.task = t.id WHERE t.change = ? ORDER BY t.id",
                       "i", change) < 0)
                return -1;
        while ((r = query_next(&query, err)) == 1) {
                int64_t id = query_get_int(&query, 0);
                if (!map->task_count || map->tasks[map->task_count - 1].id != id) {
                        LaneTask *task =
                                append((void **)&map->tasks, &map->task_count, sizeof(LaneTask));
                        task->id = id;
                        task->status = task_status_parse(query_get_text(&query, 1));
                        task->is_waiting_back = !query_is_null(&query, 3) &&
                                                string_equal(query_get_text(&query, 3), "Undone");
                }
                LaneEntry *entry =
                        append((void **)&map->lanes, &map->lane_count, sizeof(LaneEntry));
                entry->task = map->task_count - 1;
                entry->lane = query_get_int(&query, 2);
        }
        return r;
}

static int load_waits(Database *database, int64_t change, LaneMap *map, Error *err) {
        autoquery query = QUERY_INIT;
        int r;

        if (query_open(database, &query, err,
                       "SELECT w.task, w.waits_for FROM task t JOIN task_wait w ON w.task = t.id "
                       "WHERE t.change = ?",
                       "i", change) < 0)
                return -1;
        while ((r = query_next(&query, err)) == 1) {
                WaitEntry *wait = append((void **)&map->waits, &map->wait_count, sizeof(WaitEntry));
                wait->task = find_task(map, query_get_int(&query, 0));
                wait->waits_for = find_task(map, query_get_int(&query, 1));
        }
        return r;
}

static void abort_lane(LaneMap *map, int64_t lane) {
        for (size_t i = 0; i < map->lane_count; i++)
                if (map->lanes[i].lane == lane)
                        map->lanes[i].is_aborted = true;
}

static void abort_lanes_of(LaneMap *map, size_t task) {
        for (size_t i = 0; i < map->lane_count; i++)
                if (map->lanes[i].task == task)
                        abort_lane(map, map->lanes[i].lane);
}

/* Nothing in it failed, was aborted or is on its way back. */
static bool is_lane_live(const LaneMap *map, int64_t lane) {
        for (size_t i = 0; i < map->lane_count; i++) {
                const LaneEntry *entry = &map->lanes[i];
                if (entry->lane != lane)
                        continue;
                if (entry->is_aborted || map->tasks[entry->task].is_hit ||
                    get_aborted(&map->tasks[entry->task]) == TASK_STATUS_COUNT)
                        return false;
        }
        return true;
}

static bool is_reached_by_lane(const LaneMap *map, size_t task) {
        bool is_reached = false;

        for (size_t i = 0; i < map->lane_count; i++) {
                if (map->lanes[i].task != task)
                        continue;
                if (map->lanes[i].is_aborted)
                        is_reached = true;
                else if (is_lane_live(map, map->lanes[i].lane))
                        return false;
        }
        return is_reached;
}

/* What waits for a task that goes back can never run, so it goes too, with its lanes. */
static bool is_reached_by_wait(const LaneMap *map, size_t task) {
        for (size_t i = 0; i < map->wait_count; i++)
                if (map->waits[i].task == task && map->tasks[map->waits[i].waits_for].is_hit)
                        return true;
        return false;
}

static void spread(LaneMap *map) {
        bool is_changed;

        do {
                is_changed = false;
                for (size_t i = 0; i < map->task_count; i++) {
                        if (map->tasks[i].is_hit)
                                continue;
                        bool is_waiting = is_reached_by_wait(map, i);
                        if (!is_waiting && !is_reached_by_lane(map, i))
                                continue;
                        map->tasks[i].is_hit = is_changed = true;
                        if (is_waiting)
                                abort_lanes_of(map, i);
                }
        } while (is_changed);
}

/* Only what becomes ready by it, or only what does not. */
static int apply_part(Database *database, const LaneMap *map, int64_t except, bool is_ready,
                      Error *err) {
        for (size_t i = map->task_count; i-- > 0;) {
                const LaneTask *task = &map->tasks[i];
                TaskStatus status = get_aborted(task);
                if (!task->is_hit || task->id == except || status == TASK_STATUS_COUNT ||
                    task_status_is_ready(status) != is_ready)
                        continue;
                if (task_set_status(database, task->id, status, err) < 0)
                        return -1;
        }
        return 0;
}

/* What has something to undo first: where the rest is done or held, the change would look ready in
 * between. */
static int apply(Database *database, const LaneMap *map, int64_t except, Error *err) {
        return apply_part(database, map, except, false, err) < 0
                       ? -1
                       : apply_part(database, map, except, true, err);
}

typedef enum AbortReach {
        ABORT_ALL,
        ABORT_UNREADY, /* and the lanes of that */
        ABORT_FAILED,  /* the lanes of one task */
} AbortReach;

static bool is_aborted_by(const LaneTask *task, AbortReach reach, int64_t failed) {
        if (reach == ABORT_UNREADY)
                return !task_status_is_ready(task->status);
        return reach == ABORT_ALL || task->id == failed;
}

static int abort_from(Database *database, int64_t change, AbortReach reach, int64_t failed,
                      Error *err) {
        __attribute__((cleanup(lane_map_done))) LaneMap map = { 0 };

        if (load_tasks(database, change, &map, err) < 0 ||
            load_waits(database, change, &map, err) < 0)
                return -1;
        for (size_t i = 0; i < map.task_count; i++) {
                if (!is_aborted_by(&map.tasks[i], reach, failed))
                        continue;
                map.tasks[i].is_hit = true;
                abort_lanes_of(&map, i);
        }
        spread(&map);
        return apply(database, &map, failed, err);
}

int change_abort_lanes_of(Database *database, int64_t task, Error *err) {
        int64_t change;
        int r = database_find_int(database, &change, err, "SELECT change FROM task WHERE id = ?",
                                  "i", task);

        return r <= 0 ? r : abort_from(database, change, ABORT_FAILED, task, err);
}

int change_abort(Database *database, int64_t change, Error *err) {
        int r = database_run(database, err,
                             "UPDATE change SET is_aborted = 1 WHERE id = ? AND ready_at IS NULL",
                             "i", change);

        if (r < 0)
                return -1;
        if (r == 0)
                return error_set(err, ERROR_BAD_REQUEST,
                                 "cannot abort change %" PRId64 " with nothing pending", change);
        return abort_from(database, change, ABORT_ALL, 0, err);
}

#define STALE_NS (3LL * 24 * 3600 * 1000000000)

/* No change counts as older than the state itself. */
static int find_stale(Database *database, int64_t *ret_change, Error *err) {
        return database_find_int(database, ret_change, err,
                                 "SELECT id FROM change WHERE ready_at IS NULL AND is_aborted = 0 "
                                 "AND max(spawned_at, (SELECT min(applied_at) FROM migration)) < ?",
                                 "i", clock_get_wall() - STALE_NS);
}

int change_abort_stale(Database *database, Error *err) {
        int64_t change;
        int r, count = 0;

        while ((r = find_stale(database, &change, err)) == 1) {
                log_warning("change %" PRId64 " is older than three days: aborted", change);
                if (database_run(database, err, "UPDATE change SET is_aborted = 1 WHERE id = ?",
                                 "i", change) < 0 ||
                    abort_from(database, change, ABORT_UNREADY, 0, err) < 0)
                        return -1;
                count++;
        }
        return r < 0 ? -1 : count;
}
