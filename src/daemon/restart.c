/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/restart.h"

#include "base/clock.h"
#include "base/log.h"
#include "task/task.h"

/* For so long clients hear of it, then workers (hooks among them) may end, then the answers that
 * are on their way. */
#define NOTICE_MS 100
#define TURN_MS   10
#define WORK_MS   30000
#define ANSWER_MS 300

static int64_t get_ms(void) {
        return clock_get_boot() / 1000000;
}

/* Workers first: nobody new is started, and the API goes on. */
static void try_restart(uv_timer_t *timer) {
        Restart *restart = timer->data;
        bool is_late = get_ms() >= restart->until_ms;

        if (runner_is_working(restart->runner) && !is_late)
                return;
        if (!restart->is_deaf) {
                restart->is_deaf = true;
                restart->until_ms = get_ms() + ANSWER_MS;
                front_close_listeners(restart->front);
                return;
        }
        if (front_count_connections(restart->front) > 0 && !is_late)
                return;
        uv_stop(timer->loop);
}

void restart_init(Restart *restart, uv_loop_t *loop) {
        (void)uv_timer_init(loop, &restart->timer);
        restart->timer.data = restart;
}

void restart_begin(Restart *restart, Runner *runner, Front *front) {
        log_info("restarting, as a change asks for");
        restart->runner = runner;
        restart->front = front;
        restart->until_ms = get_ms() + WORK_MS;
        runner_rest(runner);
        (void)uv_timer_start(&restart->timer, try_restart, NOTICE_MS, TURN_MS);
}

int restart_end_waits(Database *database, Runner *runner, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;
        int64_t change;
        int found = task_find_wait(database, TASK_WAIT_DAEMON, &change, err);

        if (found <= 0)
                return found;
        if (transaction_begin(database, &transaction, err) < 0 ||
            task_end_waits(database, TASK_WAIT_DAEMON, NULL, err) < 0 ||
            transaction_commit(&transaction, err) < 0)
                return -1;
        runner_wake(runner);
        return 0;
}
