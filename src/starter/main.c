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

int main(int argc, char *argv[]) {
        Choice choice;
        int status = 1;

        log_init("pawl-start");
        choice_init(&choice, argc, argv);
        do {
                (void)unsetenv(START_WATCHED_VARIABLE);
                choice_make(&choice);
                if (!choice.is_trial) {
                        guard_execute(&choice, argv);
                        return status;
                }
        } while (guard_run(&choice, argv, &status) == GUARD_AGAIN);
        return status;
}
