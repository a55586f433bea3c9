/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/daemon.h"

/* sysexits.h where it has a word for it; the unit file does not restart after these. */
static const struct {
        ErrorKind kind;
        int status;
} EXITS[] = {
        { ERROR_BAD_REQUEST, 64 }, /* options */
        { ERROR_CORRUPT, 65 },     /* the state cannot be used as it is */
        { ERROR_BUSY, 75 },        /* another daemon holds the state or answers at the socket */
};

static int get_exit_status(const Error *error) {
        for (size_t i = 0; i < ARRAY_COUNT(EXITS); i++)
                if (EXITS[i].kind == error->kind)
                        return EXITS[i].status;
        return 1;
}

int main(int argc, char *argv[]) {
        Options options = { 0 };
        Error err = ERROR_INIT;
        int outcome;

        log_init("pawld");
        (void)umask(022);
        (void)signal(SIGPIPE, SIG_IGN);
        outcome = options_parse(argc, argv, &options, &err);
        if (outcome == 0 && geteuid() != 0)
                outcome = error_set(&err, ERROR_FAILED, "root has to start it: it mounts images");
        if (outcome == 0)
                daemon_find_starter(&options);
        if (outcome == 0)
                outcome = options.is_check ? daemon_check_state(&options, &err)
                                           : daemon_run(&options, &err);
        options_done(&options);
        if (outcome < 0) {
                log_error("%s", err.message);
                return get_exit_status(&err);
        }
        return 0;
}
