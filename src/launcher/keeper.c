/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/keeper.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "launcher/bus.h"
#include "launcher/confine.h"
#include "launcher/die.h"
#include "launcher/environment.h"
#include "launcher/kernel.h"
#include "launcher/view.h"

#define LEASE_COUNT_MAX 16

typedef struct Prepared {
        mode_t mask; /* the caller's umask, for the program: the plan's modes are exact */
        Command command;
        Confinement confinement;
        /* Of the package, its base and whose content it sees: open until this process ends. */
        int leases[LEASE_COUNT_MAX];
        size_t lease_count;
        bool may_make_namespaces;
        bool keeps_queues; /* the IPC namespace is the caller's */
        DeviceFilter devices;
        Bus bus;
} Prepared;

/* ── reports ── */

static void send_report(int socket, KeeperReportKind kind, int status, int fd) {
        KeeperReport report = { .kind = kind, .status = status };
        Error unused = ERROR_INIT;

        (void)frame_send(socket, &report, sizeof(report), &fd, fd >= 0, &unused);
}

int keeper_receive_report(int socket, KeeperReport *ret, int *ret_fd) {
        autoframe frame = FRAME_INIT;
        Error unused = ERROR_INIT;

        if (frame_receive(socket, &frame, &unused) <= 0 || frame.length != sizeof(*ret))
                return 0;
        memcpy(ret, frame.bytes, sizeof(*ret));
        *ret_fd = frame_take_fd(&frame, 0);
        return 1;
}

/* The outer process starts over, or becomes another launcher: nothing runs in here yet. */
static _Noreturn void leave(Keeper *keeper, SessionOutcome outcome) {
        bool is_exec = outcome == SESSION_OUTCOME_EXEC;

        send_report(keeper->reports, is_exec ? KEEPER_REPORT_EXEC : KEEPER_REPORT_AGAIN, 0,
                    is_exec ? keeper->session->instead : -1);
        _exit(EXIT_LAUNCH);
}

/* ── identity in the user namespace ── */

static void write_file(const char *path, const char *text) {
        autofd int file = open(path, O_WRONLY | O_CLOEXEC);

        if (file < 0 || write(file, text, strlen(text)) != (ssize_t)strlen(text))
                die(errno, "cannot write %s", path);
}

/* One uid and one gid, mapped to themselves. */
static void map_identity(uid_t uid, gid_t gid) {
        char map[64];

        (void)snprintf(map, sizeof(map), "%u %u 1", uid, uid);
        write_file("/proc/self/uid_map", map);
        write_file("/proc/self/setgroups", "deny");
        (void)snprintf(map, sizeof(map), "%u %u 1", gid, gid);
        write_file("/proc/self/gid_map", map);
}

/* ── the program ── */

static void enter_directory(const Keeper *keeper, const Command *command) {
        const char *const choices[] = { keeper->launch->caller_directory, command->directory, "/" };

        for (size_t i = 0; i < ARRAY_COUNT(choices); i++) {
                if (!choices[i])
                        continue;
                autofd int directory = open(choices[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
                if (directory >= 0 && fchdir(directory) == 0) {
                        (void)setenv("PWD", choices[i], 1);
                        return;
                }
        }
        die(errno, "cannot stand anywhere in the program's view");
}

static char **join_arguments(Command *command, char **arguments) {
        size_t count = 0;

        while (arguments[count])
                count++;
        char **all = memory_new((command->count + count + 1) * sizeof(*all));
        memcpy(all, command->words, command->count * sizeof(*all));
        memcpy(all + command->count, arguments, count * sizeof(*all));
        return all;
}

/* A signal that reaches the outer process after the program began must find it told of the program.
 */
static void wait_until_told(int gate) {
        char byte;
        ssize_t count;

        while ((count = read(gate, &byte, 1)) < 0 && errno == EINTR)
                ;
        if (count != 1)
                _exit(EXIT_LAUNCH); /* the keeper was ended, and with it the launch */
        (void)close(gate);
}

static _Noreturn void run_program(Keeper *keeper, Prepared *prepared) {
        Session *session = keeper->session;
        char **arguments = join_arguments(&prepared->command, keeper->launch->arguments);
        char number[16];

        (void)umask(prepared->mask);
        enter_directory(keeper, &prepared->command);
        if (keeper->launch->listen_count > 0) {
                (void)snprintf(number, sizeof(number), "%d", (int)getpid());
                (void)setenv("LISTEN_PID", number, 1);
        }
        trace_note("program's process");
        SessionOutcome outcome = session_ask_go(session);
        if (outcome != SESSION_OUTCOME_GO)
                leave(keeper, outcome);
        trace_note("ready, go");
        prepared->confinement.logs_denials = keeper->launch->logs_denials;
        confinement_enter(&prepared->confinement, &session->frame, session->first_fd);
        trace_note("seccomp");
        trace_print();
        (void)sigprocmask(SIG_SETMASK, &keeper->original, NULL);
        (void)execve(arguments[0], arguments, environ);
        int number_of_error = errno;
        (void)fprintf(stderr, "pawl-run: cannot run %s: %s\n", arguments[0],
                      strerror(number_of_error));
        _exit(number_of_error == ENOENT ? EXIT_NO_SUCH_FILE : EXIT_CANNOT_EXEC);
}

/* ── reaping ── */

/* Orphans of the program's come to us: without children there is nobody left of it. */
static bool is_alone(void) {
        pid_t pid;

        do
                pid = waitpid(-1, NULL, WNOHANG);
        while (pid > 0 || (pid < 0 && errno == EINTR));
        return pid < 0;
}

/* Before the end is told: whoever started the program may refresh it at once. */
static void end_leases(Prepared *prepared) {
        for (size_t i = 0; i < prepared->lease_count; i++)
                (void)close(prepared->leases[i]);
        prepared->lease_count = 0;
}

static _Noreturn void keep(Keeper *keeper, Prepared *prepared, pid_t program) {
        int status = 0;

        while (true) {
                pid_t pid = waitpid(-1, &status, WUNTRACED);

                if (pid < 0 && errno == EINTR)
                        continue;
                if (pid < 0) {
                        device_filter_leave(&prepared->devices);
                        _exit(0); /* the last one is gone */
                }
                if (pid != program)
                        continue;
                if (WIFSTOPPED(status)) {
                        send_report(keeper->reports, KEEPER_REPORT_STOPPED, 0, -1);
                        continue;
                }
                /* From here on what the program left behind lives without the outer process. */
                (void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
                if (is_alone())
                        end_leases(prepared);
                send_report(keeper->reports, KEEPER_REPORT_ENDED, status, -1);
                (void)close(keeper->reports);
                (void)kernel_close_range(0, 2);
        }
}

/* ── preparing ── */

static void keep_lease(Session *session, Prepared *prepared, uint64_t number) {
        int lease = frame_take_fd(&session->frame, session->first_fd + number);

        if (lease < 0 || prepared->lease_count == ARRAY_COUNT(prepared->leases))
                die(0, "pawld did not send the leases as announced");
        prepared->leases[prepared->lease_count++] = lease;
}

static void apply_steps(Keeper *keeper, View *view, Prepared *prepared) {
        Session *session = keeper->session;
        Error err = ERROR_INIT;
        LaunchStep step;
        int found;

        while ((found = launch_plan_next(&session->steps, &step, &err)) > 0) {
                if (found == LAUNCH_STEP_UNKNOWN)
                        leave(keeper, session_tell_unknown(session, step.words[0]));
                view_apply(view, &step);
                environment_apply(&prepared->command, &step);
                confinement_apply(&prepared->confinement, &step);
                device_filter_apply(&prepared->devices, &step);
                bus_apply(&prepared->bus, &step);
                prepared->keeps_queues |= step.op == LAUNCH_OP_QUEUES;
                prepared->may_make_namespaces |= step.op == LAUNCH_OP_NAMESPACES;
                if (step.op == LAUNCH_OP_LEASE)
                        keep_lease(session, prepared, step.numbers[0]);
        }
        if (found < 0)
                die_error(&err);
        if (prepared->command.count == 0)
                die(0, "pawld's plan names no program");
}

/* Unless queues of the host's are granted, of which the plan had to be asked. */
static void leave_ipc(const Prepared *prepared) {
        if (prepared->keeps_queues || unshare(CLONE_NEWIPC) == 0)
                return;
        if (errno == ENOSPC)
                die(errno, "IPC namespaces are used up; raise the limit: sysctl "
                           "user.max_ipc_namespaces=10000");
        die_kernel("cannot make an IPC namespace");
}

_Noreturn void keeper_run(Keeper *keeper) {
        bool has_user_namespace = keeper->namespaces & CLONE_NEWUSER;
        bool has_pid_namespace = keeper->namespaces & CLONE_NEWPID;
        Prepared prepared = { .mask = umask(0), .devices = DEVICE_FILTER_INIT, .bus = BUS_INIT };
        View view;

        trace_note("namespaces");
        /* Set before the first wait: a launch whose outer process is killed must not stay. */
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (has_user_namespace)
                map_identity(keeper->uid, keeper->gid);
        if (!has_pid_namespace && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
                die(errno, "cannot become the reaper of the program's processes");
        view_start(&view, &keeper->session->frame, has_pid_namespace);
        trace_note("empty view");
        SessionOutcome outcome = session_receive_plan(keeper->session);
        if (outcome != SESSION_OUTCOME_PLAN)
                leave(keeper, outcome);
        view.devices = &prepared.devices;
        view.first_fd = keeper->session->first_fd;
        trace_note("plan received");
        apply_steps(keeper, &view, &prepared);
        leave_ipc(&prepared);
        bus_start(&prepared.bus, &view);
        /* No further user namespaces in here, whatever a later filter says. */
        if (has_user_namespace && !prepared.may_make_namespaces)
                write_file("/proc/sys/user/max_user_namespaces", "0");
        trace_note("view built");
        device_filter_enter(&prepared.devices);
        view_enter(&view);
        trace_note("view entered");
        int gate[2];
        if (pipe2(gate, O_CLOEXEC) < 0)
                die(errno, "cannot make a pipe");
        pid_t program = fork();
        if (program < 0)
                die(errno, "cannot start a process");
        if (program == 0) {
                (void)close(gate[1]);
                wait_until_told(gate[0]);
                run_program(keeper, &prepared);
        }
        autofd int pidfd = kernel_pidfd_open(program);
        if (pidfd < 0)
                die_kernel("cannot hold the program's process");
        send_report(keeper->reports, KEEPER_REPORT_STARTED, 0, pidfd);
        (void)close(gate[0]);
        if (write(gate[1], "", 1) != 1)
                die(errno, "cannot let the program's process go on");
        (void)close(gate[1]);
        (void)close(keeper->session->socket);
        frame_done(&keeper->session->frame);
        /* Without a PID namespace our death would not be the program's, only the lease's. */
        if (!has_pid_namespace)
                (void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
        keep(keeper, &prepared, program);
}
