/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/bus.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/text.h"
#include "launcher/confine.h"
#include "launcher/die.h"
#include "launcher/kernel.h"
#include "launcher/view-internal.h"

#define PROXY          "/usr/bin/xdg-dbus-proxy"
#define READY_LIMIT_MS 5000
/* Descriptors of the proxy: its readiness and end, and the directory of its sockets. */
#define LIFE_FD  3
#define STAGE_FD 4

/* ── what the plan says ── */

static char *find_address(const LaunchStep *step) {
        bool is_session = string_equal(step->words[0], "session");
        const char *own =
                getenv(is_session ? "DBUS_SESSION_BUS_ADDRESS" : "DBUS_SYSTEM_BUS_ADDRESS");
        struct stat status;

        if (own && string_has_prefix(own, "unix:"))
                return string_copy(own);
        return stat(step->words[1], &status) == 0 && S_ISSOCK(status.st_mode)
                       ? string_format("unix:path=%s", step->words[1])
                       : NULL;
}

void bus_apply(Bus *bus, const LaunchStep *step) {
        if (step->op == LAUNCH_OP_BUS && bus->count < BUS_COUNT_MAX) {
                bus->addresses[bus->count] = find_address(step);
                bus->steps[bus->count++] = *step;
        }
        if (step->op == LAUNCH_OP_BUS_RULE) {
                if (bus->rule_count == BUS_ARGUMENT_COUNT_MAX)
                        die(0, "line %u of the plan is one rule too many", step->line);
                bus->rules[bus->rule_count].bus = step->words[0];
                bus->rules[bus->rule_count++].rule = step->words[1];
        }
}

/* ── the proxy ── */

typedef struct Arguments {
        char *words[BUS_ARGUMENT_COUNT_MAX + 16];
        size_t count;
} Arguments;

static void add_argument(Arguments *arguments, char *owned_word) {
        arguments->words[arguments->count++] = owned_word;
}

static void add_bus(Arguments *arguments, const Bus *bus, size_t number) {
        const char *name = bus->steps[number].words[0];

        add_argument(arguments, string_copy(bus->addresses[number]));
        add_argument(arguments, string_format("/proc/self/fd/%d/bus-%s", STAGE_FD, name));
        add_argument(arguments, string_copy("--filter"));
        for (size_t i = 0; i < bus->rule_count; i++)
                if (string_equal(bus->rules[i].bus, name))
                        add_argument(arguments, string_format("--%s", bus->rules[i].rule));
}

/* Moved above what they are to be first, so that neither falls upon the other. */
static void place_descriptors(int life, int stage) {
        int high_life = fcntl(life, F_DUPFD_CLOEXEC, 10);
        int high_stage = fcntl(stage, F_DUPFD_CLOEXEC, 10);

        if (high_life < 0 || high_stage < 0 || dup2(high_life, LIFE_FD) < 0 ||
            dup2(high_stage, STAGE_FD) < 0)
                _exit(EXIT_LAUNCH);
        (void)kernel_close_range(STAGE_FD + 1, ~0U);
}

static _Noreturn void run_proxy(const Bus *bus) {
        static Arguments arguments;
        char *environment[] = { NULL };
        sigset_t none;

        add_argument(&arguments, string_copy(PROXY));
        add_argument(&arguments, string_format("--fd=%d", LIFE_FD));
        for (size_t i = 0; i < bus->count; i++)
                if (bus->addresses[i])
                        add_bus(&arguments, bus, i);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        confinement_drop_capabilities();
        (void)sigemptyset(&none);
        (void)sigprocmask(SIG_SETMASK, &none, NULL);
        (void)execve(PROXY, arguments.words, environment);
        _exit(EXIT_LAUNCH);
}

/* Between keeper and proxy, for the keeper waits for the program's processes alone: a child that
 * does not send SIGCHLD is none of them, but exec would make it one. */
static _Noreturn void guard(const Bus *bus, int life, int stage) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        /* Mounts of its own: pivot_root takes every process of the namespace along. */
        if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || unshare(CLONE_NEWNS) < 0)
                _exit(EXIT_LAUNCH);
        place_descriptors(life, stage);
        pid_t proxy = fork();
        if (proxy == 0)
                run_proxy(bus);
        (void)kernel_close_range(LIFE_FD, ~0U);
        while (proxy > 0 && waitpid(proxy, NULL, 0) < 0 && errno == EINTR)
                ;
        _exit(0);
}

/* It says a byte when its sockets are there; closing means that it could not. */
static bool is_ready(int life) {
        struct pollfd event = { .fd = life, .events = POLLIN };
        char byte;

        return poll(&event, 1, READY_LIMIT_MS) == 1 && read(life, &byte, 1) == 1;
}

static void show_socket(const Bus *bus, size_t number, const View *view) {
        const LaunchStep *step = &bus->steps[number];
        char name[32];

        (void)snprintf(name, sizeof(name), "bus-%s", step->words[0]);
        autofd int source = openat(view->stage, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        if (source >= 0)
                view_show(view, step, source, step->words[2]);
}

static bool has_bus(const Bus *bus) {
        for (size_t i = 0; i < bus->count; i++)
                if (bus->addresses[i])
                        return true;
        return false;
}

void bus_start(Bus *bus, const View *view) {
        int pair[2];

        if (!has_bus(bus))
                return;
        if (pipe2(pair, O_CLOEXEC) < 0)
                die(errno, "cannot make a pipe");
        autofd int life = pair[0], other = pair[1];
        long pid = syscall(SYS_clone, 0, 0, 0, 0, 0);
        if (pid < 0)
                die(errno, "cannot start a process");
        if (pid == 0)
                guard(bus, other, view->stage);
        (void)close(take_fd(other));
        if (!is_ready(life)) {
                trace_note("no bus: " PROXY " does not run");
                return;
        }
        for (size_t i = 0; i < bus->count; i++)
                if (bus->addresses[i])
                        show_socket(bus, i, view);
        bus->life = take_fd(life);
        trace_note("bus proxy");
}
