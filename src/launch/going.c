/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/going.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#define DIRECTORY  "run/pawl/going"
#define PAUSE_US   500
#define END_MS_MAX 1000 /* for a process that was killed */

static int open_directory(const char *root, Error *err) {
        autofree char *top = string_format("%s/", root);
        autofd int directory = directory_open(top, err);

        return directory < 0 ? -1 : directory_make_beneath(directory, DIRECTORY, 0700, err);
}

int going_open(const char *root, uid_t uid, Error *err) {
        autofree char *name = string_format("%u", uid);
        autofd int directory = open_directory(root, err);

        if (directory < 0)
                return -1;
        autofd int file =
                file_open_beneath(directory, name, O_RDONLY | O_CREAT | O_NOFOLLOW, 0600, err);
        if (file < 0)
                return -1;
        if (flock(file, LOCK_SH | LOCK_NB) < 0)
                return error_set_errno(err, errno, "another launch of uid %u locked %s", uid,
                                       DIRECTORY);
        return take_fd(file);
}

/* ── who does not come to an end ── */

static bool has_file_open(int process, const struct stat *file) {
        int fds = openat(process, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory = fds < 0 ? NULL : fdopendir(fds);
        struct dirent *entry;
        bool is_found = false;

        if (!directory)
                return false;
        while (!is_found && (entry = readdir(directory))) {
                struct stat status;

                is_found = entry->d_name[0] != '.' &&
                           fstatat(dirfd(directory), entry->d_name, &status, 0) == 0 &&
                           status.st_dev == file->st_dev && status.st_ino == file->st_ino;
        }
        (void)closedir(directory);
        return is_found;
}

/* A descriptor can be passed on: one that somebody else was given is no reason to end him. */
static bool is_holder(int process, const struct stat *file, uid_t uid) {
        struct stat owner;

        return fstat(process, &owner) == 0 && owner.st_uid == uid && has_file_open(process, file);
}

/* The file is open here too, to be looked at. */
static bool is_self(const char *pid) {
        Error unused = ERROR_INIT;
        uint64_t number = 0;

        return string_parse_u64(pid, INT32_MAX, &number, &unused) == 0 && (pid_t)number == getpid();
}

static int kill_holders(const struct stat *file, uid_t uid) {
        DIR *all = opendir("/proc");
        struct dirent *entry;
        int count = 0;

        while (all && (entry = readdir(all))) {
                if (!isdigit((unsigned char)entry->d_name[0]))
                        continue;
                autofd int process =
                        openat(dirfd(all), entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (process < 0 || is_self(entry->d_name) || !is_holder(process, file, uid))
                        continue;
                log_warning("process %s was told to start a program by an earlier pawld and did "
                            "not come to it: ended",
                            entry->d_name);
                /* By the descriptor that was looked through: its number may be another's by now. */
                count += syscall(SYS_pidfd_send_signal, process, SIGKILL, NULL, 0) == 0;
        }
        if (all)
                (void)closedir(all);
        return count;
}

/* ── waiting ── */

static bool is_free(int file) {
        if (flock(file, LOCK_EX | LOCK_NB) < 0)
                return false;
        (void)flock(file, LOCK_UN);
        return true;
}

static bool wait_until(int file, int64_t deadline) {
        while (!is_free(file)) {
                if (clock_get_boot() >= deadline)
                        return false;
                (void)usleep(PAUSE_US);
        }
        return true;
}

static int wait_for_file(int directory, const char *name, int64_t deadline, Error *err) {
        struct stat status;
        uint64_t uid = 0;
        autofd int file = file_open_beneath(directory, name, O_RDONLY | O_NOFOLLOW, 0, err);

        if (file < 0 || wait_until(file, deadline))
                return file < 0 ? -1 : 0;
        if (fstat(file, &status) < 0 || string_parse_u64(name, UINT32_MAX, &uid, err) < 0)
                return error_prefix(err, "cannot look at %s/%s", DIRECTORY, name);
        int count = kill_holders(&status, (uid_t)uid);
        /* What is left now is a descriptor that was passed to another uid or lies in a socket: no
         * launcher of ours, and it starts nothing. */
        if (!wait_until(file, clock_get_boot() + END_MS_MAX * INT64_C(1000000)))
                log_warning("%s/%s stays locked by nobody who could start a program", DIRECTORY,
                            name);
        return count;
}

int going_wait(const char *root, unsigned bound_ms, Error *err) {
        int64_t deadline = clock_get_boot() + bound_ms * INT64_C(1000000);
        autofd int place = open_directory(root, err);
        int count = 0, last = 0;

        if (place < 0)
                return -1;
        DIR *directory = fdopendir(fcntl(place, F_DUPFD_CLOEXEC, 3));
        if (!directory)
                return error_set_errno(err, errno, "cannot read %s", DIRECTORY);
        for (struct dirent *entry; last >= 0 && (entry = readdir(directory));) {
                if (entry->d_name[0] == '.')
                        continue;
                last = wait_for_file(place, entry->d_name, deadline, err);
                count += last > 0 ? last : 0;
        }
        (void)closedir(directory);
        return last < 0 ? -1 : count;
}
