/* SPDX-License-Identifier: Apache-2.0
 *
 * RunningEnd: the programs of a package are ended, for workers.  Whose they are the leases say: who
 * holds one as its first is the launcher of a program of that package (of its base and of content
 * it holds others), under the uid that the lease was given to.  All that descends from it is ended.
 */
#pragma once

#include "base/text.h"
#include "snap/places.h"

typedef struct EndReport {
        Text asked;  /* "1234 (uid 1000, name), …": had SIGTERM */
        Text killed; /* had to be */
} EndReport;

/* SIGTERM, some seconds, SIGKILL.  What descends from no launcher is left alone. */
void running_end(const Places *places, const char *instance, EndReport *ret);
void end_report_done(EndReport *report);
