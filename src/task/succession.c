/* SPDX-License-Identifier: Apache-2.0 */
#include "task/succession.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

void succession_init(Succession *succession, StepWorld *world) {
        char *boot = clock_read_boot_id();

        *succession = (Succession){
                .boot = boot,
                .daemon = string_format("%s %d %" PRId64, boot, (int)getpid(), clock_get_boot()),
        };
        world->boot = succession->boot;
        world->daemon = succession->daemon;
}

int succession_take_over(Succession *succession, const StepWorld *world, Error *err) {
        autotransaction transaction = TRANSACTION_INIT;
        Database *database = world->database;

        if (transaction_begin(database, &transaction, err) < 0)
                return -1;
        int boot = task_end_waits(database, TASK_WAIT_BOOT, world->boot, err);
        int daemon = boot < 0 ? -1 : task_end_waits(database, TASK_WAIT_DAEMON, world->daemon, err);
        int ends = daemon < 0 ? -1 : step_count_end(world, err);
        int suspect = ends < 0 ? -1 : step_is_suspect(world, err);
        if (suspect < 0)
                return -1;
        succession->is_cautious = suspect > 0;
        return boot + daemon + ends == 0 ? 0 : transaction_commit(&transaction, err);
}

void succession_hand_over(const StepWorld *world) {
        autotransaction transaction = TRANSACTION_INIT;
        Error err;

        if (transaction_begin(world->database, &transaction, &err) < 0)
                return;
        if (step_forgive_end(world, &err) > 0 && transaction_commit(&transaction, &err) < 0)
                log_warning("runner: %s", err.message);
}

void succession_done(Succession *succession) {
        free(succession->boot);
        free(succession->daemon);
        *succession = (Succession){ 0 };
}
