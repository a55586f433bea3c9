/* SPDX-License-Identifier: Apache-2.0 */
#include "base/signals.h"

#include <signal.h>
#include <stddef.h>

void signals_reset(void) {
        const struct sigaction initial = { .sa_handler = SIG_DFL };
        sigset_t none;

        /* KILL, STOP and the C library's own two refuse; that is as it should be. */
        for (int number = 1; number < NSIG; number++)
                (void)sigaction(number, &initial, NULL);
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
}
