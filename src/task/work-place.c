/* SPDX-License-Identifier: Apache-2.0 */
#include "task/work-place.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"

#define LOCK_FILE     "work.lock"
#define CGROUP_FILE   "work.cgroup"
#define CGROUP_PREFIX "pawl-work."
#define FRESH_SECONDS 60
#define PROC_SIZE_MAX (1024 * 1024)
#define END_LIMIT_NS  10000000000LL
/* In the loop: everybody waits so long. */
#define LEAVE_LIMIT_NS 300000000LL
#define END_POLL_NS    2000000L

static void pause_shortly(void) {
        const struct timespec time = { .tv_nsec = END_POLL_NS };

        (void)nanosleep(&time, NULL);
}

static int read_path(const char *path, char **ret, Error *err) {
        autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
        size_t length;

        if (fd < 0)
                return error_set_errno(err, errno, "cannot open %s", path);
        return file_read_all(fd, PROC_SIZE_MAX, ret, &length, err);
}

/* The mount point of cgroup v2; on a hybrid machine that is not /sys/fs/cgroup itself. */
static char *find_cgroup_mount(void) {
        autofree char *mounts = NULL;
        char *rest = NULL;
        Error ignored;

        if (read_path("/proc/self/mounts", &mounts, &ignored) < 0)
                return NULL;
        for (char *line = strtok_r(mounts, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                char *fields = NULL;
                (void)strtok_r(line, " ", &fields);
                char *where = strtok_r(NULL, " ", &fields), *type = strtok_r(NULL, " ", &fields);
                if (where && type && string_equal(type, "cgroup2"))
                        return string_copy(where);
        }
        return NULL;
}

static char *find_own_cgroup(void) {
        autofree char *text = NULL;
        autofree char *mount = find_cgroup_mount();
        char *rest = NULL;
        Error ignored;

        if (!mount || read_path("/proc/self/cgroup", &text, &ignored) < 0)
                return NULL;
        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
                if (string_has_prefix(line, "0::/"))
                        return string_format("%s%s", mount, line[4] ? line + strlen("0::") : "");
        return NULL;
}

static bool is_populated(int cgroup) {
        autofd int fd = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);
        char text[128] = "";

        return fd >= 0 && read(fd, text, sizeof(text) - 1) > 0 && strstr(text, "populated 1");
}

static void end_cgroup(int cgroup, int64_t limit_ns) {
        int64_t limit = clock_get_boot() + limit_ns;
        autofd int fd = openat(cgroup, "cgroup.kill", O_WRONLY | O_CLOEXEC);

        if (fd >= 0)
                (void)!write(fd, "1", 1);
        while (is_populated(cgroup) && clock_get_boot() < limit)
                pause_shortly();
}

/* Launches as root have one of their own below (launcher/devices.c), left where they were killed.
 */
static void remove_below(const char *path) {
        DIR *directory = opendir(path);
        const struct dirent *entry;

        while (directory && (entry = readdir(directory)))
                if (string_has_prefix(entry->d_name, "pawl-run."))
                        (void)unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR);
        if (directory)
                (void)closedir(directory);
}

/* To the group above, ours: they are killed, but sleep in a file system that does not answer.  The
 * group can go then, and nobody waits for them a second time. */
static void move_out(const char *path) {
        autofree char *list = string_format("%s/cgroup.procs", path);
        autofree char *above = string_format("%s/../cgroup.procs", path);
        autofree char *pids = NULL;
        autofd int target = open(above, O_WRONLY | O_CLOEXEC);
        char *rest = NULL;
        Error ignored;

        if (target < 0 || read_path(list, &pids, &ignored) < 0)
                return;
        for (char *pid = strtok_r(pids, "\n", &rest); pid; pid = strtok_r(NULL, "\n", &rest)) {
                log_info("process %s was killed and does not end: it waits in the kernel", pid);
                (void)!write(target, pid, strlen(pid));
        }
        (void)rmdir(path);
}

static void remove_cgroup(const char *path, int64_t limit_ns) {
        autofd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return;
        end_cgroup(fd, limit_ns);
        remove_below(path);
        if (rmdir(path) < 0 && errno == EBUSY)
                move_out(path);
}

static void end_earlier_cgroup(int run) {
        autofd int fd = openat(run, CGROUP_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        autofree char *path = NULL;
        size_t length;
        Error ignored;

        /* Only what has our name, whatever the file says. */
        if (fd >= 0 && file_read_all(fd, PATH_MAX, &path, &length, &ignored) == 0 &&
            strstr(path, "/" CGROUP_PREFIX))
                remove_cgroup(path, END_LIMIT_NS);
}

/* Made by a daemon that is about to put a worker in, when it is this young. */
static bool is_fresh(int parent, const char *name, int64_t seconds) {
        struct timespec now;
        struct stat status;

        if (fstatat(parent, name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
            clock_gettime(CLOCK_REALTIME, &now) < 0)
                return true;
        return llabs((long long)now.tv_sec - (long long)status.st_ctim.tv_sec) < seconds;
}

void work_place_sweep(const char *parent, int64_t fresh_seconds) {
        int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
        struct dirent *entry;

        if (!directory) {
                own_close_(&fd);
                return;
        }
        /* The kernel removes no group that has a process in it. */
        while ((entry = readdir(directory)))
                if (string_has_prefix(entry->d_name, CGROUP_PREFIX) &&
                    !is_fresh(dirfd(directory), entry->d_name, fresh_seconds))
                        (void)unlinkat(dirfd(directory), entry->d_name, AT_REMOVEDIR);
        (void)closedir(directory);
}

/* Where the cgroup will be, NULL: nowhere.  Named in the file before it can exist, so that the next
 * daemon finds it. */
static char *name_cgroup(int run) {
        autofree char *own = find_own_cgroup();
        struct stat status;
        Error ignored;

        if (!own || fstat(run, &status) < 0 || access(own, W_OK) < 0)
                return NULL;
        autofree char *path =
                string_format("%s/" CGROUP_PREFIX "%llx-%llx", own,
                              (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
        work_place_sweep(own, FRESH_SECONDS);
        if (file_write_atomic(run, CGROUP_FILE, path, strlen(path), 0600, &ignored) < 0)
                return NULL;
        return take(path);
}

int work_place_enter(WorkPlace *place) {
        if (place->cgroup_fd >= 0 || !place->cgroup)
                return place->cgroup_fd;
        if (mkdir(place->cgroup, 0755) < 0 && errno != EEXIST)
                return -1;
        place->cgroup_fd = open(place->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return place->cgroup_fd;
}

static bool holds_file(int proc, const char *pid, const struct stat *file) {
        autofree char *path = string_format("%s/fd", pid);
        int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
        bool is_held = false;
        struct dirent *entry;
        struct statx status;

        if (!directory) {
                own_close_(&fd);
                return false;
        }
        while (!is_held && (entry = readdir(directory)))
                /* Not stat(2): a stranger's file system that does not answer would hold up a start.
                 */
                is_held = statx(dirfd(directory), entry->d_name, AT_STATX_DONT_SYNC,
                                STATX_INO | STATX_TYPE, &status) == 0 &&
                          makedev(status.stx_dev_major, status.stx_dev_minor) == file->st_dev &&
                          status.stx_ino == file->st_ino && S_ISREG(status.stx_mode);
        (void)closedir(directory);
        return is_held;
}

static void kill_holders(int lock) {
        autofd int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int copy = proc >= 0 ? fcntl(proc, F_DUPFD_CLOEXEC, 3) : -1;
        DIR *directory = copy >= 0 ? fdopendir(copy) : NULL;
        struct dirent *entry;
        struct stat file;
        uint64_t pid;
        Error ignored;

        if (!directory || fstat(lock, &file) < 0) {
                own_close_(&copy);
                return;
        }
        while ((entry = readdir(directory)))
                if (string_parse_u64(entry->d_name, INT32_MAX, &pid, &ignored) == 0 &&
                    (pid_t)pid != getpid() && holds_file(proc, entry->d_name, &file)) {
                        log_info("ending process %s, left by a worker", entry->d_name);
                        (void)kill((pid_t)pid, SIGKILL);
                }
        (void)closedir(directory);
}

void work_place_leave(WorkPlace *place) {
        own_close_(&place->cgroup_fd);
        place->cgroup_fd = -1;
        /* Busy: something that a worker started has outlived it. */
        if (place->cgroup && rmdir(place->cgroup) < 0 && errno == EBUSY)
                remove_cgroup(place->cgroup, LEAVE_LIMIT_NS);
}

static int take_lock(int lock, Error *err) {
        int64_t limit = clock_get_boot() + END_LIMIT_NS;

        while (flock(lock, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return error_set_errno(err, errno, "cannot lock %s", LOCK_FILE);
                if (clock_get_boot() > limit)
                        return error_set(err, ERROR_BUSY,
                                         "a worker of an earlier daemon does not end");
                kill_holders(lock);
                pause_shortly();
        }
        return 0;
}

int work_place_open(const char *run_directory, WorkPlace *ret, Error *err) {
        autofd int run = directory_open(run_directory, err);

        if (run < 0)
                return -1;
        autofd int lock = openat(run, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (lock < 0)
                return error_set_errno(err, errno, "cannot open %s/%s", run_directory, LOCK_FILE);
        end_earlier_cgroup(run);
        if (take_lock(lock, err) < 0)
                return -1;
        *ret = WORK_PLACE_INIT;
        ret->lock_fd = take_fd(lock);
        ret->cgroup = name_cgroup(run);
        /* Without one, children of a worker that dies come to us, as long as we live. */
        if (!ret->cgroup)
                (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
        return 0;
}

void work_place_done(WorkPlace *place) {
        if (place->cgroup)
                remove_cgroup(place->cgroup, END_LIMIT_NS);
        else if (place->lock_fd >= 0)
                kill_holders(place->lock_fd);
        free(place->cgroup);
        own_close_(&place->cgroup_fd);
        own_close_(&place->lock_fd);
        *place = WORK_PLACE_INIT;
}
