/* SPDX-License-Identifier: Apache-2.0
 *
 * Keeper: the process inside the namespaces.  It builds the view, starts the program, reaps, and
 * stays until the last process is gone, holding the lease that says "this revision is running".
 */
#pragma once

#include <signal.h>
#include <sys/types.h>

#include "launcher/process.h"

typedef enum KeeperReportKind {
        KEEPER_REPORT_STARTED, /* with a pidfd of the program */
        KEEPER_REPORT_STOPPED,
        KEEPER_REPORT_ENDED, /* with its wait status */
        KEEPER_REPORT_AGAIN, /* the plan is out of date */
        KEEPER_REPORT_EXEC,  /* with a descriptor of the launcher to be run instead */
} KeeperReportKind;

typedef struct KeeperReport {
        KeeperReportKind kind;
        int status;
} KeeperReport;

typedef struct Keeper {
        const LaunchOrder *launch;
        Session *session;
        int reports;
        unsigned long namespaces; /* CLONE_NEW… that it was made with */
        uid_t uid;                /* as they were outside: inside nobody is mapped yet */
        gid_t gid;
        sigset_t original; /* the caller's mask, for the program */
} Keeper;

_Noreturn void keeper_run(Keeper *keeper);
/* 1 received, 0 the other side has gone. */
int keeper_receive_report(int socket, KeeperReport *ret, int *ret_fd);
