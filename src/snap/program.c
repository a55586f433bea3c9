/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/program.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/start.h"
#include "base/text.h"
#include "sandbox/helper.h"
#include "snap/image.h"

#define PACKAGE_DIRECTORY "usr/lib/pawl"
#define TRIAL_SIZE_MAX    256

/* ── what runs ── */

/* NAME of R/var/lib/pawl/programs/NAME/pawld. */
static char *find_own_name(const char *root) {
        autofree char *prefix = string_format("%s/%s/", root, START_DIRECTORY);
        char path[PATH_MAX] = "";
        ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

        if (length <= 0 || !string_has_prefix(path, prefix))
                return string_copy("");
        const char *name = path + strlen(prefix), *slash = strchr(name, '/');
        return slash ? string_copy_length(name, (size_t)(slash - name)) : string_copy("");
}

void program_find_running(const char *root, const char *host, Program *ret) {
        const char *told = getenv(START_HOST_VARIABLE);

        *ret = (Program){ .root = string_copy(root),
                          .name = find_own_name(root),
                          .host = string_copy(told && *told == '/' ? told : host) };
}

void program_done(Program *program) {
        free(program->root);
        free(program->name);
        free(program->host);
        *program = (Program){ 0 };
}

char *program_format_directory(const Program *program) {
        return string_format("%s/%s/%s", program->root, START_DIRECTORY, program->name);
}

char *program_format_launcher(const Program *program) {
        return *program->name ? string_format("%s/%s/%s/pawl-run", program->root, START_DIRECTORY,
                                              START_CURRENT)
                              : string_format("%s/pawl-run", program->host);
}

static int open_programs(const Program *program, Error *err) {
        autofree char *path = string_format("%s/%s", program->root, START_DIRECTORY);

        return directory_open(path, err);
}

/* ── the links and the trial ── */

static char *read_target(int programs, const char *link) {
        char target[PATH_MAX] = "";
        ssize_t length = readlinkat(programs, link, target, sizeof(target) - 1);

        return string_copy_length(target, length > 0 ? (size_t)length : 0);
}

static const char *get_target(const Program *program, const char *name) {
        return *name ? name : program->host;
}

static const char *get_trial_name(const char *name) {
        return *name ? name : START_MACHINE;
}

/* How often `name` was tried; -1 when it is not on trial. */
static int read_tries(int programs, const char *name) {
        autofree char *text = NULL;
        Error ignored;
        autofd int fd = file_open_beneath(programs, START_TRIAL, O_RDONLY, 0, &ignored);
        size_t length = strlen(get_trial_name(name));

        if (fd < 0 || file_read_all(fd, TRIAL_SIZE_MAX, &text, NULL, &ignored) < 0)
                return -1;
        if (!string_has_prefix(text, get_trial_name(name)) || text[length] != ' ')
                return -1;
        return (int)strtoul(text + length + 1, NULL, 10);
}

bool program_needs_starter(const Program *program) {
        Error ignored;
        autofd int programs = open_programs(program, &ignored);

        if (programs < 0 || getenv(START_DONE_VARIABLE))
                return false;
        autofree char *current = read_target(programs, START_CURRENT);
        return (*current && *current != '/') || file_exists_beneath(programs, START_TRIAL);
}

bool program_is_on_trial(const Program *program) {
        Error ignored;
        autofd int programs = open_programs(program, &ignored);

        return programs >= 0 && read_tries(programs, program->name) >= 0;
}

static int end_trial(const Program *program, int programs, Error *err) {
        int changed =
                link_write_atomic(programs, START_CURRENT, get_target(program, program->name), err);

        if (changed < 0)
                return -1;
        if (unlinkat(programs, START_TRIAL, 0) < 0)
                return errno == ENOENT ? 0
                                       : error_set_errno(err, errno, "cannot end the trial of %s",
                                                         get_trial_name(program->name));
        return fd_sync(programs, START_DIRECTORY, err);
}

/* In this order: the count begins before the program can be chosen. */
static int begin_trial(const Program *program, int programs, const char *wanted, Error *err) {
        if (read_tries(programs, wanted) < 0) {
                autofree char *trial = string_format("%s 0\n", get_trial_name(wanted));
                if (file_write_atomic(programs, START_TRIAL, trial, strlen(trial), 0600, err) < 0)
                        return -1;
        }
        if (link_write_atomic(programs, START_PREVIOUS, get_target(program, program->name), err) <
            0)
                return -1;
        return link_write_atomic(programs, START_CURRENT, get_target(program, wanted), err);
}

static int find_wanted(Database *database, char **ret, Error *err) {
        int found = database_find_text(
                database, ret, err,
                "SELECT instance || '_' || current FROM snap WHERE type = 'snapd' AND is_active = 1 "
                "AND current IS NOT NULL ORDER BY instance LIMIT 1",
                "");

        if (found == 0)
                *ret = string_copy("");
        return found < 0 ? -1 : 0;
}

static void refuse(Program *program, const char *wanted, const char *why) {
        if (!program->is_refused)
                log_error("the programs of %s %s; those of %s go on", get_trial_name(wanted), why,
                          get_trial_name(program->name));
        program->is_refused = true;
}

static int switch_to(Program *program, int programs, const char *wanted, Error *err) {
        autofree char *path = string_format("%s/pawld", wanted);

        if (read_tries(programs, wanted) >= START_TRIES_MAX) {
                refuse(program, wanted, "failed to start three times");
                return 0;
        }
        if (*wanted && !file_exists_beneath(programs, path)) {
                refuse(program, wanted, "are not there");
                return 0;
        }
        autofree char *starter = string_format("%s/pawl-start", program->host);
        if (access(starter, X_OK) < 0) {
                refuse(program, wanted, "cannot be started: there is no pawl-start");
                return 0;
        }
        const char *refused = getenv(START_REFUSED_VARIABLE);
        if (refused && string_equal(refused, get_trial_name(wanted))) {
                refuse(program, wanted, "cannot be tried, as nobody could count how often");
                return 0;
        }
        if (begin_trial(program, programs, wanted, err) >= 0)
                return 1;
        /* No space for a link, say: no reason for a machine to be without a pawld. */
        refuse(program, wanted, err->message);
        return 0;
}

int program_settle(Program *program, Database *database, bool is_ready, Error *err) {
        autofree char *wanted = NULL;
        Error absent = ERROR_INIT;

        if (find_wanted(database, &wanted, err) < 0)
                return -1;
        autofd int programs = open_programs(program, &absent);
        if (programs < 0) {
                /* Never unpacked anything: the machine's own are the only ones. */
                if (*wanted)
                        refuse(program, wanted, "are not there");
                return 0;
        }
        if (!string_equal(wanted, program->name))
                return switch_to(program, programs, wanted, err);
        program->is_refused = false;
        return is_ready ? end_trial(program, programs, err) : 0;
}

int program_check_only(Database *database, const char *instance, Error *err) {
        autofree char *other = NULL;
        int found = database_find_text(database, &other, err,
                                       "SELECT instance FROM snap WHERE type = 'snapd' AND "
                                       "instance <> ? LIMIT 1",
                                       "s", instance);

        if (found > 0)
                return error_set(
                        err, ERROR_BAD_REQUEST,
                        "the daemon's own package is snap \"%s\" already; remove it before "
                        "\"%.60s\" is installed",
                        other, instance);
        return found;
}

/* ── unpacking ── */

static int unpack_one(int directory, int image, const char *name, Error *err) {
        autofree char *path = string_format("%s/%s", PACKAGE_DIRECTORY, name);
        autofd int file = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);

        if (file < 0)
                return error_set_errno(err, errno, "cannot make %s", name);
        if (image_copy_file(image, path, file, err) < 0)
                return -1;
        if (fchmod(file, 0755) < 0)
                return error_set_errno(err, errno, "cannot set the mode of %s", name);
        return fd_sync(file, name, err);
}

/* A package made before there was one does without: its daemon shows hooks none either. */
static void unpack_if_there(int directory, int image, const char *name) {
        Error err = ERROR_INIT;

        if (unpack_one(directory, image, name, &err) == 0)
                return;
        log_warning("%s", err.message);
        (void)unlinkat(directory, name, 0);
}

static int unpack_all(int directory, int image, Error *err) {
        if (unpack_one(directory, image, "pawld", err) < 0)
                return -1;
        for (int i = 0; i < HELPER_PROGRAM_COUNT; i++)
                if (unpack_one(directory, image, helper_get_name((HelperProgram)i), err) < 0)
                        return -1;
        unpack_if_there(directory, image, "snapctl");
        return fd_sync(directory, "the programs", err);
}

int program_unpack(const Places *places, int image, const char *name, Error *err) {
        autofree char *fresh = string_format(".%s.new", name);
        autofd int programs = directory_make_beneath(places->root_fd, START_DIRECTORY, 0755, err);

        if (programs < 0 || tree_remove(programs, fresh, err) < 0)
                return -1;
        autofd int directory = directory_make_beneath(programs, fresh, 0755, err);
        if (directory < 0 || unpack_all(directory, image, err) < 0)
                return -1;
        if (tree_remove(programs, name, err) < 0)
                return -1;
        if (renameat(programs, fresh, programs, name) < 0)
                return error_set_errno(err, errno, "cannot put the programs of %s into place",
                                       name);
        return fd_sync(programs, START_DIRECTORY, err);
}

/* ── leftovers ── */

static bool is_target(int programs, const char *link, const char *entry) {
        autofree char *target = read_target(programs, link);

        return string_equal(entry, target);
}

static int is_kept(const Program *program, int programs, Database *database, const char *entry,
                   Error *err) {
        static const char *const OURS[] = { START_CURRENT, START_PREVIOUS, START_TRIAL };
        int64_t one;

        for (size_t i = 0; i < ARRAY_COUNT(OURS); i++)
                if (string_equal(entry, OURS[i]))
                        return 1;
        if (string_equal(entry, program->name) || is_target(programs, START_CURRENT, entry))
                return 1;
        /* What a trial goes back to, whatever became of its row. */
        if (file_exists_beneath(programs, START_TRIAL) &&
            is_target(programs, START_PREVIOUS, entry))
                return 1;
        return database_find_int(database, &one, err,
                                 "SELECT 1 FROM revision r JOIN snap s ON s.instance = r.instance "
                                 "WHERE s.type = 'snapd' AND r.instance || '_' || r.revision = ?",
                                 "s", entry);
}

int program_sweep(const Program *program, const Places *places, Database *database, Error *err) {
        int fd =
                file_open_beneath(places->root_fd, START_DIRECTORY, O_RDONLY | O_DIRECTORY, 0, err);
        DIR *entries = fd < 0 ? NULL : fdopendir(fd);
        int kept = 0, removed = 0;

        if (!entries)
                return err->number == ENOENT ? 0 : -1;
        for (struct dirent *entry; kept >= 0 && (entry = readdir(entries));) {
                if (string_equal(entry->d_name, ".") || string_equal(entry->d_name, ".."))
                        continue;
                kept = is_kept(program, fd, database, entry->d_name, err);
                if (kept == 0 && tree_remove(fd, entry->d_name, err) < 0)
                        kept = -1;
                removed += kept == 0;
        }
        (void)closedir(entries);
        return kept < 0 ? -1 : removed;
}
