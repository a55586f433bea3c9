/* SPDX-License-Identifier: Apache-2.0
 *
 * pawl-run: asks pawld how to start a package's program, builds what it will see, drops everything,
 * and execs it.  No setuid bit, no configuration, libc only.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "launcher/die.h"
#include "launcher/kernel.h"
#include "launcher/process.h"
#include "wire/generation.h"

static const char USAGE[] =
        "Usage: pawl-run [--root DIR] [--trace] [--trace-denials] [--shell] SNAP[.APP] [ARGUMENT…]\n"
        "       pawl-run [--root DIR] [--trace] --hook NAME SNAP\n"
        "       SNAP[.APP] [ARGUMENT…]          as a link in /snap/bin\n";

static const struct option OPTIONS[] = {
        { "root", required_argument, NULL, 'r' }, { "hook", required_argument, NULL, 'k' },
        { "trace", no_argument, NULL, 't' },      { "trace-denials", no_argument, NULL, 'd' },
        { "shell", no_argument, NULL, 's' },      { "help", no_argument, NULL, 'h' },
        { "version", no_argument, NULL, 'v' },    { 0 },
};

/* ── what is inherited ── */

static unsigned count_listen_fds(void) {
        const char *pid = getenv("LISTEN_PID");
        const char *count = getenv("LISTEN_FDS");
        Error unused = ERROR_INIT;
        uint64_t number = 0;

        if (!pid || !count || string_parse_u64(pid, INT_MAX, &number, &unused) < 0 ||
            number != (uint64_t)getpid() || string_parse_u64(count, 1000, &number, &unused) < 0)
                return 0;
        return (unsigned)number;
}

/* The lowest free one is taken, which is `fd`; dup2 would keep CLOEXEC off in the same way. */
static void fill_stdio(int fd) {
        int null = open("/dev/null", O_RDWR | O_NOCTTY | O_CLOEXEC);

        if (null != fd || fcntl(null, F_SETFD, 0) < 0)
                die(errno, "cannot open /dev/null");
}

/* A directory among them would be a way around the view; a closed one would be filled by chance. */
static void check_stdio(unsigned listen_count) {
        struct stat status;

        for (int fd = 0; fd < 3 + (int)listen_count; fd++) {
                if (fstat(fd, &status) < 0) {
                        if (fd < 3)
                                fill_stdio(fd);
                        continue;
                }
                if (S_ISDIR(status.st_mode))
                        die(0,
                            "descriptor %d is a directory, which would lead out of the package's "
                            "view; start it without that",
                            fd);
        }
}

/* ── what is asked for ── */

/* "DIR/snap/bin/x" → DIR; NULL when the link does not stand in such a place. */
static char *find_root_of_link(const char *name) {
        const char *place = strstr(name, "/snap/bin/");

        if (!place || name[0] != '/' || place == name)
                return NULL;
        return string_copy_length(name, (size_t)(place - name));
}

static void set_root(LaunchOrder *launch, const char *root) {
        if (string_equal(root, "/") || !*root) {
                launch->root = "";
                return;
        }
        char *real = realpath(root, NULL); /* lives as long as the process */
        if (!real)
                die(errno, "cannot find the root %s", root);
        launch->root = real;
}

static void parse_options(int argc, char **argv, LaunchOrder *launch) {
        int option;

        while ((option = getopt_long(argc, argv, "+h", OPTIONS, NULL)) >= 0) {
                switch (option) {
                case 'r':
                        set_root(launch, optarg);
                        break;
                case 'k':
                        launch->request.hook = optarg;
                        break;
                case 't':
                        launch->is_traced = true;
                        break;
                case 'd':
                        launch->logs_denials = true;
                        break;
                case 's':
                        launch->request.wants_shell = true;
                        break;
                case 'v':
                        (void)printf("pawl-run " PAWL_VERSION "\n");
                        exit(0);
                case 'h':
                        (void)fputs(USAGE, stdout);
                        exit(0);
                default:
                        (void)fputs(USAGE, stderr);
                        exit(EXIT_LAUNCH);
                }
        }
        if (optind >= argc) {
                (void)fputs(USAGE, stderr);
                exit(EXIT_LAUNCH);
        }
        if (strchr(argv[optind], '/'))
                die(0,
                    "\"%s\" is no name of a program, which is SNAP or SNAP.APP; a file is first "
                    "installed: pawl install --dangerous FILE",
                    argv[optind]);
        *(launch->request.hook ? &launch->request.instance : &launch->request.command) =
                argv[optind];
        launch->arguments = argv + optind + 1;
}

static void parse_command_line(int argc, char **argv, LaunchOrder *launch) {
        const char *slash = strrchr(argv[0], '/');
        const char *name = slash ? slash + 1 : argv[0];
        const char *root = getenv("PAWL_ROOT");

        set_root(launch, root ? root : "");
        if (string_equal(name, "pawl-run")) {
                parse_options(argc, argv, launch);
                return;
        }
        autofree char *link_root = find_root_of_link(argv[0]);
        if (link_root)
                set_root(launch, link_root);
        launch->request.command = name;
        launch->arguments = argv + 1;
}

/* The real path of a home that stands beneath a root of its own; NULL when it does not. */
static char *find_home_beneath(const char *root, const char *home) {
        autofree char *beneath = string_format("%s%s", root, home);
        char *real = *root ? realpath(beneath, NULL) : NULL;

        return real && string_has_prefix(real, root) && real[strlen(root)] == '/' ? real : NULL;
}

/* The caller's home by its real path.  Root is never led into a home that is another's. */
static const char *find_home(const char *root) {
        const char *home = getenv("HOME");
        struct stat status;

        if (!home || home[0] != '/')
                return geteuid() == 0 ? "/root" : NULL;
        char *beneath = find_home_beneath(root, home);
        char *real = beneath ? beneath : realpath(home, NULL);
        if (!real || stat(real, &status) < 0 || !real[1])
                return NULL;
        if (status.st_uid != geteuid())
                die(0, "the home directory %s is another user's; start it with HOME set to yours",
                    real);
        return beneath ? real + strlen(root) : real;
}

static unsigned take_instead_count(void) {
        const char *text = getenv(INSTEAD);
        Error unused = ERROR_INIT;
        uint64_t count = INSTEAD_COUNT_MAX;

        if (!text)
                return 0;
        (void)string_parse_u64(text, INSTEAD_COUNT_MAX, &count, &unused);
        (void)unsetenv(INSTEAD);
        return (unsigned)count;
}

int main(int argc, char **argv) {
        LaunchOrder launch = { 0 };
        char directory[PATH_MAX];

        log_init("pawl-run");
        if (argc < 1)
                die(0, "started without a name");
        launch.words = argv;
        launch.instead_count = take_instead_count();
        launch.request.version = generation_builtin.protocol;
        launch.request.oldest = generation_builtin.protocol_oldest;
        parse_command_line(argc, argv, &launch);
        if (launch.is_traced)
                trace_start();
        launch.listen_count = count_listen_fds();
        check_stdio(launch.listen_count);
        if (kernel_close_range(3 + launch.listen_count, ~0U) < 0)
                die_kernel("cannot close inherited descriptors");
        launch.request.home = find_home(launch.root);
        launch.request.landlock_abi = (uint64_t)kernel_get_landlock_abi();
        launch.caller_directory = getcwd(directory, sizeof(directory));
        for (int i = 0; i < LAUNCH_AGAIN_COUNT_MAX; i++)
                launch_run(&launch);
        die(0, "the package kept changing during the launch; try again when its refresh is over");
}
