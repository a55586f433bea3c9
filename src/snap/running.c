/* SPDX-License-Identifier: Apache-2.0 */
#include "snap/running.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"

#define PID_SHOWN_MAX 20
#define LET_GO_NS     1000000000LL
#define LET_GO_POLL   5000000L

bool running_counts(const char *type) {
        return string_equal(type, "app");
}

/* Does any descriptor of that process lead into `directory`? */
static bool has_descriptor_in(const char *pid, const char *directory) {
        autofree char *path = string_format("/proc/%s/fd", pid);
        DIR *entries = opendir(path);
        size_t length = strlen(directory);
        bool is_found = false;

        for (struct dirent *entry; entries && !is_found && (entry = readdir(entries));) {
                char target[512];
                ssize_t count =
                        readlinkat(dirfd(entries), entry->d_name, target, sizeof(target) - 1);
                if (count < 0)
                        continue;
                target[count] = '\0';
                is_found = strncmp(target, directory, length) == 0 && target[length] == '/';
        }
        if (entries)
                (void)closedir(entries);
        return is_found;
}

size_t running_list(const Places *places, const char *instance, const char *revision,
                    pid_t ret[RUNNING_PID_COUNT_MAX]) {
        autofree char *path = string_format("run/pawl/lease/%s/%s", instance, revision);
        autofree char *directory = places_format_path(places, path);
        DIR *processes = opendir("/proc");
        size_t count = 0;

        for (struct dirent *entry; processes && (entry = readdir(processes));) {
                uint64_t pid = 0;
                Error ignored;
                if (count == RUNNING_PID_COUNT_MAX ||
                    string_parse_u64(entry->d_name, INT32_MAX, &pid, &ignored) < 0 ||
                    !has_descriptor_in(entry->d_name, directory))
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
