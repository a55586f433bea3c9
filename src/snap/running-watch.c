/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/running-watch.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/own.h"
#include "base/text.h"
#include "snap/running.h"
#include "task/task.h"

/* For a holder that is in another PID namespace, or was handed the lease. */
#define LOOK_AGAIN_MS 30000

/* Each look costs a walk over /proc and a commit, and a program's owner chooses how often holders
 * end: after some in short succession there is one look in so many milliseconds. */
#define HASTY_MS  1000
#define HASTY_MAX 5

typedef struct Holder {
        uv_poll_t poll;
        int fd; /* pidfd, closed with the poll */
} Holder;

struct RunningWatch {
        RunningWatchConfig config;
        uv_timer_t again;
        Holder *holders[RUNNING_PID_COUNT_MAX];
        size_t holder_count;
        uint64_t looked_at; /* by the loop's clock */
        int hasty_count;    /* looks each less than HASTY_MS after the one before */
        bool is_pausing;    /* the timer runs for the next of them */
        char *waiting;      /* the tasks that the holders are those of; NULL: to be looked up */
};

/* --- the holders --- */

static void free_holder(uv_handle_t *handle) {
        Holder *holder = (Holder *)(void *)handle;

        (void)close(holder->fd);
        free(holder);
}

static void drop_holders(RunningWatch *watch) {
        for (size_t i = 0; i < watch->holder_count; i++)
                uv_close((uv_handle_t *)&watch->holders[i]->poll, free_holder);
        watch->holder_count = 0;
}

/* All waits are ended, and those for whom it was too early wait again: there are few. */
static int end_waits(Database *database, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;

        if (transaction_begin(database, &transaction, err) < 0)
                return -1;
        int count = task_end_waits(database, RUNNING_EVENT, NULL, err);
        return count <= 0 ? count : transaction_commit(&transaction, err);
}

static void end_and_tell(RunningWatch *watch) {
        Error err = ERROR_INIT;

        drop_holders(watch);
        free(watch->waiting);
        watch->waiting = NULL;
        (void)uv_timer_stop(&watch->again);
        watch->is_pausing = false;
        watch->looked_at = uv_now(watch->config.loop);
        if (end_waits(watch->config.database, &err) < 0)
                log_warning("cannot go on with what waited for programs: %s", err.message);
        watch->config.on_end(watch->config.context);
}

static void on_again(uv_timer_t *timer) {
        end_and_tell(timer->data);
}

/* Asked before each look that an owner of programs can bring about. */
static bool is_hasty(RunningWatch *watch) {
        bool is_soon = uv_now(watch->config.loop) - watch->looked_at < HASTY_MS;

        watch->hasty_count = is_soon ? watch->hasty_count + 1 : 0;
        return watch->hasty_count > HASTY_MAX;
}

static void on_exit_of_one(uv_poll_t *poll, int status, int events) {
        RunningWatch *watch = poll->data;

        (void)status;
        (void)events;
        (void)uv_poll_stop(poll);
        if (watch->is_pausing)
                return;
        if (!is_hasty(watch)) {
                end_and_tell(watch);
                return;
        }
        watch->is_pausing = true;
        (void)uv_timer_start(&watch->again, on_again, HASTY_MS, 0);
}

/* One that is gone already is not held against. */
static void add_holder(RunningWatch *watch, pid_t pid) {
        int fd = (int)syscall(SYS_pidfd_open, pid, 0);

        if (fd < 0)
                return;
        Holder *holder = memory_new(sizeof(*holder));
        holder->fd = fd;
        if (uv_poll_init(watch->config.loop, &holder->poll, fd) < 0) {
                (void)close(fd);
                free(holder);
                return; /* the timer stands in */
        }
        holder->poll.data = watch;
        watch->holders[watch->holder_count++] = holder;
        (void)uv_poll_start(&holder->poll, UV_READABLE, on_exit_of_one);
}

/* --- who waits --- */

static const char *const WAITING =
        "SELECT group_concat(id) FROM (SELECT id FROM task WHERE status "
        "NOT IN ('Done', 'Undone', 'Hold', 'Error') AND status = 'Wait' AND wait_name = '" RUNNING_EVENT
        "' ORDER BY id)";
static const char *const TARGETS =
        "SELECT t.id, s.instance, s.current FROM task t, json_each(t.data, '$.awaited') a JOIN snap s "
        "ON s.instance = a.value WHERE t.status NOT IN ('Done', 'Undone', 'Hold', 'Error') AND t.status = 'Wait' AND t.wait_name = '" RUNNING_EVENT
        "' AND s.current NOTNULL ORDER BY t.id";

/* Whether it is held still; asked after its holders are watched, so that none slips away. */
static bool add_target(RunningWatch *watch, const char *instance, const char *revision) {
        pid_t pids[RUNNING_PID_COUNT_MAX];
        size_t count = running_list(watch->config.places, instance, revision, pids);

        for (size_t i = 0; i < count && watch->holder_count < RUNNING_PID_COUNT_MAX; i++)
                add_holder(watch, pids[i]);
        return places_has_lease(watch->config.places, instance, revision);
}

/* 1 each task has something to wait for still, 0 one of them has not. */
static int add_all(RunningWatch *watch, Error *err) {
        autoquery query = QUERY_INIT;
        bool is_held = true;
        int64_t task = 0;
        int more;

        if (query_open(watch->config.database, &query, err, TARGETS, "") < 0)
                return -1;
        while ((more = query_next(&query, err)) > 0) {
                if (query_get_int(&query, 0) != task && !is_held)
                        return 0;
                is_held = add_target(watch, query_get_text(&query, 1), query_get_text(&query, 2)) ||
                          (query_get_int(&query, 0) == task && is_held);
                task = query_get_int(&query, 0);
        }
        return more < 0 ? -1 : is_held;
}

static int look(RunningWatch *watch, Error *err) {
        autofree char *waiting = NULL;
        int found = database_find_text(watch->config.database, &waiting, err, WAITING, "");

        if (found < 0)
                return -1;
        if (found == 0) {
                drop_holders(watch);
                (void)uv_timer_stop(&watch->again);
        }
        if (watch->waiting && string_equal(watch->waiting, waiting ? waiting : ""))
                return 0;
        free(watch->waiting);
        watch->waiting = waiting ? take(waiting) : string_copy("");
        if (found == 0)
                return 0;
        drop_holders(watch);
        int held = add_all(watch, err);
        /* Never at once, also where nothing is held any more: the loop must get its turn. */
        uint64_t pause = held > 0 ? LOOK_AGAIN_MS : is_hasty(watch) ? HASTY_MS : 1;
        (void)uv_timer_start(&watch->again, on_again, pause, 0);
        watch->is_pausing = false;
        return held < 0 ? -1 : 0;
}

void running_watch_update(RunningWatch *watch) {
        Error err = ERROR_INIT;

        if (look(watch, &err) < 0)
                log_warning("cannot look who waits for programs: %s", err.message);
}

RunningWatch *running_watch_new(const RunningWatchConfig *config) {
        RunningWatch *watch = memory_new(sizeof(*watch));

        watch->config = *config;
        (void)uv_timer_init(config->loop, &watch->again);
        watch->again.data = watch;
        return watch;
}

static void free_watch(uv_handle_t *handle) {
        RunningWatch *watch = handle->data;

        free(watch->waiting);
        free(watch);
}

RunningWatch *running_watch_free(RunningWatch *watch) {
        if (!watch)
                return NULL;
        drop_holders(watch);
        uv_close((uv_handle_t *)&watch->again, free_watch);
        return NULL;
}
