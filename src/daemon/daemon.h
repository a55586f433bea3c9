/* SPDX-License-Identifier: Apache-2.0
 *
 * Daemon: owns every other part.  daemon_run is the order of start, and the only way out of it is
 * daemon_stop, which may find any prefix of it done.
 */
#pragma once

#include "daemon/options.h"

/* Where the daemon's own package may say which pawld is to run: becomes pawl-start, which decides.
 * Returns where there is nothing to decide. */
void daemon_find_starter(const Options *options);
/* Returns when a signal ended it; negative when it could not start. */
int daemon_run(const Options *options, Error *err);
/* Opens the state as the daemon would, verifies it and says so on stdout; negative when it does not
 * hold, or when there is none. */
int daemon_check_state(const Options *options, Error *err);
