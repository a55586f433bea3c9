/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/running.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

#define PID_SHOWN_MAX 20
#define LET_GO_NS     1000000000LL
#define LET_GO_POLL   5000000L

bool running_counts(const char *type) {
        return string_equal(type, "app");
}

/* What follows "lease/" where three components do: INSTANCE/REVISION/UID.  NULL: something else. */
static const char *find_name(const char *path) {
        const char *name = path + strlen(path);

        for (int slashes = 0; name > path; name--)
                if (name[-1] == '/' && ++slashes == 3)
                        break;
        size_t before = (size_t)(name - path), length = strlen("/lease/");
        return before >= length && strncmp(name - length, "/lease/", length) == 0 ? name : NULL;
}

/* Neither asks a file system that may not answer. */
static bool is_same_file(int fds, const char *fd, int root, const char *path) {
        struct statx held, lease;

        return statx(root, path, AT_SYMLINK_NOFOLLOW | AT_STATX_DONT_SYNC, STATX_INO, &lease) ==
                       0 &&
               statx(fds, fd, AT_STATX_DONT_SYNC, STATX_INO, &held) == 0 &&
               held.stx_ino == lease.stx_ino && held.stx_dev_major == lease.stx_dev_major &&
               held.stx_dev_minor == lease.stx_dev_minor;
}

/* A lease was opened in the mount namespace of a daemon that may have ended since: what the kernel
 * then calls it begins at a mount that is nowhere any more.  So the end of the name says which one
 * it may be, and the file itself whether it is. */
bool running_find_lease(const Places *places, int fds, const char *fd, char *ret, size_t size) {
        char target[512];
        ssize_t count = readlinkat(fds, fd, target, sizeof(target) - 1);

        if (count < 0)
                return false;
        target[count] = '\0';
        const char *name = find_name(target);
        if (!name)
                return false;
        autofree char *path = string_format("run/pawl/lease/%s", name);
        if (!is_same_file(fds, fd, places->root_fd, path))
                return false;
        (void)snprintf(ret, size, "%s", name);
        return true;
}

/* Does any descriptor of that process lead into `revision`, "INSTANCE/REVISION/"? */
static bool has_lease_of(const Places *places, const char *pid, const char *revision) {
        autofree char *path = string_format("/proc/%s/fd", pid);
        DIR *entries = opendir(path);
        bool is_found = false;

        for (struct dirent *entry; entries && !is_found && (entry = readdir(entries));) {
                char lease[512];
                is_found = running_find_lease(places, dirfd(entries), entry->d_name, lease,
                                              sizeof(lease)) &&
                           string_has_prefix(lease, revision);
        }
        if (entries)
                (void)closedir(entries);
        return is_found;
}

size_t running_list(const Places *places, const char *instance, const char *revision,
                    pid_t ret[RUNNING_PID_COUNT_MAX]) {
        autofree char *prefix = string_format("%s/%s/", instance, revision);
        DIR *processes = opendir("/proc");
        size_t count = 0;

        for (struct dirent *entry; processes && (entry = readdir(processes));) {
                uint64_t pid = 0;
                Error ignored;
                if (count == RUNNING_PID_COUNT_MAX ||
                    string_parse_u64(entry->d_name, INT32_MAX, &pid, &ignored) < 0 ||
                    !has_lease_of(places, entry->d_name, prefix))
                        continue;
                ret[count++] = (pid_t)pid;
        }
        if (processes)
                (void)closedir(processes);
        return count;
}

char *running_format(const Places *places, const char *instance, const char *revision) {
        pid_t pids[RUNNING_PID_COUNT_MAX];
        size_t count = running_list(places, instance, revision, pids);
        autotext text = TEXT_INIT;

        for (size_t i = 0; i < count && i < PID_SHOWN_MAX; i++)
                text_append_format(&text, "%s%d", i ? "," : ", pids: ", (int)pids[i]);
        return text.length ? text_take(&text) : string_copy("");
}

bool running_has_ended(const Places *places, const char *instance, const char *revision) {
        int64_t limit = clock_get_boot() + LET_GO_NS;

        while (places_has_lease(places, instance, revision)) {
                if (clock_get_boot() >= limit)
                        return false;
                (void)nanosleep(&(struct timespec){ .tv_nsec = LET_GO_POLL }, NULL);
        }
        return true;
}

int running_explain(const Places *places, const char *instance, const char *revision, Error *err) {
        autofree char *pids = running_format(places, instance, revision);

        return error_set(err, ERROR_BUSY, "snap \"%s\" has running apps%s", instance, pids);
}
