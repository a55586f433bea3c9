/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/process.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/log.h"
#include "launcher/die.h"
#include "launcher/keeper.h"
#include "launcher/kernel.h"

typedef struct Outer {
        pid_t keeper;
        int reports; /* socket to keeper and program */
        int signals; /* signalfd */
        int program; /* pidfd, -1 before it runs */
        sigset_t original;
        const LaunchOrder *launch;
} Outer;

static _Noreturn void die_namespaces(int number) {
        if (geteuid() == 0)
                die(number, "cannot make namespaces; root needs CAP_SYS_ADMIN for that");
        if (number == ENOSPC)
                die(number, "user namespaces are switched off or used up; raise the limit: sysctl "
                            "user.max_user_namespaces=10000");
        die(number, "unprivileged user namespaces are forbidden here; allow them: sysctl "
                    "kernel.unprivileged_userns_clone=1 (Debian), "
                    "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu)");
}

/* What Landlock of an older kernel cannot separate, namespaces must: those of the network and of
 * IPC come with the plan, which knows what is granted. */
static unsigned long choose_namespaces(uint64_t landlock_abi) {
        unsigned long flags = CLONE_NEWNS;

        if (geteuid() != 0)
                flags |= CLONE_NEWUSER | CLONE_NEWPID;
        if (landlock_abi < LAUNCH_SCOPES_ABI)
                flags |= CLONE_NEWPID;
        return flags;
}

/* ── the end ── */

static _Noreturn void end_as(const Outer *outer, int status) {
        static const struct rlimit no_core = { 0, 0 };

        if (WIFSIGNALED(status)) {
                /* The core, if any, was the program's; ours would overwrite it. */
                (void)setrlimit(RLIMIT_CORE, &no_core);
                (void)signal(WTERMSIG(status), SIG_DFL);
                (void)sigprocmask(SIG_SETMASK, &outer->original, NULL);
                (void)raise(WTERMSIG(status));
                _exit(128 + WTERMSIG(status));
        }
        _exit(WEXITSTATUS(status));
}

static void end_keeper(Outer *outer) {
        (void)kill(outer->keeper, SIGKILL);
        while (waitpid(outer->keeper, NULL, 0) < 0 && errno == EINTR)
                ;
        (void)close(outer->reports);
        (void)close(outer->signals);
        (void)sigprocmask(SIG_SETMASK, &outer->original, NULL);
}

/* At this very moment the program may have been let go: its report is on its way then. */
static void end_launch(Outer *outer) {
        KeeperReport report = { 0 };
        int fd = -1;

        (void)kill(outer->keeper, SIGKILL);
        while (waitpid(outer->keeper, NULL, 0) < 0 && errno == EINTR)
                ;
        while (keeper_receive_report(outer->reports, &report, &fd) > 0)
                if (report.kind == KEEPER_REPORT_STARTED) {
                        (void)kernel_pidfd_send_signal(fd, SIGKILL);
                        return;
                }
}

/* The keeper ended without a report: it has said why, or was killed. */
static _Noreturn void end_without_report(const Outer *outer) {
        int status = 0;

        while (waitpid(outer->keeper, &status, 0) < 0 && errno == EINTR)
                ;
        if (WIFSIGNALED(status))
                log_error("the launch was ended by signal %d", WTERMSIG(status));
        end_as(outer, status);
}

/* The running daemon's own launcher, in our place and with our words.  Whoever may answer at the
 * socket is obeyed in everything else too. */
static _Noreturn void become(Outer *outer, int launcher) {
        if (launcher < 0)
                die(0, "the launch was sent to another pawl-run, which is missing");
        char count[16];

        if (outer->launch->instead_count >= INSTEAD_COUNT_MAX)
                die(0, "the pawl-run that the running pawld names does not suit it; install both "
                       "from one build");
        end_keeper(outer);
        (void)snprintf(count, sizeof(count), "%u", outer->launch->instead_count + 1);
        (void)setenv(INSTEAD, count, 1);
        (void)syscall(SYS_execveat, launcher, "", outer->launch->words, environ, AT_EMPTY_PATH);
        die(errno, "cannot run the running pawld's own pawl-run");
}

/* ── events ── */

/* 1 = start over. */
static int receive_report(Outer *outer) {
        KeeperReport report = { 0 };
        int fd = -1;

        if (keeper_receive_report(outer->reports, &report, &fd) <= 0)
                end_without_report(outer);
        switch (report.kind) {
        case KEEPER_REPORT_STARTED:
                outer->program = fd;
                return 0;
        case KEEPER_REPORT_STOPPED:
                /* So that the shell sees the job stop; its "fg" continues the whole group. */
                (void)raise(SIGSTOP);
                return 0;
        case KEEPER_REPORT_ENDED:
                end_as(outer, report.status);
        case KEEPER_REPORT_AGAIN:
                end_keeper(outer);
                return 1;
        case KEEPER_REPORT_EXEC:
                become(outer, fd);
        }
        return 0;
}

static void receive_signal(Outer *outer) {
        struct signalfd_siginfo info;

        if (read(outer->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
                return;
        int signal = (int)info.ssi_signo;
        bool was_sent = info.ssi_code <= 0; /* SI_USER, SI_QUEUE, SI_TKILL: not the terminal */

        if (signal == SIGCHLD)
                return;
        if (outer->program >= 0) {
                if (was_sent)
                        (void)kernel_pidfd_send_signal(outer->program, signal);
                return;
        }
        if (signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU || signal == SIGCONT ||
            signal == SIGWINCH)
                return;
        end_launch(outer); /* nothing runs yet: the launch is what the signal ends */
        end_as(outer, signal);
}

static void wait_for_end(Outer *outer) {
        struct pollfd events[] = {
                { .fd = outer->reports, .events = POLLIN },
                { .fd = outer->signals, .events = POLLIN },
        };

        while (true) {
                if (poll(events, ARRAY_COUNT(events), -1) < 0 && errno != EINTR)
                        die(errno, "cannot wait for the program");
                /* Reports first: of the program, whom a signal is for. */
                if (events[0].revents && receive_report(outer))
                        return;
                if (events[1].revents)
                        receive_signal(outer);
        }
}

void launch_run(const LaunchOrder *launch) {
        Outer outer = { .program = -1, .launch = launch };
        Session session;
        sigset_t all;
        int pair[2];

        session_start(&session, launch->root, &launch->request);
        trace_note("request sent");
        (void)sigfillset(&all);
        if (sigprocmask(SIG_BLOCK, &all, &outer.original) < 0 ||
            (outer.signals = signalfd(-1, &all, SFD_CLOEXEC)) < 0 ||
            socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                die(errno, "cannot prepare the launch");
        /* pawld makes the plan while the namespaces are made. */
        unsigned long flags = choose_namespaces(launch->request.landlock_abi);
        uid_t uid = geteuid();
        gid_t gid = getegid();
        long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
        if (pid < 0)
                die_namespaces(errno);
        if (pid == 0) {
                (void)close(pair[0]);
                (void)close(outer.signals);
                keeper_run(&(Keeper){
                        .launch = launch,
                        .session = &session,
                        .reports = pair[1],
                        .namespaces = flags,
                        .uid = uid,
                        .gid = gid,
                        .original = outer.original,
                });
        }
        (void)close(pair[1]);
        (void)close(session.socket);
        outer.keeper = (pid_t)pid;
        outer.reports = pair[0];
        wait_for_end(&outer);
}
