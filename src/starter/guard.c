/* SPDX-License-Identifier: Apache-2.0 */
#include "starter/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/start.h"

/* From its exec until it has started whole; a walk of the schema is included. */
#define TRIAL_LIMIT_S      60
#define EXIT_NOT_STARTED   127
#define EXIT_OTHER_RUNS    75
#define SIGNAL_STATUS_BASE 128

static void set_number(const char *name, long number) {
        char text[24];

        (void)snprintf(text, sizeof(text), "%ld", number);
        (void)setenv(name, text, 1);
}

/* What a supervisor gave to one pid is meant for whom we start. */
static void pass_on_supervision(void) {
        static const char *const PIDS[] = { "LISTEN_PID", "WATCHDOG_PID" };

        for (size_t i = 0; i < ARRAY_COUNT(PIDS); i++)
                if (getenv(PIDS[i]))
                        set_number(PIDS[i], getpid());
        (void)setenv(START_DONE_VARIABLE, "1", 1);
}

void guard_execute(const Choice *choice, char *argv[]) {
        pass_on_supervision();
        for (int i = 0; i < choice->path_count; i++) {
                (void)execv(choice->paths[i], argv);
                log_error("cannot execute %s: %s", choice->paths[i], strerror(errno));
        }
}

static void run_child(const Choice *choice, char *argv[], pid_t parent, const sigset_t *before) {
        Choice first = *choice;

        /* On trial is only the first: another one must not stand in for it unseen. */
        first.path_count = 1;
        (void)sigprocmask(SIG_SETMASK, before, NULL);
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                _exit(EXIT_NOT_STARTED);
        set_number(START_WATCHED_VARIABLE, parent);
        guard_execute(&first, argv);
        _exit(EXIT_NOT_STARTED);
}

/* Until it has ended.  1: it took too long to start and was killed. */
static int wait_for_child(const Choice *choice, pid_t child, const sigset_t *signals,
                          int *ret_status) {
        const struct timespec turn = { .tv_sec = 1 };
        bool is_on_trial = true;
        int seconds = 0, is_late = 0;

        for (;;) {
                int number = is_on_trial ? sigtimedwait(signals, NULL, &turn)
                                         : sigwaitinfo(signals, NULL);
                if (waitpid(child, ret_status, WNOHANG) == child)
                        return is_late;
                if (number > 0 && number != SIGCHLD)
                        (void)kill(child, number);
                is_on_trial = is_on_trial && choice_is_on_trial(choice);
                if (is_on_trial && number < 0 && errno == EAGAIN && ++seconds == TRIAL_LIMIT_S) {
                        log_error("%s was not ready within %d s", choice->paths[0], TRIAL_LIMIT_S);
                        (void)kill(child, SIGKILL);
                        is_late = 1;
                }
        }
}

static GuardEnd judge(const Choice *choice, int status, int *ret_status) {
        int code = WIFEXITED(status) ? WEXITSTATUS(status) : SIGNAL_STATUS_BASE + WTERMSIG(status);

        if (code == START_AGAIN_STATUS)
                return GUARD_AGAIN;
        /* Ended as it was told to, or another daemon is there. */
        *ret_status = code;
        if (code == 0 || code == EXIT_OTHER_RUNS || !choice_is_on_trial(choice))
                return GUARD_END;
        log_error("%s ended with status %d before it was ready", choice->paths[0], code);
        return GUARD_AGAIN;
}

GuardEnd guard_run(const Choice *choice, char *argv[], int *ret_status) {
        static const int SIGNALS[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP };
        sigset_t signals, before;
        pid_t parent = getpid();
        int status = 0;

        (void)sigemptyset(&signals);
        for (size_t i = 0; i < ARRAY_COUNT(SIGNALS); i++)
                (void)sigaddset(&signals, SIGNALS[i]);
        (void)sigprocmask(SIG_BLOCK, &signals, &before);
        pid_t child = fork();
        if (child == 0)
                run_child(choice, argv, parent, &before);
        if (child < 0) {
                log_error("cannot start %s: %s", choice->paths[0], strerror(errno));
                *ret_status = EXIT_NOT_STARTED;
                return GUARD_END;
        }
        (void)wait_for_child(choice, child, &signals, &status);
        (void)sigprocmask(SIG_SETMASK, &before, NULL);
        return judge(choice, status, ret_status);
}
