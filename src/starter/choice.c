/* SPDX-License-Identifier: Apache-2.0 */
#include "starter/choice.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/start.h"
#include "base/text.h"

#define TRIAL_SIZE_MAX 256

static void find_root(Choice *choice, int argc, char *argv[]) {
        static const char OPTION[] = "--root";
        const char *value = NULL;
        char resolved[PATH_MAX];

        for (int i = 1; i < argc; i++) {
                if (!string_has_prefix(argv[i], OPTION))
                        continue;
                if (argv[i][strlen(OPTION)] == '=')
                        value = argv[i] + strlen(OPTION) + 1;
                else if (argv[i][strlen(OPTION)] == '\0' && i + 1 < argc)
                        value = argv[i + 1];
        }
        bool has_root = value && realpath(value, resolved) && !string_equal(resolved, "/");
        choice->root = string_copy(has_root ? resolved : "");
}

static void find_host(Choice *choice) {
        const char *told = getenv(START_HOST_VARIABLE);
        char path[PATH_MAX] = "";

        if (!told || *told != '/') {
                char *slash = readlink("/proc/self/exe", path, sizeof(path) - 1) > 0
                                      ? strrchr(path, '/')
                                      : NULL;
                if (slash)
                        *slash = '\0';
                (void)setenv(START_HOST_VARIABLE, path, 1);
                told = path;
        }
        choice->host = string_copy(told);
}

void choice_init(Choice *choice, int argc, char *argv[]) {
        *choice = (Choice){ 0 };
        find_root(choice, argc, argv);
        find_host(choice);
}

static void forget_paths(Choice *choice) {
        while (choice->path_count > 0)
                free(choice->paths[--choice->path_count]);
}

void choice_done(Choice *choice) {
        forget_paths(choice);
        free(choice->root);
        free(choice->host);
}

static int open_programs(const Choice *choice) {
        autofree char *path = string_format("%s/%s", choice->root, START_DIRECTORY);

        return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static bool read_target(int programs, const char *link, char ret[PATH_MAX]) {
        ssize_t length = readlinkat(programs, link, ret, PATH_MAX - 1);

        if (length <= 0)
                return false;
        ret[length] = '\0';
        return true;
}

/* -1: what `current` names is not on trial. */
static int read_tries(int programs, const char *target) {
        const char *name = *target == '/' ? START_MACHINE : target;
        autofree char *text = NULL;
        Error ignored;
        autofd int fd = openat(programs, START_TRIAL, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0 || file_read_all(fd, TRIAL_SIZE_MAX, &text, NULL, &ignored) < 0)
                return -1;
        if (!string_has_prefix(text, name) || text[strlen(name)] != ' ')
                return -1;
        return (int)strtoul(text + strlen(name) + 1, NULL, 10);
}

/* The count is one digit, so it can be written where there is no space for another file. */
static_assert(START_TRIES_MAX < 10, "as many characters as before");

static int write_in_place(int programs, const char *text) {
        autofd int fd = openat(programs, START_TRIAL, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
        ssize_t length = (ssize_t)strlen(text);

        return fd >= 0 && pwrite(fd, text, (size_t)length, 0) == length && fdatasync(fd) == 0 ? 0
                                                                                              : -1;
}

/* Before the try, and durable: a machine that goes down with it must not try for ever. */
static int write_tries(int programs, const char *target, int tries) {
        const char *name = *target == '/' ? START_MACHINE : target;
        autofree char *text = string_format("%s %d\n", name, tries);
        Error err = ERROR_INIT;

        if (file_write_atomic(programs, START_TRIAL, text, strlen(text), 0600, &err) >= 0 ||
            write_in_place(programs, text) == 0)
                return 0;
        log_error("this start cannot be counted (%s): the pawld before it runs again", err.message);
        (void)setenv(START_REFUSED_VARIABLE, name, 1);
        return -1;
}

static void add_target(Choice *choice, const char *target) {
        choice->paths[choice->path_count++] =
                *target == '/'
                        ? string_format("%s/pawld", target)
                        : string_format("%s/%s/%s/pawld", choice->root, START_DIRECTORY, target);
}

bool choice_is_on_trial(const Choice *choice) {
        autofd int programs = open_programs(choice);
        char current[PATH_MAX];

        return programs >= 0 && read_target(programs, START_CURRENT, current) &&
               read_tries(programs, current) >= 0;
}

void choice_make(Choice *choice) {
        autofd int programs = open_programs(choice);
        char current[PATH_MAX], previous[PATH_MAX];

        choice->is_trial = false;
        (void)unsetenv(START_REFUSED_VARIABLE);
        forget_paths(choice);
        if (programs >= 0 && read_target(programs, START_CURRENT, current)) {
                int tries = read_tries(programs, current);
                /* Uncounted it would be tried for ever. */
                bool is_counted = tries < 0 || tries >= START_TRIES_MAX ||
                                  write_tries(programs, current, tries + 1) == 0;
                choice->is_trial = tries >= 0 && tries < START_TRIES_MAX && is_counted;
                if (tries < START_TRIES_MAX && is_counted)
                        add_target(choice, current);
                else if (is_counted)
                        log_error("%s failed to start %d times: the one before it runs again",
                                  *current == '/' ? "the machine's own pawld" : current, tries);
        }
        if (programs >= 0 && read_target(programs, START_PREVIOUS, previous))
                add_target(choice, previous);
        add_target(choice, choice->host);
}
