/* SPDX-License-Identifier: Apache-2.0
 *
 * pawl-start [OPTION of pawld ...]: starts the pawld that is to run, which is the machine's own or
 * that of the daemon's own package, and goes back to the one before when a new one fails to start.
 * It needs nothing that pawld needs but the C library.
 */
#include <unistd.h>

#include "base/log.h"
#include "base/start.h"
#include "starter/choice.h"
#include "starter/guard.h"

/* Returns only where nothing is left to start. */
static int start(Choice *choice, char *argv[]) {
        int status = 1;

        do {
                (void)unsetenv(START_WATCHED_VARIABLE);
                choice_make(choice);
                if (!choice->is_trial) {
                        guard_execute(choice, argv);
                        return status;
                }
        } while (guard_run(choice, argv, &status) == GUARD_AGAIN);
        return status;
}

int main(int argc, char *argv[]) {
        Choice choice;

        log_init("pawl-start");
        choice_init(&choice, argc, argv);
        int status = start(&choice, argv);
        choice_done(&choice);
        return status;
}
